"""The JSON text in a model file: everything about a model but its tensors.

Reading it takes nothing for granted: each value is checked for its type and its bounds.
"""

import json
import math

from lwnn.data import Column, Recipe
from lwnn.errors import ModelFileError, UsageError
from lwnn.network import MAX_LAYERS, MAX_UNITS, Network
from lwnn.scoring import READOUTS, Response

#: Raised when a file of an older lwnn can no longer be read, or an older lwnn would read a new
#: file wrongly. Keys that are not known are ignored.
FORMAT_VERSION = 1


def write(model, **more):
    """Return the text for a model: compact JSON in ASCII, keys sorted.

    Parameters
    ----------
    model : Model or QuantizedModel
    **more
        Entries that this kind of model has besides.
    """
    network = model.network
    entries = {
        "format_version": FORMAT_VERSION,
        "network": {
            "kind": network.kind,
            "inputs": network.inputs,
            "hidden": list(network.hidden),
            "classes": network.classes,
            "activation": network.activation,
            "cost": network.cost,
            "output": network.output,
            "label_scale": network.label_scale,
            "goodness": network.goodness,
            "embed": network.embed,
            "level": network.level,
            "head_layers": network.head_layers,
            "timesteps": network.timesteps,
        },
        "labels": list(model.labels),
        "features": list(model.features),
        "target": model.target,
        "named": model.named,
        "readout": model.readout,
        "provenance": model.provenance,
        "response": model.response and model.response._asdict(),
        "columns": _described(model.recipe),
        **more,
    }
    return json.dumps(entries, sort_keys=True, separators=(",", ":"), allow_nan=False)


def read(text):
    """Read what `write` wrote, or something that claims to be that.

    Parameters
    ----------
    text : str

    Returns
    -------
    entries : dict
        All entries of the text, unchecked.
    fields : dict
        What every model has, checked: network, labels, features, target, named, readout,
        provenance, response, recipe.

    Raises
    ------
    ModelFileError
        With the problem only; the caller knows the file.
    """
    entries = _parse(text)
    version = _take(entries, "format_version", int)
    if version < 1:
        raise _wrong("format_version")
    if version > FORMAT_VERSION:
        raise ModelFileError("was made by a newer lwnn than this one; upgrade lwnn")
    network = _network(_take(entries, "network", dict))
    features = _names(entries, "features", network.inputs)
    named = _take(entries, "named", bool)
    return entries, {
        "network": network,
        "labels": _names(entries, "labels", network.classes if network.classes > 1 else 0),
        "features": features,
        "target": _target(entries, named, len(features)),
        "named": named,
        "readout": choice(entries, "readout", READOUTS[network.kind]),
        "provenance": _take(entries, "provenance", dict),
        "response": _response(entries) if network.task == "regression" else None,
        "recipe": _recipe(entries, network.inputs),
    }


def positive(entries, key):
    """Return the number above 0 at `key` that float32 holds, as a float."""
    value = _take(entries, key, (int, float))
    try:
        value = float(value)
    except OverflowError:
        value = math.inf
    if not 0 < value <= _LARGEST:
        raise _wrong(key)
    return value


def choice(entries, key, known):
    """Return the text at `key`, one of those that are known."""
    value = _take(entries, key, str)
    if value not in known:
        raise _wrong(key)
    return value


def _wrong(key):
    return ModelFileError(f"its entry {key!r} is missing or wrong")


def _parse(text):
    try:
        entries = json.loads(text, parse_float=_real, parse_constant=_real)
    # ValueError: no JSON, or a number of thousands of digits; the other: too deeply nested.
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, dict):
        raise ModelFileError("its description of the model is not readable")
    return entries


def _real(text):
    """Return a number that JSON has: Python would take infinity too, and write it nowhere."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


def _take(entries, key, kind):
    """Return the value at `key`, which must be of type `kind`; True is not a number here."""
    value = entries.get(key)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _wrong(key)
    return value


def _network(entries):
    # Files from before there was a choice do not have these.
    usual = {"goodness": "squares", "embed": "append", "level": True, "head_layers": "later"}
    entries = {**usual, "timesteps": 1, **entries}
    hidden = _take(entries, "hidden", list)
    if len(hidden) >= MAX_LAYERS:
        raise _wrong("hidden")
    try:
        return Network(
            kind=_take(entries, "kind", str),
            inputs=_width(entries, "inputs"),
            hidden=tuple(_width({"hidden": width}, "hidden") for width in hidden),
            classes=_width(entries, "classes"),
            activation=_take(entries, "activation", str),
            cost=_take(entries, "cost", str),
            output=_take({"output": "", **entries}, "output", str),
            label_scale=positive(entries, "label_scale"),
            goodness=_take(entries, "goodness", str),
            embed=_take(entries, "embed", str),
            level=_take(entries, "level", bool),
            head_layers=_take(entries, "head_layers", str),
            timesteps=_width(entries, "timesteps"),
        )
    except UsageError as error:
        # What follows the semicolon is advice on options of training.
        problem = str(error).partition(";")[0]
        raise ModelFileError(f"its network is impossible: {problem}") from error


def _response(entries):
    response = _take(entries, "response", dict)
    return Response(_finite(response.get("offset"), "offset"), positive(response, "scale"))


def _width(entries, key):
    width = _take(entries, key, int)
    if not 1 <= width <= MAX_UNITS:
        raise _wrong(key)
    return width


def _names(entries, key, count):
    """Return a list of `count` different texts as a tuple."""
    names = _take(entries, key, list)
    if len(names) != count or not all(map(_is_text, names)) or len(set(names)) != count:
        raise _wrong(key)
    return tuple(names)


def _is_text(value):
    """Whether `value` is text that can be written to a file: JSON may spell half a character."""
    return isinstance(value, str) and value == value.encode("utf-8", "ignore").decode()


def _target(entries, named, features):
    target = entries.get("target")
    if target is None:
        return None
    if not _is_text(target):
        raise _wrong("target")
    # Without a header the label column is known by its index.
    is_index = target.isascii() and target.isdigit() and len(target) < 10
    if not named and not (is_index and int(target) <= features):
        raise _wrong("target")
    return target


# ---------------------------------------------------------------- columns of a file

_LARGEST = 3.4028234663852886e38


def _described(recipe):
    """A recipe as JSON; what is usual is left out."""
    if recipe is None:
        return None
    return {"width": recipe.width, "read": [_described_column(c) for c in recipe.columns]}


def _described_column(column):
    entry = {"name": column.name, "place": column.place, "fill": column.fill}
    if column.kind == "category":
        entry["levels"] = list(column.levels)
    if column.indicator:
        entry["indicator"] = True
    if math.isfinite(column.low):
        entry["bounds"] = [column.low, column.high]
    return entry


def _recipe(entries, inputs):
    # Files from before there were recipes do not have it.
    described = entries.get("columns")
    if described is None:
        return None
    if not isinstance(described, dict):
        raise _wrong("columns")
    width = _width(described, "width")
    read = _take(described, "read", list)
    if not 1 <= len(read) <= inputs:
        raise _wrong("read")
    columns = tuple(_column(entry, width) for entry in read)
    places, names = {column.place for column in columns}, {column.name for column in columns}
    recipe = Recipe(columns, width)
    if len(places) < len(columns) or len(names) < len(columns) or recipe.inputs != inputs:
        raise _wrong("columns")
    return recipe


def _column(entry, width):
    if not isinstance(entry, dict):
        raise _wrong("read")
    place = _take(entry, "place", int)
    if not 0 <= place < width:
        raise _wrong("place")
    if not _is_text(entry.get("name")):
        raise _wrong("name")
    levels = entry.get("levels", [None])
    kind = "category" if "levels" in entry else "number"
    if not isinstance(levels, list) or not levels:
        raise _wrong("levels")
    levels = _names(entry, "levels", len(levels)) if kind == "category" else ()
    fill = entry.get("fill")
    fill = fill if fill is None else _finite(fill, "fill")
    indicator = _take({"indicator": False, **entry}, "indicator", bool)
    return Column(entry["name"], place, kind, levels, fill, indicator, *_bounds(entry, kind))


def _bounds(entry, kind):
    if "bounds" not in entry:
        return -math.inf, math.inf
    bounds = entry["bounds"]
    if kind != "number" or not isinstance(bounds, list) or len(bounds) != 2:
        raise _wrong("bounds")
    low, high = (_finite(bound, "bounds") for bound in bounds)
    if low > high:
        raise _wrong("bounds")
    return low, high


def _finite(value, key):
    """Return a number that float32 holds as a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(key)
    if not -_LARGEST <= value <= _LARGEST:
        raise _wrong(key)
    return float(value)

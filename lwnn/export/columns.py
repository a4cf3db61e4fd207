"""From the readings of a row to the inputs of a net: what a model's recipe says, for C.

A reading is a float for each column that the model reads: a number, the index of a category's
level, or not a number where the value is missing. The C clips scaled values instead of readings,
which is the same, as scaling keeps their order; in int8 a bound so takes one byte.
"""

import re
import unicodedata

import numpy as np

from lwnn.export.names import comment
from lwnn.export.program import Array
from lwnn.quantization.inference import quantized

_WIDTH = 100
_MOST_LISTED = 64
_LONGEST = 32
_LARGEST = np.finfo(np.float32).max
#: Signs that tell levels apart, in words.
_SIGNS = {"+": " plus ", "<": " less ", ">": " more ", "=": " equal ", "%": " percent "}


def are_encoded(recipe):
    """Whether readings become inputs by more than scaling."""
    if recipe is None:
        return False
    filled = any(column.fill is not None for column in recipe.columns)
    return filled or recipe.bounds is not None or not recipe.plain


def names(model):
    """Names of the readings of a row."""
    if model.recipe is None:
        return model.features
    return tuple(column.name for column in model.recipe.columns)


def readings(model, x, gaps=None):
    """Rows as the C takes them.

    Parameters
    ----------
    model : Model or QuantizedModel
    x : ndarray of float32 or uint8, shape (n, inputs)
        Features.
    gaps : dict of int to ndarray of int64, optional
        By feature: the rows that hold a stand-in, as `lwnn.data.Dataset.gaps`.

    Returns
    -------
    ndarray of float32 or uint8, shape (n, len(names(model)))
    """
    return x if model.recipe is None else model.recipe.readings(x, gaps or {})


# ---------------------------------------------------------------- constants


def limits(recipe):
    """Least and greatest value of every input, and what a missing one becomes.

    Returns
    -------
    ndarray, shape (3, inputs), float32
        Finite, but for what a missing number becomes where nothing stands in for it. The input of
        a level, or of whether a value is missing, has 0 and 1.
    """
    found = np.tile(np.float32([[0], [1], [np.nan]]), (1, recipe.inputs))
    for _, column, start in recipe.numbers():
        fill = np.nan if column.fill is None else np.clip(column.fill, column.low, column.high)
        found[:, start] = (*np.clip([column.low, column.high], -_LARGEST, _LARGEST), fill)
    return found


def int8_arrays(model):
    """Constants from which ``lwnn_columns.h`` makes the inputs of an int8 net."""
    numbers = _places_of_numbers(model.recipe)
    low, high, fill = quantized(model.tensors, limits(model.recipe))
    # A multiplier below 0 turns the order round.
    pair = np.sort([low[numbers], high[numbers]], axis=0)
    low[numbers], high[numbers] = pair
    scaler = {part: model.tensors[f"input.{part}"] for part in ("offset", "multiplier")}
    return _arrays(model.recipe, scaler, "int8_t", low, high, fill)


def float_arrays(model):
    """Constants from which ``lwnn_float_columns.h`` makes the inputs of a float net."""
    with np.errstate(over="ignore"):
        scaled = (limits(model.recipe) - model.offset) * model.scale
    low, high, fill = np.clip(np.nan_to_num(scaled), -model.clip, model.clip).astype(np.float32)
    scaler = {"offset": model.offset, "scale": model.scale}
    return _arrays(model.recipe, scaler, "float", low, high, fill)


def _places_of_numbers(recipe):
    return [start for _, _, start in recipe.numbers()]


def _arrays(recipe, scaler, ctype, low, high, fill):
    numbers = _places_of_numbers(recipe)
    found = []
    if not recipe.plain:
        kinds = [2 * len(column.levels) + column.indicator for column in recipe.columns]
        found.append(Array("input_columns", "int32_t", np.int32(kinds)))
    if numbers:
        found += [Array(f"input_{name}", "float", part[numbers]) for name, part in scaler.items()]
        found.append(Array("input_fill", ctype, fill[numbers]))
    return [*found, Array("input_low", ctype, low), Array("input_high", ctype, high)]


def declaration(ctype, arrays, scale, recipe, *more):
    """C of the constant that holds all of them together."""
    found = {array.name for array in arrays}
    parts = ("columns", "offset", scale, "low", "high", "fill")
    pointers = [f"@input_{part}" if f"input_{part}" in found else "0" for part in parts]
    values = ", ".join(map(str, [*pointers, len(recipe.columns), *more]))
    return f"static const {ctype} @columns LWNN_FLASH = {{\n    {values}}};"


# ---------------------------------------------------------------- words for the header


def described(model):
    """Lines of a comment that list the readings of a row."""
    shown = names(model)
    lines = [_listed(n, name) for n, name in enumerate(shown[:_MOST_LISTED])]
    if len(shown) > len(lines):
        lines.append(_listed(f"... [{len(shown) - 1}]", shown[-1]))
    if are_encoded(model.recipe) and any(c.fill is not None for c in model.recipe.columns):
        lines += [" *", " * A value that is missing is NAN."]
    return "\n".join(lines)


def _listed(place, name):
    place = place if isinstance(place, str) else f"[{place}]"
    return f" *     {place} {comment(name)}"[:_WIDTH].rstrip("\\")


def levels(model, prefix):
    """C: a constant for each level of each category, its index."""
    if model.recipe is None:
        return ""
    taken = set()
    parts = [
        _enumerated(place, column, prefix, taken)
        for place, column in enumerate(model.recipe.columns)
        if column.kind == "category"
    ]
    return "".join(parts)


def _enumerated(place, column, prefix, taken):
    start = f"{prefix}_{_words(column.name) or f'COLUMN{place}'}"
    lines = []
    for index, level in enumerate(column.levels):
        name = f"{start}_{_words(level) or f'LEVEL{index}'}"
        while name in taken:
            name += f"_{index}"
        taken.add(name)
        comma = "," if index + 1 < len(column.levels) else ""
        lines.append(f"    {name} = {index}{comma} /* {comment(level)[:_LONGEST]} */\n")
    about = f"Levels of features[{place}], {comment(column.name)}"[: _WIDTH - 40]
    return f"\n/* {about}; any other is -1. */\nenum {{\n{''.join(lines)}}};\n"


def _words(text):
    """`text` as a part of a name in capitals, perhaps empty."""
    text = re.sub(r"^-(?=[0-9])", "minus ", text)
    text = "".join(_SIGNS.get(c, c) for c in unicodedata.normalize("NFKD", text))
    text = text.encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:_LONGEST].rstrip("_").upper()

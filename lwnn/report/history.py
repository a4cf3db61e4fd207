"""What ``lwnn train --log`` wrote, read back: nothing in it is taken for granted."""

import json
import math

from lwnn.errors import DataError

#: Bytes and epochs beyond which it is no log of a training run.
_LARGEST, _MOST = 1 << 28, 1_000_000
_NUMBERS = ("loss", "validation_accuracy", "validation_r2")
_OF_LAYERS = ("positive", "negative")


def read(path):
    """Return what a log says of each epoch, as in `lwnn.training.Run.history`.

    Parameters
    ----------
    path : Path
        A line of JSON for each epoch.

    Returns
    -------
    tuple of dict

    Raises
    ------
    DataError
        When it is no such file.
    """
    found = []
    try:
        if path.stat().st_size > _LARGEST:
            _refuse(path, None, "is too long for a log of training")
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if line.strip() and not (entry := _entry(path, number, line))["refit"]:
                    found.append(entry)
    except UnicodeDecodeError:
        _refuse(path, None, "is no text")
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot be read: {reason}", path=path) from error
    if not found:
        _refuse(path, None, "tells of no epoch")
    return tuple(found)


def _entry(path, number, line):
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        _refuse(path, number, "is no JSON")
    epoch = told.get("epoch") if isinstance(told, dict) else None
    if type(epoch) is not int or not 0 < epoch <= _MOST:
        _refuse(path, number, "tells no epoch")
    layers = told.get("layers")
    return {
        "epoch": epoch,
        "refit": told.get("refit") is True,
        **{name: _number(told.get(name)) for name in _NUMBERS},
        "layers": [_layer(one) for one in layers if _is_layer(one)]
        if isinstance(layers, list)
        else [],
    }


def _is_layer(one):
    return isinstance(one, dict) and type(one.get("layer")) is int and 0 < one["layer"] <= _MOST


def _layer(one):
    return {"layer": one["layer"], **{name: _number(one.get(name)) for name in _OF_LAYERS}}


def _number(value):
    """A number that can be drawn, or None."""
    if type(value) not in (int, float) or abs(value) > 1e300 or not math.isfinite(value):
        return None
    return float(value)


def _refuse(path, line, problem):
    remedy = "give what lwnn train --log wrote"
    raise DataError(problem, path=path, line=line, remedy=remedy)

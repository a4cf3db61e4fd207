"""What counts as a number in a text file, and what is wrong with a field that is none."""

import math

import numpy as np

_MISSING = {"", "?", "na", "n/a", "nan", "-nan", "+nan", "null"}
_SHOWN = 40
_LARGEST = float(np.finfo(np.float32).max)


def parse(text):
    """Return the float that `text` spells, or None; as strict as `numpy.loadtxt`."""
    if not text.isascii() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def is_missing(text):
    """Tell whether a field stands for "no value": empty, ``?``, ``NA``, ``nan``, ``null``."""
    return text.strip().lower() in _MISSING


def decimal_comma(text):
    """Tell whether `text` is a number but for its decimal comma."""
    return text.count(",") == 1 and parse(text.replace(",", ".")) is not None


def shown(text):
    """Return `text` quoted for a message, shortened where it is long."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def plain(text):
    """Return `text` without quotes where it is short and harmless on a terminal."""
    return text if text.isprintable() and len(text) <= _SHOWN else shown(text)


def undecodable(text):
    """Say where `text` (decoded with surrogateescape) is not UTF-8 text, or return None."""
    for character in text if not text.isascii() else ():
        if 0xDC80 <= ord(character) <= 0xDCFF:
            return f"byte 0x{ord(character) - 0xDC00:02x} is not UTF-8; save the file as UTF-8"
    if "\0" in text:
        return "a NUL byte is not text; save the file as UTF-8 text"
    return None


def problem_with(text):
    """Say why a field is no finite float32, with what to do, or return None.

    Returns
    -------
    tuple of (str, str or None), or None
        The problem, and a remedy where the field itself suggests one.
    """
    if is_missing(text):
        found = "" if not text.strip() else f" ({text.strip()})"
        return f"missing value{found}", "fill in or remove the row; lwnn takes numbers only"
    if problem := undecodable(text):
        return problem, ""
    value = parse(text)
    if value is None:
        remedy = "write decimals with a point" if decimal_comma(text) else None
        return f"{shown(text)} is not a number", remedy
    if math.isinf(value):
        return f"{shown(text)} is not a finite number", "fill in or remove the row"
    if abs(value) > _LARGEST:
        return f"{shown(text)} is too large for float32", "use a larger unit for this column"
    return None

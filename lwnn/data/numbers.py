"""What counts as a number in a text file, and what is wrong with a field that is none."""

import math
import re

import numpy as np

_MISSING = {"", "?", "na", "n/a", "#n/a", "nan", "-nan", "+nan", "null", "-", "--", "."}
# What groups the thousands, by what stands before the decimals.
_GROUPED = {
    ".": (re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?"), ","),
    ",": (re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]*"), "."),
}
# Bytes that are not UTF-8 are taken for Windows-1252, which is Latin-1 with more signs.
_LATIN = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(128, 256)
}
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


def number(text, decimal="."):
    """Return the float that `text` spells, thousands grouped or not, or None."""
    if decimal == ".":
        value = parse(text)
        if value is not None or "," not in text:
            return value
    elif "." not in text:
        return parse(text.replace(",", "."))
    grouped, sign = _GROUPED[decimal]
    text = text.strip()
    return parse(text.replace(sign, "").replace(",", ".")) if grouped.fullmatch(text) else None


def is_missing(text):
    """Tell whether a field stands for "no value": empty, ``?``, ``-``, ``NA``, ``null``."""
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


def decoded(text):
    """Return a line of text, decoded with surrogateescape, with all bytes that are not UTF-8 read.

    Source: what Excel and R write on Windows is Windows-1252.
    """
    return text if text.isascii() else text.translate(_LATIN)


def undecodable(text):
    """Say why `text` is no text, or return None."""
    return "a NUL byte is not text; save the file as UTF-8 text" if "\0" in text else None


def problem_with(text, decimal="."):
    """Say why a field is no finite float32, with what to do, or return None.

    Returns
    -------
    tuple of (str, str or None), or None
        The problem, and a remedy where the field itself suggests one.
    """
    if is_missing(text):
        found = "" if not text.strip() else f" ({text.strip()})"
        return f"missing value{found}", "fill in or remove the row"
    if problem := undecodable(text):
        return problem, ""
    value = number(text, decimal)
    if value is None:
        remedy = None
        if decimal == "." and decimal_comma(text):
            remedy = "write all decimals with a point"
        elif decimal == "," and parse(text) is not None:
            remedy = "write all decimals with a comma, as the others"
        return f"{shown(text)} is not a number", remedy
    if math.isinf(value):
        return f"{shown(text)} is not a finite number", "fill in or remove the row"
    if abs(value) > _LARGEST:
        return f"{shown(text)} is too large for float32", "use a larger unit for this column"
    return None

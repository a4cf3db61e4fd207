"""What the columns of a table are: numbers, categories, or what says nothing about new rows."""

import math
import re
import shlex

import numpy as np

from lwnn.data.numbers import decimal_comma, parse, problem_with, shown
from lwnn.data.raw import NUMBER
from lwnn.errors import DataError

#: Levels of a category that become inputs; the rarest beyond them count as never seen.
MOST_LEVELS = 100
#: A column of numbers and words is a category up to so many different values.
_FEW = 20
#: Fewer rows do not tell an identifier from a measurement.
_ROWS_TO_COUNT = 20
_ROWS_OF_PIXELS = 1000

_ID_NAME = re.compile(
    r"(.*[_\W])?(id|ids|uuid|guid|rowid|row_?number|nbr)|index|no|nr|#|unnamed: 0|row names",
    re.IGNORECASE,
)
_CAMEL_ID = re.compile(r".*[a-z](Id|ID)")
_CLOCK = (
    r"([T ]?[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]*)?)?"
    r" ?(Z|UTC|[AaPp][Mm])?([+-][0-9]{2}:?[0-9]{2})?)"
)
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"([0-9]{{4}}([-/.])[0-9]{{1,2}}\2[0-9]{{1,2}}|[0-9]{{1,2}}([-/.])[0-9]{{1,2}}\3[0-9]{{2,4}}"
    rf"|[0-9]{{1,2}}[- ]{_MONTH}[- ,]*[0-9]{{2,4}}|{_MONTH}[- ][0-9]{{1,2}},? [0-9]{{2,4}})"
    rf"{_CLOCK}?|[0-9]{{1,2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]*)?)?( ?[AaPp][Mm])?",
    re.IGNORECASE,
)


def spelt(value):
    """Return a number as the level of a category: ``3``, not ``3.0``."""
    return str(int(value)) if float(value).is_integer() else str(np.float32(value))


def kind_of(raw, feature, request):
    """Return what a column is.

    Returns
    -------
    {'number', 'category', 'dates', 'text', 'empty', 'constant', 'identifier', 'row names'}

    Raises
    ------
    DataError
        When there are numbers and words in it that make no sense together.
    """
    words, values = raw.words.get(feature), raw.x[:, feature]
    if raw.dialect.row_names and raw.columns.features[feature] == 0:
        return "row names"
    if words is None:
        return _kind_of_numbers(raw, feature, values)
    if words.kind is not None:
        if len(words.texts) == 1 and not len(words.missing):
            return "constant"
        return words.kind if words.kind != "date" else "dates"
    if not words.texts:
        return _kind_of_gaps(raw, feature, words, values)
    return _kind_of_words(raw, feature, words, request)


def _kind_of_gaps(raw, feature, words, values):
    present = values[words.codes == NUMBER]
    if not len(present):
        return "empty"
    # One value or none at all still tells rows apart.
    kind = _kind_of_numbers(raw, feature, present)
    return "number" if kind == "constant" else kind


def _kind_of_numbers(raw, feature, values):
    if values.min() == values.max():
        return "constant"
    return "identifier" if _is_identifier(raw, feature, values) else "number"


def _kind_of_words(raw, feature, words, request):
    numbers = int((words.codes == NUMBER).sum())
    found = int((words.codes >= 0).sum())
    if not numbers and _are_dates(words.texts):
        return "dates"
    counts = np.bincount(words.codes[words.codes >= 0], minlength=len(words.texts))
    different = len(words.texts)
    if numbers:
        values = raw.x[words.codes == NUMBER, feature]
        different += len(np.unique(values))
        if code := _first_almost_number(words.texts, raw.dialect.decimal):
            refuse_word(raw, feature, code - 1, request)
        if 2 * found <= numbers and (different > _FEW or counts.min() < 2):
            refuse_word(raw, feature, 0, request)
    if different == 1 and found == len(raw.x):
        return "constant"
    rows = found + numbers
    if words.many or different > max(_FEW, rows / 2) or (different == rows >= 5):
        return "identifier" if different == rows else "text"
    return "category"


def _first_almost_number(texts, decimal):
    """Return 1 + the place of a number with the other sign before its decimals, or 0."""
    almost = decimal_comma if decimal == "." else parse
    return next((i for i, text in enumerate(texts, 1) if almost(text) not in (None, False)), 0)


def refuse_word(raw, feature, code, request):
    """Refuse a column of numbers for a word in it, by the place where it stands first."""
    words = raw.words[feature]
    found = problem_with(words.texts[code], raw.dialect.decimal)
    problem, remedy = found or (f"{shown(words.texts[code])} is a word among numbers", None)
    name = raw.name_of(feature)
    remedies = [remedy or "repair it, or empty the field if the value is missing"]
    spelt_right = remedy is not None
    option = shlex.quote(str(name)) if str(name).isprintable() else raw.columns.features[feature]
    if request.schema is None and not spelt_right:
        remedies.append(f"or leave the column out with --drop {option}")
    if request.schema is None and request.target is None and not spelt_right:
        remedies.append(f"if it is the label, use --target {option}")
    place = {"path": raw.path, "line": words.lines[code], "column": name}
    raise DataError(problem, **place, remedy="; ".join(remedies))


def _are_dates(texts):
    some = texts[:200]
    return sum(_DATE.fullmatch(text) is not None for text in some) > 0.9 * len(some)


def _is_identifier(raw, feature, values):
    """Tell whether numbers only name the rows: nearly all different, and called or used like it."""
    name = str(raw.name_of(feature)) if raw.dialect.header is not None else ""
    named = _ID_NAME.fullmatch(name) or _CAMEL_ID.fullmatch(name)
    first = values[:64].astype(np.float64)
    if not (first == np.rint(first)).all() or len(np.unique(first)) < 0.8 * len(first):
        return False
    if not named and len(values) < _ROWS_TO_COUNT:
        return False
    steps = np.diff(values[:_ROWS_OF_PIXELS].astype(np.float64))
    if len(values) >= _ROWS_TO_COUNT and (steps == 1).all() and (np.diff(values) == 1).all():
        return True
    if not named and not _leads_unnamed(raw, feature, values):
        return False
    whole = (values == np.rint(values)).all()
    return bool(whole) and len(np.unique(values)) >= 0.9 * len(values)


def _leads_unnamed(raw, feature, values):
    """Tell whether it is the first column of a table without names, with long numbers.

    No other column may be like it: a converter of 24 bits gives long numbers in all of them.
    """
    if raw.dialect.header is not None or raw.columns.features[feature] != 0 or values.min() < 0:
        return False
    others = np.delete(raw.x[:_ROWS_OF_PIXELS], feature, axis=1)
    with np.errstate(invalid="ignore"):
        largest = np.nanmax(np.abs(others), initial=0)
    return np.median(values) >= 1e4 and largest < 1e4


def leaks(raw, feature, kind):
    """Tell whether every value of a column goes with one class only, so that it names the class."""
    if raw.y is None or raw.labels is None or kind not in ("number", "category"):
        return False
    values, words = raw.x[:, feature], raw.words.get(feature)
    if kind == "number" and len(np.unique(values[:_ROWS_OF_PIXELS])) > _FEW:
        return False
    _, codes = np.unique(values, return_inverse=True)
    if words is not None:
        keys = codes.astype(np.int64) * (len(words.texts) + 2) + words.codes - NUMBER
        _, codes = np.unique(keys, return_inverse=True)
    different = int(codes.max()) + 1
    if different > MOST_LEVELS or len(values) < max(_ROWS_TO_COUNT, 5 * different):
        return False
    classes = np.unique(raw.y)
    if different < len(classes):
        return False
    pairs = np.unique(codes.astype(np.int64) * (int(raw.y.max()) + 1) + raw.y)
    return len(pairs) == different


def pixels(x):
    """Tell whether rows look like images: as many columns as a square has, all whole, 0 to 255.

    Of such, no column is left out, as its place counts, and no value is wild.

    Parameters
    ----------
    x : ndarray, shape (n, f)
    """
    side = math.isqrt(x.shape[1])
    if x.dtype == np.uint8:
        return True
    if side < 4 or side * side != x.shape[1]:
        return False
    for start in range(0, len(x), _ROWS_OF_PIXELS):
        part = x[start : start + _ROWS_OF_PIXELS]
        with np.errstate(invalid="ignore"):
            if not (part == part.astype(np.uint8)).all():
                return False
    return True


def levels_of(raw, feature):
    """Return the levels of a category, sorted (numbers as such); of too many the most frequent."""
    words, values = raw.words.get(feature), raw.x[:, feature]
    counts = {}
    if words is not None:
        often = np.bincount(words.codes[words.codes >= 0], minlength=len(words.texts))
        counts = dict(zip(words.texts, often.tolist(), strict=True))
        values = values[words.codes == NUMBER]
    for value, often in zip(*np.unique(values, return_counts=True), strict=True):
        counts[spelt(value)] = counts.get(spelt(value), 0) + int(often)
    kept = sorted(counts, key=lambda level: (-counts[level], level))[:MOST_LEVELS]
    numeric = [parse(level) for level in kept]
    if None in numeric:
        return tuple(sorted(kept))
    return tuple(sorted(kept, key=parse))

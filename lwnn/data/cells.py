"""Rows with care: every cell looked at, so that words, gaps and faults are known by their place."""

import itertools
import math
from array import array

import numpy as np

from lwnn.data.dialect import BLANKS, COMMENTS, quote_left_open
from lwnn.data.numbers import is_missing, number, problem_with
from lwnn.data.raw import MISSING, NUMBER, Raw, Words
from lwnn.errors import DataError

_ROWS = 1024
#: Spellings of numbers that are kept, to be quick with those that come again.
_KEPT = 1 << 14
#: Different words of a column that are kept; no category has as many.
MOST_WORDS = 5000
_LARGEST = float(np.finfo(np.float32).max)
_NAN = float("nan")


class _Numbers(dict):
    """Text of a cell to its float; not a number for all that is none, or not finite."""

    def __init__(self, decimal):
        super().__init__()
        self._decimal = decimal

    def __missing__(self, text):
        value = number(text, self._decimal)
        if value is None or not -_LARGEST <= value <= _LARGEST:
            value = _NAN
        if len(self) < _KEPT:
            self[text] = value
        return value


class Cells:
    """One column while it is read.

    Parameters
    ----------
    decimal : str
        ``.`` or ``,``.
    kind : str or None
        See `Words`. Where the file names one, all cells are words.
    """

    def __init__(self, decimal=".", kind=None):
        self._numbers = _Numbers(decimal)
        self._kind = kind
        self.values = array("f")
        self._codes = array("i")
        self._words = {}
        self._lines = []
        self._missing_line = None
        self._many = False

    def extend(self, cells, lines):
        """Add cells (list of str), and the line of each (list of int)."""
        if self._kind is None:
            values = list(map(self._numbers.__getitem__, cells))
        else:
            values = [_NAN] * len(cells)
        before = len(self.values)
        self.values.extend(values)
        odd = [i for i, value in enumerate(values) if math.isnan(value)]
        if not odd and not self._codes:
            return
        if not self._codes:
            self._codes.extend([NUMBER] * before)
        self._codes.extend([NUMBER] * len(cells))
        for i in odd:
            self._codes[before + i] = self._code(cells[i].strip(), lines[i])

    def _code(self, text, line):
        code = self._words.get(text)
        if code is not None:
            return code
        if is_missing(text):
            self._missing_line = self._missing_line or line
            return MISSING
        if len(self._words) >= MOST_WORDS:
            self._many = True
            return MISSING
        self._words[text] = len(self._words)
        self._lines.append(line)
        return self._words[text]

    def words(self):
        """Return the `Words` of the column, or None when there are numbers only."""
        if not self._codes:
            return None
        codes = np.frombuffer(self._codes, np.int32)
        found = tuple(self._words), tuple(self._lines)
        return Words(codes, *found, self._missing_line, self._many, self._kind)


def rows_of(path, dialect, lines):
    """Yield line number and fields of each row.

    Parameters
    ----------
    path : str
    dialect : Dialect
    lines : iterable of (int, str)

    Raises
    ------
    DataError
        When a row has not as many fields as the table, or a quote is left open.
    """
    for line_number, line in lines:
        if line_number < dialect.start or line.isspace() or dialect.is_comment(line):
            continue
        if dialect.quote in line and quote_left_open(line, dialect.delimiter, dialect.quote):
            remedy = "close it on the same line"
            raise DataError("a quote is left open", path=path, line=line_number, remedy=remedy)
        fields = dialect.fields(line)
        if len(fields) != dialect.width:
            if line.startswith(COMMENTS):
                continue
            problem = f"expected {dialect.width} fields, found {len(fields)}"
            remedy = "repair or remove the row"
            if dialect.delimiter is BLANKS and len(fields) > dialect.width:
                remedy += ", or put names that have blanks in quotes"
            raise DataError(problem, path=path, line=line_number, remedy=remedy)
        yield line_number, fields


def read(path, dialect, columns, rows, labels, numeric, kinds=None, check_memory=None):
    """Read rows into a `Raw`.

    Parameters
    ----------
    path : str
    dialect : Dialect
    columns : Columns
    rows : iterable of (int, list of str)
        Line and fields.
    labels : LabelCodes or None
        None where labels are not read, or are numbers.
    numeric : bool
        Whether the label column is read, as numbers.
    kinds : dict of int to str, optional
        What the file says that a column is, see `Words`.
    check_memory : callable, optional
        Called with the bytes to be taken, now and then.
    """
    kinds = kinds or {}
    cells = [Cells(dialect.decimal, kinds.get(column)) for column in columns.features]
    y = array("f" if numeric else "i")
    rows = iter(rows)
    while chunk := list(itertools.islice(rows, _ROWS)):
        lines = [line for line, _ in chunk]
        for column, found in zip(columns.features, cells, strict=True):
            found.extend([fields[column] for _, fields in chunk], lines)
        if labels is not None or numeric:
            place = (path, dialect, columns.target)
            y.extend(_labels(chunk, labels, *place))
        if check_memory is not None and cells:
            # Numbers and codes, and both once more when they are put together.
            check_memory(16 * len(cells) * len(cells[0].values))
    x = np.empty((len(cells[0].values), len(cells)), np.float32)
    for i, found in enumerate(cells):
        x[:, i] = found.values
    words = {i: found.words() for i, found in enumerate(cells)}
    words = {i: found for i, found in words.items() if found is not None}
    targets = np.array(y, np.float32 if numeric else np.int32)
    targets = None if labels is None and not numeric else targets
    return Raw(path, dialect, columns, x, words, targets, labels)


def _labels(chunk, labels, path, dialect, column):
    """Return the code of each row's label, or its value."""
    out = []
    for line, fields in chunk:
        text, remedy = fields[column], "repair or remove the row"
        try:
            if labels is not None:
                out.append(labels[text])
                continue
            if found := problem_with(text, dialect.decimal):
                problem, remedy = found
                remedy = remedy or VALUES_ONLY
                raise ValueError(problem)
            out.append(number(text, dialect.decimal))
        except ValueError as error:
            column = dialect.name_of(column)
            raise DataError(
                str(error), path=path, line=line, column=column, remedy=remedy
            ) from error
    return out


VALUES_ONLY = "the target of a regression is a number; classes need --task classification"

"""The second, slow look at a table that could not be read: finds the first bad place."""

import shlex
from dataclasses import dataclass

from lwnn.data.columns import Columns
from lwnn.data.dialect import Dialect, quote_left_open, split_fields
from lwnn.data.labels import LabelCodes
from lwnn.data.numbers import problem_with
from lwnn.errors import DataError

_NUMBERS_ONLY = "lwnn takes numbers only"
_VALUES_ONLY = "the target of a regression is a number; classes need --task classification"


@dataclass(frozen=True)
class Reading:
    """How a table was being read when it failed.

    Parameters
    ----------
    path : str
    dialect : Dialect
    columns : Columns
    codes : LabelCodes or None
        None where the labels are not read, or are numbers.
    numeric : bool
        Whether the label column is read, as numbers.
    """

    path: str
    dialect: Dialect
    columns: Columns
    codes: LabelCodes | None
    numeric: bool = False


def diagnose(reading, lines, guessed):
    """Raise the `DataError` for the first bad place; return when there is none.

    Parameters
    ----------
    reading : Reading
    lines : iterable of str
        All lines of the file, the header and blank ones too.
    guessed : bool
        Whether the label column was chosen by lwnn, so that choosing another may help.
    """
    header = reading.dialect.header is not None
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        if header:
            header = False
            continue
        _check_line(reading, number, line, guessed)


def _check_line(reading, number, line, guessed):
    dialect, columns = reading.dialect, reading.columns
    if '"' in line and quote_left_open(line, dialect.delimiter):
        _refuse(reading, number, None, "a quote is left open", "close it on the same line")
    fields = split_fields(line, dialect.delimiter)
    if len(fields) != dialect.width:
        problem = f"expected {dialect.width} fields, found {len(fields)}"
        _refuse(reading, number, None, problem, "repair or remove the row")
    for column in columns.features:
        # Most fields are good: the quick test first.
        if found := problem_with(fields[column]):
            problem, remedy = found
            remedy = _remedy(reading, column, guessed) if remedy is None else remedy
            _refuse(reading, number, column, problem, remedy)
    if reading.numeric and (found := problem_with(fields[columns.target])):
        problem, remedy = found
        _refuse(reading, number, columns.target, problem, remedy or _VALUES_ONLY)
    if reading.codes is not None:
        try:
            reading.codes[fields[columns.target]]
        except ValueError as error:
            _refuse(reading, number, columns.target, str(error), "repair or remove the row")


def _remedy(reading, column, guessed):
    if not guessed:
        return _NUMBERS_ONLY
    return f"{_NUMBERS_ONLY}; if this column is the label, use --target {_option(reading, column)}"


def _option(reading, column):
    name = str(reading.dialect.name_of(column))
    return shlex.quote(name) if name.isprintable() else column


def _refuse(reading, number, column, problem, remedy):
    which = None if column is None else reading.dialect.name_of(column)
    raise DataError(problem, path=reading.path, line=number, column=which, remedy=remedy or None)

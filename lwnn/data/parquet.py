"""Parquet files, by pyarrow, which the extra ``lwnn[parquet]`` installs."""

import numpy as np

from lwnn.data.cells import Cells
from lwnn.data.columns import assign
from lwnn.data.dialect import Dialect
from lwnn.data.labels import LabelCodes, as_values
from lwnn.data.numbers import plain
from lwnn.data.raw import MISSING, NUMBER, Raw, Words
from lwnn.errors import DataError, MissingToolError

_ROWS = 1 << 14


def is_parquet(start):
    """Tell whether a file that begins with these bytes is a Parquet file."""
    return start[:4] == b"PAR1"


def read(source, request):
    """Read a table.

    Parameters
    ----------
    source : Source
    request : Request

    Returns
    -------
    Raw

    Raises
    ------
    MissingToolError
        When pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise MissingToolError(
            f"{source.path}: Parquet files need pyarrow; install it with "
            "pip install 'lwnn[parquet]'"
        ) from error
    try:
        with parquet.ParquetFile(source.stream) as file:
            return _read(source, file, request)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = plain(str(error).partition("\n")[0])
        source.refuse(f"is damaged: {reason}", "download or write it again")


def _read(source, file, request):
    names = [field.name.strip() for field in file.schema_arrow]
    rows = file.metadata.num_rows
    if not rows or not names:
        source.refuse("has no rows", "add rows")
    source.check_memory(16 * rows * len(names))
    dialect = Dialect(",", tuple(names), len(names))
    columns = assign(source.path, dialect, request)
    x, words = np.empty((rows, len(columns.features)), np.float32), {}
    for i, column in enumerate(columns.features):
        found = _column(source, file, column, names[column], rows)
        x[:, i], words[i] = found
    words = {i: found for i, found in words.items() if found is not None}
    y, codes = None, None
    if request.need_labels and columns.target is not None:
        y, codes = _labels(source, file, columns.target, request)
    return Raw(source.path, dialect, columns, x, words, y, codes)


def _chunks(source, file, column):
    """Yield (first row, values) of a column in pieces; as many values as the file tells of rows."""
    name, rows, start = file.schema_arrow[column].name, file.metadata.num_rows, 0
    for batch in file.iter_batches(_ROWS, columns=[name]):
        try:
            values = batch.column(0).to_pylist()
        except OverflowError as error:
            problem, remedy = "holds a time outside the years 1 to 9999", f"--drop {column}"
            raise DataError(
                problem, path=source.path, column=name, remedy=f"leave it out with {remedy}"
            ) from error
        if start + len(values) > rows:
            break
        yield start, values
        start += len(values)
    else:
        if start == rows:
            return
    problem = f"is damaged: column {plain(name)!r} has not the {rows:,} rows that the file tells of"
    source.refuse(problem, "download or write it again")


def _column(source, file, column, name, rows):
    """Return (numbers, `Words` or None) of a column."""
    from pyarrow import types  # noqa: PLC0415

    kind = file.schema_arrow[column].type
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return _numbers(source, file, column, name, rows)
    if types.is_decimal(kind) or types.is_string(kind) or types.is_large_string(kind):
        return _texts(source, file, column, None)
    if types.is_temporal(kind):
        return _texts(source, file, column, "date")
    problem = f"holds {plain(str(kind))}, expected numbers or text"
    remedy = f"leave it out with --drop {column}"
    raise DataError(problem, path=source.path, column=name, remedy=remedy)


def _numbers(source, file, column, name, rows):
    values, codes = np.empty(rows, np.float32), np.full(rows, NUMBER, np.int32)
    for start, chunk in _chunks(source, file, column):
        part = np.array(chunk, np.float64)
        stop = start + len(part)
        if (np.abs(part) > np.finfo(np.float32).max).any():
            row = start + int(np.argmax(np.abs(part) > np.finfo(np.float32).max)) + 1
            problem = f"row {row} holds a value that is infinite or too large for float32"
            remedy = "fill in or remove the row"
            raise DataError(problem, path=source.path, column=name, remedy=remedy)
        values[start:stop] = part
        codes[start:stop][np.isnan(part)] = MISSING
    missing = np.flatnonzero(codes == MISSING)
    if not len(missing):
        return values, None
    return values, Words(codes, (), (), int(missing[0]) + 1)


def _texts(source, file, column, kind):
    cells = Cells(kind=kind)
    for start, chunk in _chunks(source, file, column):
        texts = ["" if value is None else str(value) for value in chunk]
        cells.extend(texts, range(start + 1, start + len(texts) + 1))
    return np.array(cells.values, np.float32), cells.words()


def _labels(source, file, column, request):
    values = [value for _, chunk in _chunks(source, file, column) for value in chunk]
    name = file.schema_arrow[column].name
    if request.numeric:
        numbers = np.array([np.nan if value is None else value for value in values])
        return as_values(numbers, source.path, name), None
    codes, out = LabelCodes(request.known), []
    for row, value in enumerate(values, 1):
        try:
            out.append(codes["" if value is None else str(value)])
        except ValueError as error:
            problem = f"row {row}: {error}"
            remedy = "repair or remove the row"
            raise DataError(problem, path=source.path, column=name, remedy=remedy) from error
    return np.array(out, np.int32), codes

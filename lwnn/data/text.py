"""Delimited text → numbers: one quick pass; only when it fails, a slow one that finds where."""

import itertools
from functools import partial

import numpy as np

from lwnn.data.columns import assign
from lwnn.data.diagnosis import Reading, diagnose
from lwnn.data.dialect import look, quote_left_open
from lwnn.data.labels import LabelCodes

# Longer lines are no table; a gzip bomb may be one endless line.
LONGEST_LINE = 1 << 22
_LOOKED_AT = 40
_LOOKED_AT_CHARACTERS = 1 << 20
_CHUNK_VALUES = 1 << 18


def lines_of(source):
    """Yield the lines of a text file, refusing endless ones."""
    for line in iter(partial(source.text().readline, LONGEST_LINE), ""):
        if len(line) == LONGEST_LINE:
            source.refuse(f"a line is longer than {LONGEST_LINE} characters", "give a table")
        yield line


def read(source, reopen, target, schema, need_labels, numeric=False):
    """Read a table.

    Parameters
    ----------
    source : Source
    reopen : callable
        Gives the same file again, as a new `Source`, for the second look after a failure.
    target, schema, need_labels, numeric
        As for `lwnn.data.load`.

    Returns
    -------
    x : ndarray, shape (n, f), float32
    y : ndarray, shape (n,), int32 or float32, or None
    names : tuple of str
        Class names.
    columns : Columns
    named : bool
    """
    _refuse_binary(source)
    filled = (line for line in lines_of(source) if not line.isspace())
    head = _head(filled)
    if not head:
        source.refuse("is empty", "give a table with rows")
    dialect = look(head, schema.features if schema is not None and schema.named else ())
    columns = assign(source.path, dialect, target, schema, need_labels)
    named = dialect.header is not None
    body = head[1:] if named else head
    if not body:
        source.refuse("has a header but no rows", "add rows")
    read_labels = need_labels and columns.target is not None
    known = None if schema is None else schema.labels
    codes = LabelCodes(known) if read_labels and not numeric else None
    reading = Reading(source.path, dialect, columns, codes, read_labels and numeric)
    try:
        table = _parse(itertools.chain(body, filled), source, reading)
        if table.shape[1] != dialect.width:
            raise ValueError("the rows are not as wide as the header")
        # A copy, as the features are moved to where it stands.
        y = table[:, columns.target].copy() if read_labels else None
        if reading.numeric and not np.isfinite(y).all():
            raise ValueError("a value is not finite")
        x = _take_features(table, columns)
    except ValueError as error:
        with reopen() as again:
            diagnose(reading, lines_of(again), guessed=target is None and schema is None)
        source.refuse(f"cannot be read as a table: {error}")
    if not read_labels:
        return x, None, known or (), columns, named
    if numeric:
        return x, y, (), columns, named
    y, names = reading.codes.ordered(y)
    return x, y, names, columns, named


def _head(lines):
    """Take the lines to look at: some, but at least a header and a row, however long."""
    head, characters = [], 0
    for line in itertools.islice(lines, _LOOKED_AT):
        head.append(line)
        characters += len(line)
        if len(head) > 1 and characters > _LOOKED_AT_CHARACTERS:
            break
    return head


def _refuse_binary(source):
    start = source.peek()
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        source.refuse("is UTF-16 text", "save the file as UTF-8")
    if b"\0" in start[:512]:
        source.refuse("is neither text nor an IDX or NPZ file", "give a table or images")


def _parse(lines, source, reading):
    """Return all columns as float32 of shape (n, width), labels as codes or as they are."""
    dialect, columns = reading.dialect, reading.columns
    used = {*columns.features, columns.target} if reading.numeric else set(columns.features)
    converters = {i: _zero for i in range(dialect.width) if i not in used}
    if reading.codes is not None:
        converters[columns.target] = reading.codes.__getitem__
    return np.loadtxt(
        _guarded(lines, source, dialect),
        dtype=np.float32,
        delimiter=dialect.delimiter,
        comments=None,
        quotechar='"',
        converters=converters,
        encoding="utf-8",
        ndmin=2,
    )


def _zero(_):
    return 0.0


def _guarded(lines, source, dialect):
    """Yield lines; stop at an open quote, and before the table outgrows the machine."""
    # Twice, because loadtxt may move the table when it grows.
    row_bytes = 2 * 4 * dialect.width
    step = 1 << 16
    for row, line in enumerate(lines):
        if row % step == 0:
            source.check_memory(row * row_bytes)
        if '"' in line and quote_left_open(line, dialect.delimiter):
            raise ValueError("a quote is left open")
        yield line


def _take_features(table, columns):
    """Move the features to the front of the table's own memory; all must be finite.

    In place, because a second array of that size costs a tenth of the reading time.
    """
    rows, width = table.shape
    first, count = columns.features[0], len(columns.features)
    steady = columns.features == tuple(range(first, first + count))
    chosen = slice(first, first + count) if steady else list(columns.features)
    flat = table.reshape(-1)
    step = max(1, _CHUNK_VALUES // width)
    for start in range(0, rows, step):
        part = table[start : start + step, chosen]
        if not np.isfinite(part).all():
            raise ValueError("a value is not finite")
        # What is overwritten was read: count <= width, so this never runs ahead.
        flat[start * count : (start + len(part)) * count] = part.ravel()
    return flat[: rows * count].reshape(rows, count)

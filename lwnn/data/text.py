"""Delimited text → a raw table: one quick pass where all is numbers, else a careful one."""

import itertools
from functools import partial

import numpy as np

from lwnn.data import cells
from lwnn.data.columns import assign
from lwnn.data.dialect import COMMENTS, look, quote_left_open, split_fields
from lwnn.data.labels import LabelCodes
from lwnn.data.numbers import decoded, parse
from lwnn.data.raw import Raw

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
        yield decoded(line)


def read(source, reopen, request):
    """Read a table.

    Parameters
    ----------
    source : Source
    reopen : callable
        Gives the same file again, as a new `Source`, for the careful look.
    request : Request

    Returns
    -------
    Raw
    """
    refuse_binary(source)
    numbered = enumerate(lines_of(source), 1)
    head = _head(numbered)
    if not head:
        source.refuse("is empty", "give a table with rows")
    dialect = look(head, _expected(request.schema))
    columns = assign(source.path, dialect, request)
    body = [(n, line) for n, line in head if n >= dialect.start and not dialect.is_comment(line)]
    if not body:
        source.refuse("has a header but no rows", "add rows")
    read_labels = request.need_labels and columns.target is not None
    if _promising(dialect, columns, body, numeric=read_labels and request.numeric):
        try:
            return _read_quickly(source, dialect, columns, (body, numbered), request)
        except ValueError:
            # The careful look finds out why, and perhaps that it is no fault.
            pass
    codes = LabelCodes(request.known) if read_labels and not request.numeric else None
    numeric = read_labels and request.numeric
    with reopen() as again:
        rows = cells.rows_of(source.path, dialect, enumerate(lines_of(again), 1))
        memory = source.check_memory
        return cells.read(source.path, dialect, columns, rows, codes, numeric, check_memory=memory)


def _expected(schema):
    if schema is None or not schema.named:
        return ()
    return schema.columns


def _head(numbered):
    """Take the lines to look at: some, but at least a header and a row, however long."""
    head, characters, rows = [], 0, 0
    for number, line in numbered:
        if line.isspace():
            continue
        head.append((number, line))
        characters += len(line)
        rows += not line.startswith(COMMENTS)
        if rows >= _LOOKED_AT or (len(head) > 1 and characters > _LOOKED_AT_CHARACTERS):
            break
    return head


def refuse_binary(source):
    """Refuse what is not text."""
    start = source.peek()
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        source.refuse("is UTF-16 text", "save the file as UTF-8")
    if b"\0" in start[:512]:
        source.refuse("is neither text nor an IDX or NPZ file", "give a table or images")


# ---------------------------------------------------------------- the quick pass


def _promising(dialect, columns, body, numeric):
    """Tell whether the first rows are such as `numpy.loadtxt` reads."""
    if not dialect.plain:
        return False
    used = [*columns.features, *([columns.target] if numeric else [])]
    for _, line in body:
        fields = split_fields(line, dialect.delimiter)
        if len(fields) != dialect.width or any(parse(fields[i]) is None for i in used):
            return False
    return True


def _read_quickly(source, dialect, columns, lines, request):
    """Read the table, or raise ValueError when something is not a finite number."""
    read_labels = request.need_labels and columns.target is not None
    codes = LabelCodes(request.known) if read_labels and not request.numeric else None
    body, numbered = lines
    texts = itertools.chain((line for _, line in body), (line for _, line in numbered))
    table = _parse(texts, source, dialect, columns, codes, read_labels)
    if table.shape[1] != dialect.width:
        raise ValueError("the rows are not as wide as the header")
    # A copy, as the features are moved to where it stands.
    y = table[:, columns.target].copy() if read_labels else None
    if request.numeric and read_labels and not np.isfinite(y).all():
        raise ValueError("a value is not finite")
    if codes is not None:
        y = y.astype(np.int32)
    return Raw(source.path, dialect, columns, _take_features(table, columns), {}, y, codes)


def _parse(lines, source, dialect, columns, codes, read_labels):
    """Return all columns as float32 of shape (n, width), labels as codes or as they are."""
    used = set(columns.features)
    if read_labels and codes is None:
        used.add(columns.target)
    converters = {i: _zero for i in range(dialect.width) if i not in used}
    if codes is not None:
        converters[columns.target] = codes.__getitem__
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
    comment = dialect.comment
    for row, line in enumerate(lines):
        if row % step == 0:
            source.check_memory(row * row_bytes)
        if line.isspace() or (comment is not None and line.startswith(comment)):
            continue
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

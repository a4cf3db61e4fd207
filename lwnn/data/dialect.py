"""How a table is written: what stands between its fields, and whether it has a header."""

import csv
from collections import Counter
from dataclasses import dataclass

from lwnn.data.numbers import decimal_comma, is_missing, parse

BLANKS = None
# A header with one of these names says which column is the label, in this order.
LABEL_NAMES = ("label", "class", "target", "y")
_CANDIDATES = (",", ";", "\t", BLANKS)


@dataclass(frozen=True)
class Dialect:
    """The way in which a delimited file is written.

    Parameters
    ----------
    delimiter : str or None
        ``,``, ``;``, tab; None for any run of blanks, as for `numpy.loadtxt`.
    header : tuple of str or None
        Column names, where the first line holds them.
    width : int
        Number of columns, as in the first line.
    """

    delimiter: str | None
    header: tuple[str, ...] | None
    width: int

    def name_of(self, column):
        """Return what a message calls a column: its name, or its index from 0."""
        return column if self.header is None else self.header[column]


def split_fields(line, delimiter):
    """Return the fields of one line, quotes taken off."""
    if delimiter is BLANKS:
        if '"' not in line:
            return line.split()
        line = line.replace("\t", " ").strip()
        return next(csv.reader([line], delimiter=" ", skipinitialspace=True), [])
    line = line.rstrip("\r\n")
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter), [])


def quote_left_open(line, delimiter):
    """Tell whether a quoted field begins in `line` and does not end there."""
    reader = csv.reader(iter([line, ""]), delimiter=delimiter or " ")
    next(reader, None)
    return reader.line_num > 1


def look(lines, expected=()):
    """Find the dialect from the first lines of a file.

    Parameters
    ----------
    lines : list of str
        None of them blank, at least one.
    expected : iterable of str
        Column names that are a header where the first line holds them all.

    Returns
    -------
    Dialect
    """
    delimiter = max(_CANDIDATES, key=lambda candidate: _score(lines, candidate))
    rows = [split_fields(line, delimiter) for line in lines]
    cells = [cell.strip() for cell in rows[0]]
    header = (expected and set(expected) <= set(cells)) or _is_header(cells, rows[1:])
    return Dialect(delimiter, tuple(cells) if header else None, len(cells))


def _score(lines, delimiter):
    """Rank a delimiter: a large share of the fields are numbers, and there are many fields."""
    rows = [split_fields(line, delimiter) for line in lines]
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if width == 1:
        return (0.0, 0)
    cells = [cell for row in rows for cell in row]
    numbers = sum(
        parse(cell) is not None or (delimiter != "," and decimal_comma(cell)) for cell in cells
    )
    return (round(numbers / len(cells), 2), width)


def _is_header(cells, rows):
    """Tell whether the first line holds names: text above columns of numbers."""
    texts = {i for i, cell in enumerate(cells) if parse(cell) is None and not is_missing(cell)}
    if not rows:
        return bool(texts) and all(parse(cell) is None for cell in cells)
    if not texts:
        return False
    labelled = any(cell.lower() in LABEL_NAMES for cell in cells)
    if labelled and (len(texts) == len(cells) or _counts(cells, texts)):
        return True
    numeric = [i for i in range(len(cells)) if _mostly_numbers(rows, i)]
    words = sum(i in texts for i in numeric)
    numbers = sum(parse(cells[i]) is not None for i in numeric)
    # One word among numbers is a mistake in the first row, not a header.
    return words > numbers


def _counts(cells, texts):
    """Tell whether all names but one only count the columns: ``0,1,2,label``."""
    numbers = [(i, parse(cell)) for i, cell in enumerate(cells) if i not in texts]
    starts = {None if value is None else value - i for i, value in numbers}
    return len(texts) == 1 and len(starts) == 1 and starts <= {-1, 0, 1}


def _mostly_numbers(rows, column):
    found = [row[column] for row in rows if column < len(row)]
    return 2 * sum(parse(cell) is not None for cell in found) > len(found)

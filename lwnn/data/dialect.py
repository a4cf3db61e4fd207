"""How a table is written: what stands between its fields, where it begins, and its header."""

import csv
from collections import Counter
from dataclasses import dataclass, replace

from lwnn.data.numbers import decimal_comma, is_missing, number, parse

BLANKS = None
# A header with one of these names says which column is the label, in this order.
LABEL_NAMES = ("label", "class", "target", "y")
#: What a line of remarks begins with.
COMMENTS = ("#", "%", "//")
_CANDIDATES = (",", ";", "\t", "|", BLANKS)
#: What R and pandas mean by a column that they give no name.
ROW_NAMES = "row names"


@dataclass(frozen=True)
class Dialect:
    """The way in which a delimited file is written.

    Parameters
    ----------
    delimiter : str or None
        ``,``, ``;``, tab, ``|``; None for any run of blanks, as for `numpy.loadtxt`.
    header : tuple of str or None
        Column names, where a line holds them.
    width : int
        Number of columns.
    start : int
        Line of the first row, from 1.
    comment : str or None
        What lines begin with that are no rows.
    decimal : str
        ``.`` or ``,``.
    quote : str
    row_names : bool
        Whether the first column has no name and only names the rows.
    trailing : bool
        Whether a delimiter ends every row.
    skipped : int
        Lines above the table that are neither blank nor marked as remarks.
    """

    delimiter: str | None
    header: tuple[str, ...] | None
    width: int
    start: int = 1
    comment: str | None = None
    decimal: str = "."
    quote: str = '"'
    row_names: bool = False
    trailing: bool = False
    skipped: int = 0

    @property
    def plain(self):
        """Whether `numpy.loadtxt` reads such a file, with lines of remarks taken out."""
        return self.decimal == "." and self.quote == '"' and not self.trailing

    def name_of(self, column):
        """Return what a message calls a column: its name, or its index from 0."""
        return column if self.header is None else self.header[column]

    def is_comment(self, line):
        """Tell whether a line holds remarks."""
        return self.comment is not None and line.startswith(self.comment)

    def fields(self, line):
        """Return the fields of a row, without the empty one behind a trailing delimiter."""
        fields = split_fields(line, self.delimiter, self.quote)
        if self.trailing and len(fields) == self.width + 1 and not fields[-1].strip():
            fields.pop()
        return fields


def split_fields(line, delimiter, quote='"'):
    """Return the fields of one line, quotes taken off."""
    if delimiter is BLANKS:
        if quote not in line:
            return line.split()
        line = line.replace("\t", " ").strip()
        return _parsed(line, " ", quote)
    line = line.rstrip("\r\n")
    if quote not in line:
        return line.split(delimiter)
    return _parsed(line, delimiter, quote)


def _parsed(line, delimiter, quote):
    rows = csv.reader([line], delimiter=delimiter, quotechar=quote, skipinitialspace=True)
    return next(rows, [])


def quote_left_open(line, delimiter, quote='"'):
    """Tell whether a quoted field begins in `line` and does not end there."""
    lines = iter([line, ""])
    reader = csv.reader(lines, delimiter=delimiter or " ", quotechar=quote, skipinitialspace=True)
    next(reader, None)
    return reader.line_num > 1


def look(head, expected=()):
    """Find the dialect from the first lines of a file.

    Parameters
    ----------
    head : list of (int, str)
        Number and text of lines that are not blank, at least one.
    expected : iterable of str
        Column names that are a header where a line holds them all.

    Returns
    -------
    Dialect
    """
    comment = _comment([line for _, line in head])
    lines = [(n, line) for n, line in head if comment is None or not line.startswith(comment)]
    texts = [line for _, line in lines]
    delimiter = max(_CANDIDATES, key=lambda candidate: _rank(texts, candidate))
    rows = [[cell.strip() for cell in split_fields(line, delimiter)] for line in texts]
    found = Dialect(delimiter, None, len(rows[0]), lines[0][0], comment)
    found = replace(found, decimal=_decimal(rows, delimiter))
    skipped = _preamble(rows, found.decimal)
    rows, lines = rows[skipped:], lines[skipped:]
    found = replace(found, width=len(rows[0]), start=lines[0][0], skipped=skipped)
    if _is_header(rows[0], rows[1:], found.decimal) or _holds(rows[0], expected):
        return _with_header(found, rows[0], rows[1:], lines)
    if comment and (names := _names_behind(comment, head, lines[0][0], found)):
        return replace(found, header=names)
    return _without_trailing(found, rows)


def _holds(cells, expected):
    return bool(expected) and set(expected) <= set(cells)


def _comment(lines):
    """Return what lines of remarks begin with; the lines cannot all be such."""
    for sign in COMMENTS:
        with_sign = [line for line in lines if line.startswith(sign)]
        # A column may be called "#".
        alone = with_sign and with_sign[0][len(sign) :].lstrip(" ")[:1] in (",", ";", "\t", "|")
        if with_sign and len(with_sign) < len(lines) and not alone:
            return sign
    return None


def _rank(lines, delimiter):
    """Rank a delimiter: many fields are numbers; the lines agree; it shows; many fields."""
    rows = [split_fields(line, delimiter) for line in lines]
    width, often = _usual(rows)
    if width == 1:
        return (0.0, False, False, 0)
    cells = [cell for row in rows for cell in row]
    numbers = sum(
        parse(cell) is not None or (delimiter != "," and decimal_comma(cell)) for cell in cells
    )
    share = round(numbers / len(cells), 2)
    return (share, often > 0.8 * len(rows), delimiter is not BLANKS, width)


def _usual(rows):
    """Return the usual width, and how many rows have it; one field is a line of words."""
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return widths.most_common(1)[0] if widths else (1, len(rows))


def _decimal(rows, delimiter):
    """Return the sign before the decimals: a comma where some have one and none a point."""
    if delimiter == ",":
        return "."
    cells = [cell for row in rows for cell in row]
    points = any("." in cell and parse(cell) is not None for cell in cells)
    return "," if not points and any(map(decimal_comma, cells)) else "."


def _preamble(rows, decimal):
    """Count the lines above the table: they have fewer fields, and not numbers alone."""
    usual, _ = _usual(rows)
    first = next(i for i, row in enumerate(rows) if len(row) >= usual)
    if any(_all_numbers(row, decimal) for row in rows[:first]):
        return 0
    # A header that is one name short names all columns but the first.
    if first and len(rows[first - 1]) == usual - 1 > 0:
        above, below = rows[first - 1], rows[first:]
        tail = [row[1:] for row in below]
        trailing = all(row[-1] == "" for row in below)
        if _is_header(above, below if trailing else tail, decimal):
            return first - 1
    return first


def _all_numbers(cells, decimal):
    return all(number(cell, decimal) is not None or is_missing(cell) for cell in cells)


def _with_header(found, names, body, lines):
    start = lines[1][0] if len(lines) > 1 else lines[0][0] + 1
    usual = Counter(map(len, body)).most_common(1)[0][0] if body else len(names)
    ends = [row[-1] == "" for row in body if len(row) == usual]
    trailing = bool(ends) and all(ends) and (usual == len(names) + 1 or names[-1] == "")
    if trailing and names[-1] == "":
        names = names[:-1]
    row_names = not trailing and usual == len(names) + 1
    if row_names:
        names = [ROW_NAMES, *names]
    elif names[0] == "" and _all_differ([row[0] for row in body if row]):
        names, row_names = [ROW_NAMES, *names[1:]], True
    found = replace(found, header=tuple(names), width=len(names), start=start)
    return replace(found, row_names=row_names, trailing=trailing)


def _all_differ(cells):
    return len(set(cells)) == len(cells)


def _names_behind(comment, head, start, found):
    """Return the header that a line of remarks right above the first row holds, or None."""
    above = [line for number, line in head if number < start and line.startswith(comment)]
    if not above:
        return None
    cells = [cell.strip() for cell in split_fields(above[-1].lstrip(comment), found.delimiter)]
    texts = all(cell and number(cell, found.decimal) is None for cell in cells)
    if len(cells) == found.width > 1 and texts and len(set(cells)) == len(cells):
        return tuple(cells)
    return None


def _without_trailing(found, rows):
    if found.width > 1 and all(len(row) == found.width and row[-1] == "" for row in rows):
        return replace(found, width=found.width - 1, trailing=True)
    return found


def _is_header(cells, rows, decimal="."):
    """Tell whether a line holds names: text above columns of numbers."""
    texts = {
        i for i, cell in enumerate(cells) if number(cell, decimal) is None and not is_missing(cell)
    }
    if not rows:
        return bool(texts) and all(number(cell, decimal) is None for cell in cells)
    if not texts:
        return False
    labelled = any(cell.lower() in LABEL_NAMES for cell in cells)
    if labelled and (len(texts) == len(cells) or _counts(cells, texts)):
        return True
    numeric = [i for i in range(len(cells)) if _mostly_numbers(rows, i, decimal)]
    if not numeric:
        return len(texts) == len(cells) and _never_again(cells, rows)
    words = sum(i in texts for i in numeric)
    numbers = sum(number(cells[i], decimal) is not None for i in numeric)
    # One word among numbers is a mistake in the first row, not a header.
    return words > numbers


def _never_again(cells, rows):
    """Tell whether names stand above columns of words: they differ and do not come again.

    Where each column has few words, and all of its rows have words that come again, the first
    line would be likely to hold such words too.
    """
    columns = list(zip(*(row for row in rows if len(row) == len(cells)), strict=True))
    if len(set(cells)) < len(cells) or not columns or len(rows) < 4:
        return False
    repeated = [column for column in columns if 2 * len(set(column)) <= len(column)]
    pairs = zip(cells, columns, strict=True)
    return bool(repeated) and all(cell not in column for cell, column in pairs)


def _counts(cells, texts):
    """Tell whether all names but one only count the columns: ``0,1,2,label``."""
    numbers = [(i, parse(cell)) for i, cell in enumerate(cells) if i not in texts]
    starts = {None if value is None else value - i for i, value in numbers}
    return len(texts) == 1 and len(starts) == 1 and starts <= {-1, 0, 1}


def _mostly_numbers(rows, column, decimal):
    found = [row[column] for row in rows if column < len(row)]
    found = [cell for cell in found if not is_missing(cell)]
    return 2 * sum(number(cell, decimal) is not None for cell in found) > len(found)

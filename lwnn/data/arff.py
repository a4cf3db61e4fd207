"""ARFF, the format of Weka: names and kinds of the columns, then comma-separated rows.

Source: I. H. Witten, E. Frank, M. Hall, "Data Mining", 3rd edition, section 2.4, "ARFF format".
"""

import re

from lwnn.data import cells
from lwnn.data.columns import assign
from lwnn.data.dialect import Dialect
from lwnn.data.labels import LabelCodes
from lwnn.data.text import lines_of, refuse_binary
from lwnn.errors import DataError

_ATTRIBUTE = re.compile(
    r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s'"{]+)\s*(.+)""", re.IGNORECASE
)
_KINDS = {"numeric": None, "real": None, "integer": None, "string": "text", "date": "date"}
_MOST_ATTRIBUTES = 1 << 20


def is_arff(start):
    """Tell whether a file that begins with these bytes is an ARFF file."""
    for line in start[: 1 << 16].removeprefix(b"\xef\xbb\xbf").splitlines():
        if line.strip() and not line.startswith(b"%"):
            return line[:9].lower() == b"@relation"
    return False


def read(source, request):
    """Read a table.

    Parameters
    ----------
    source : Source
    request : Request

    Returns
    -------
    Raw
    """
    refuse_binary(source)
    lines = enumerate(lines_of(source), 1)
    names, kinds, start = _read_header(source, lines)
    dialect = Dialect(",", tuple(names), len(names), start, comment="%")
    columns = assign(source.path, dialect, request)
    read_labels = request.need_labels and columns.target is not None
    numeric = read_labels and request.numeric
    codes = LabelCodes(request.known) if read_labels and not numeric else None
    rows = _rows(source.path, dialect, lines)
    memory = source.check_memory
    raw = cells.read(source.path, dialect, columns, rows, codes, numeric, kinds, memory)
    if not len(raw.x):
        source.refuse("has a header but no rows", "add rows")
    return raw


def _rows(path, dialect, lines):
    """Yield the rows; text may stand in quotes of either kind."""
    for number, line in lines:
        if line.lstrip().startswith("{"):
            remedy = "save it dense (in Weka: filter SparseToNonSparse)"
            raise DataError("a sparse row", path=path, line=number, remedy=remedy)
        single = "'" in line and '"' not in line
        yield from cells.rows_of(path, dialect, [(number, _requoted(line) if single else line)])


def _requoted(line):
    """Return a line with double quotes for the single ones that stand round a field."""
    return re.sub(r"(^|,)\s*'((?:[^'\\]|\\.)*)'\s*(?=,|$)", _in_double_quotes, line.rstrip("\r\n"))


def _in_double_quotes(found):
    text = re.sub(r"\\(.)", r"\1", found.group(2)).replace('"', '""')
    return f'{found.group(1)}"{text}"'


def _read_header(source, lines):
    """Return names, kinds by column, and the line behind ``@data``."""
    names, kinds = [], {}
    for number, line in lines:
        word = line.strip().partition(" ")[0].lower()
        if word == "@data":
            if not names:
                source.refuse("names no attributes before @data", "add an @attribute for each")
            return names, kinds, number + 1
        if word.startswith("@attribute"):
            name, kind = _attribute(source, number, line.strip())
            if kind is not None:
                kinds[len(names)] = kind
            names.append(name)
            if len(names) > _MOST_ATTRIBUTES:
                source.refuse("names more attributes than a table has", "give a table")
    return source.refuse("ends before @data", "download or copy it again")


def _attribute(source, line, text):
    """Return name and kind of an ``@attribute`` line."""
    found = _ATTRIBUTE.fullmatch(text)
    kind = found.group(2).strip() if found else ""
    word = kind.partition(" ")[0].lower()
    if kind.startswith("{"):
        word, kind = "nominal", "category"
    elif word in _KINDS:
        kind = _KINDS[word]
    else:
        problem = "an attribute that is not numeric, {a,b,...}, string or date"
        remedy = "write it as @attribute NAME numeric, or {a,b,...}"
        raise DataError(problem, path=source.path, line=line, remedy=remedy)
    name = found.group(1)
    if name[0] in "'\"":
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name.strip(), kind

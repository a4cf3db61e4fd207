"""Each bad table gives its own message: where, what, and what to do."""

import gzip
import re

import pytest

from lwnn.data import load
from lwnn.errors import DataError

GOOD = "1,2,a\n3,4,b\n5,6,a\n7,8,b\n"
NAMED = "temp,wind,label\n"

# case → (content, options, pattern of the message after the path)
BAD = {
    "empty": ("", {}, r": is empty; "),
    "only blank lines": ("\n \n\n", {}, r": is empty; "),
    "only a header": (NAMED, {}, r": has a header but no rows; add rows"),
    "word in a named column": (
        f"{NAMED}{GOOD}9,mild,a\n",
        {},
        r":6: column 'wind': 'mild' is not a number; .*use --target wind$",
    ),
    "word in a bare column": (f"{GOOD}9,mild,a\n", {}, r":5: column 1: .*use --target 1$"),
    "word beside a target that was named": (
        f"{NAMED}{GOOD}9,mild,a\n",
        {"target": "label"},
        r":6: column 'wind': 'mild' is not a number; repair .* leave .* out with --drop wind$",
    ),
    "word in the first row": ("x,2,3,a\n" + "1,2,3,b\n" * 4, {}, r":1: column 0: 'x' is not a num"),
    "blank lines are counted": (f"{GOOD}\n\n9,mild,a\n", {}, r":7: column 1: 'mild'"),
    "name with a blank": (
        f"temp,wind speed,label\n{GOOD}9,x,a\n",
        {},
        r"--target 'wind speed'$",
    ),
    "decimal comma among points": (
        "1.5;2;a\n3.5;4;b\n" * 2 + "2,5;1;a\n",
        {},
        r":5: column 0: '2,5' is not a number; write all decimals with a point",
    ),
    "decimal point among commas": (
        "1,5;2;a\n3,5;4;b\n" * 30 + "2.5;1;a\n",
        {},
        r":61: column 0: '2.5' is not a number; write all decimals with a comma",
    ),
    "underscore in a number": (f"{GOOD}1_0,2,a\n", {}, r":5: column 0: '1_0' is not a number"),
    "UTF-16": (GOOD.encode("utf-16"), {}, r": is UTF-16 text; save the file as UTF-8"),
    "NUL late in a label": (f"{GOOD * 200}9,1,a\0\n", {}, r":801: column 2: a NUL byte"),
    "NUL late in a number": (f"{GOOD * 200}9\0,1,a\n", {}, r":801: column 0: a NUL byte"),
    "binary": (b"\x7fELF\0\0\0", {}, r": is neither text nor an IDX or NPZ file"),
    "infinite": (f"{GOOD}9,-inf,a\n", {}, r":5: column 1: '-inf' is not a finite number; "),
    "beyond float32": (f"{GOOD}1e39,1,a\n", {}, r":5: column 0: '1e39' is too large for float32"),
    "short row": (f"{GOOD}9,a\n", {}, r":5: expected 3 fields, found 2; "),
    "long row": (f"{NAMED}{GOOD}9,9,9,a\n", {}, r":6: expected 3 fields, found 4; "),
    "header two names too short": (f"label\n{GOOD}c\n", {}, r":6: expected 3 fields, found 1; "),
    "header too long": (
        "temp,label,wind\n1,a\n2,b\n3,a\n4,b\n",
        {},
        r":2: expected 3 fields, found 2",
    ),
    "short row among names with blanks": (
        "1,2,New York\n3,4,San Jose\n5,New York\n7,8,San Jose\n",
        {},
        r":3: expected 3 fields, found 2; ",
    ),
    "endless quoted field": (
        f'{GOOD}9,9,"{"a" * 200_000}"\n',
        {},
        r": cannot be read as a table: ",
    ),
    "quote left open": (f'{GOOD}9,1,"a\n1,2,b\n', {}, r":5: a quote is left open; close it"),
    "name twice": (f"temp,temp,label\n{GOOD}", {}, r": column 'temp': stands in the header twice"),
    "no name": (f"temp,,label\n{GOOD}", {}, r": column 1: has no name; name it in the header"),
    "unknown target": (
        f"{NAMED}{GOOD}",
        {"target": "tmep"},
        r": there is no column 'tmep'; its columns are temp, wind, label",
    ),
    "target by name without header": (GOOD, {"target": "wind"}, r"no header; give an index from 0"),
    "index too large": (GOOD, {"target": 3}, r": there is no column 3; .* from 0 to 2"),
    "index too small": (GOOD, {"target": "-4"}, r": there is no column -4; "),
    "one column": ("1\n2\n3\n", {}, r": has only one column; "),
    "one class": ("1,a\n2,a\n3,a\n", {}, r": column '1': there is only one class, 'a'; .*--target"),
    "too few rows": ("1,a\n2,b\n3,c\n", {}, r": column '1': 3 rows are too few for 3 classes"),
    "measurement as label": (
        "\n".join(f"{i},{(i % 30) / 7}" for i in range(1000)),
        {},
        r": column '1': 30 different labels in 1000 rows look like a measurement or a "
        r"name, not a class; lwnn train --algo bp --task regression predicts numbers; .*--target",
    ),
    "name as label": (
        "\n".join(f"{i},id{i % 60}" for i in range(100)),
        {},
        r"60 different labels in 100 rows look like a measurement or a name, not a class; if anoth",
    ),
    "no label": (f"{NAMED}{GOOD}9,1,\n", {}, r":6: column 'label': the label is missing; "),
    "gzip cut short": (gzip.compress(GOOD.encode() * 500)[:-20], {}, r": its gzip data is damaged"),
    "gzip with rubbish": (gzip.compress(GOOD.encode()) + b"rubbish", {}, r": its gzip data is dam"),
}


@pytest.mark.parametrize(("content", "options", "message"), BAD.values(), ids=BAD)
def test_message(tmp_path, content, options, message):
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        load(path, **options)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert "\n" not in text
    assert re.search(message, text.removeprefix(str(path))), text


@pytest.mark.parametrize("token", ["", "?", "NA", "nan", "NaN", "N/A", " ", "-", "NULL", "null"])
def test_missing_values_are_named_as_such(tmp_path, token):
    path = tmp_path / "bad.csv"
    path.write_text(f"{NAMED}{GOOD}9,{token},a\n")
    with pytest.raises(DataError, match=r"bad.csv:6: column 'wind': missing value; .*--missing me"):
        load(path, missing="error")
    assert load(path).features == ("temp", "wind", "wind=?")


def test_the_good_part_of_these_tables_is_good(tmp_path):
    path = tmp_path / "good.csv"
    path.write_text(NAMED + GOOD)
    assert load(path).x.shape == (4, 2)


def test_an_endless_line_stops_early(tmp_path, monkeypatch):
    monkeypatch.setattr("lwnn.data.text.LONGEST_LINE", 1000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"1" * 10**6))
    with pytest.raises(DataError, match="a line is longer than 1000 characters"):
        load(path)


def test_a_table_larger_than_the_machine_is_refused_on_the_way(tmp_path, monkeypatch):
    monkeypatch.setattr("lwnn.data.source.machine_memory", lambda: 10**6)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"1,2\n" * 200_000))
    with pytest.raises(DataError, match="GB of memory, this machine has"):
        load(path)


def test_files_that_are_not_there_or_no_files(tmp_path):
    with pytest.raises(DataError, match=r"nothing.csv: cannot be read: No such file.*check the pa"):
        load(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="is a folder; give a file"):
        load(tmp_path)

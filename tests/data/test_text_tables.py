"""Tables come back as the numbers that were written, in whatever dialect."""

import gzip
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lwnn.data import load

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "blanks": "  "}
ROWS = [[5.1, -3.5e-3, 1], [4.9, 3, 2], [7, 1e10, 3], [0.25, 0, 4], [-1, 2, 5], [1, 1, 6]]
NAMES = ["red", "blue", "red", "green", "blue", "green"]


def table(delimiter=",", header=None, newline="\n"):
    lines = [] if header is None else [delimiter.join(header)]
    lines += [delimiter.join([*map(str, row), name]) for row, name in zip(ROWS, NAMES, strict=True)]
    return newline.join(lines) + newline


def save(folder, content, name="table.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def assert_is_the_table(data):
    np.testing.assert_array_equal(data.x, np.array(ROWS, np.float32))
    assert data.x.dtype == np.float32
    assert data.x.flags.c_contiguous
    assert data.y.dtype == np.int32
    assert data.labels == ("blue", "green", "red")
    assert [data.labels[code] for code in data.y] == NAMES


@pytest.mark.parametrize("delimiter", DELIMITERS.values(), ids=DELIMITERS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("header", [None, ["a", "b", "c", "colour"]], ids=["bare", "header"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_dialect(tmp_path, delimiter, newline, header, packed):
    content = table(delimiter, header, newline).encode()
    stored = gzip.compress(content) if packed else content
    # The name says nothing: the content is looked at.
    data = load(save(tmp_path, stored, "table.dat"))
    assert_is_the_table(data)
    assert data.features == (tuple(header[:3]) if header else ("x0", "x1", "x2"))
    assert data.target == ("colour" if header else "3")
    assert data.named == (header is not None)
    assert data.sha256 == hashlib.sha256(stored).hexdigest()


@pytest.mark.parametrize("header", [None, ["a", "b", "c", "colour"]], ids=["bare", "header"])
def test_a_byte_order_mark_is_no_part_of_the_table(tmp_path, header):
    data = load(save(tmp_path, b"\xef\xbb\xbf" + table(header=header).encode()))
    assert_is_the_table(data)
    assert data.features[0] == ("a" if header else "x0")


def test_quotes_blank_lines_and_blanks_round_fields(tmp_path):
    path = save(tmp_path, '"a, b";label\n\n"1" ; "say ""hi"""\n  \n 2;no \n3;no\n1;"say ""hi"""')
    data = load(path)
    assert data.features == ("a, b",)
    assert data.x.tolist() == [[1], [2], [3], [1]]
    assert data.labels == ("no", 'say "hi"')
    assert data.y.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("header", "target", "expected"),
    [
        ("a,b,c,d", None, 3),
        ("a,Label,c,d", None, 1),
        ("a,y,CLASS,d", None, 2),
        ("a,b,c,label", "a", 0),
        ("a,b,c,d", "1", 1),
        ("a,b,c,d", -2, 2),
        ("3,b,c,d", "3", 0),
        (None, "0", 0),
        (None, None, 3),
    ],
)
def test_the_label_column_is_the_one_asked_for_or_guessed(tmp_path, header, target, expected):
    rows = np.array([[i, j, i + j, 2 * j] for i in range(2) for j in range(2)] * 2) + 1
    lines = [] if header is None else [header]
    lines += [",".join(map(str, row)) for row in rows.tolist()]
    data = load(save(tmp_path, "\n".join(lines)), target=target)
    assert data.target == (str(expected) if header is None else header.split(",")[expected])
    np.testing.assert_array_equal(data.x, np.delete(rows, expected, axis=1))
    assert [int(data.labels[code]) for code in data.y] == rows[:, expected].tolist()


@pytest.mark.parametrize(
    ("written", "labels"),
    [
        (["5", "5.0", "10", "5.00", "+10", "1e1"], ("5", "10")),
        (["0.5", "-1", "-1.0", ".5"], ("-1", "0.5")),
        (["b", "a", "B", "a", "b", "B"], ("B", "a", "b")),
        (["10", "9", "x", "10", "9", "x"], ("10", "9", "x")),
        (["12345678901234567890", "2", "12345678901234567890", "2"], ("2", "12345678901234567890")),
        (["été", "ß", "été", "ß"], ("ß", "été")),
    ],
)
def test_one_class_for_all_spellings_of_a_number(tmp_path, written, labels):
    data = load(save(tmp_path, "\n".join(f"{i},{name}" for i, name in enumerate(written))))
    assert data.labels == labels
    assert len(set(data.y.tolist())) == len(labels)


@pytest.mark.parametrize("header", ["0,1,2,target", "1,2,3,label", "outcome 1,outcome 2,3,class"])
def test_headers_that_look_like_data(tmp_path, header):
    data = load(save(tmp_path, f"{header}\n" + "4,5,6,0\n7,8,9,1\n" * 2))
    assert data.features == tuple(header.split(",")[:3])
    assert data.labels == ("0", "1")


def test_progress_counts_the_stored_bytes(tmp_path):
    path = save(tmp_path, table() * 1000)
    calls = []
    load(path, progress=lambda done, total: calls.append((done, total)))
    size = path.stat().st_size
    assert calls
    assert calls == sorted(calls)
    assert calls[-1] == (size, size)


def test_take_gives_the_rows_in_the_order_asked_for(tmp_path):
    data = load(save(tmp_path, table()))
    taken = data.take(np.array([4, 0]))
    np.testing.assert_array_equal(taken.x, data.x[[4, 0]])
    assert taken.y.tolist() == data.y[[4, 0]].tolist()
    assert taken.schema == data.schema


numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(
    x=arrays.arrays(
        np.float32,
        st.tuples(st.integers(8, 60), st.integers(1, 6)),
        elements=numbers,
    ),
    delimiter=st.sampled_from(list(DELIMITERS.values())),
    header=st.booleans(),
    quoted=st.booleans(),
)
def test_random_tables_come_back_to_the_last_bit(tmp_path_factory, x, delimiter, header, quoted):
    mark = '"' if quoted else ""
    fields = [[f"{mark}{value!r}{mark}" for value in row] for row in x.tolist()]
    names = [f"c{i % 3}" for i in range(len(x))]
    lines = [delimiter.join([*row, name]) for row, name in zip(fields, names, strict=True)]
    if header:
        lines.insert(0, delimiter.join(f"{mark}f{i}{mark}" for i in range(x.shape[1] + 1)))
    # A column may be constant, or count the rows.
    data = load(save(tmp_path_factory.mktemp("random"), "\n".join(lines)), features=["all"])
    np.testing.assert_array_equal(data.x, x)
    assert [data.labels[code] for code in data.y] == names
    assert data.named == header


def test_blanks_in_names_do_not_part_columns(tmp_path):
    lines = ["1,2,the very long way round", "3,4,not the very long way"] * 3
    data = load(save(tmp_path, "\n".join(lines)))
    assert data.x.shape == (6, 2)
    assert data.labels == ("not the very long way", "the very long way round")

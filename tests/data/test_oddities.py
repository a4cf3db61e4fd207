"""Small files as other programs write them: each loads as a person would read it, or says why not.

Every file of the folder `oddities` has its entry here.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from lwnn.data import load
from lwnn.errors import DataError

FOLDER = Path(__file__).parent / "oddities"
FOUR = [[1, 2], [3, 4], [5, 6], [7, 8]]
TWO = ("size", "weight")

# file → (features, cells, what a note says)
READ = {
    "quoted_separators.csv": (
        ('name=Doe, "Jim"', "name=Smith, J.", "size"),
        [[0, 1, 1], [1, 0, 2], [0, 1, 3], [1, 0, 4]],
        "category: name",
    ),
    "decimal_comma.csv": (TWO, [[1.5, -2.25], [1234.5, 3], [0.5, 4], [2, 5]], ""),
    "decimal_comma_tabs.tsv": (TWO, [[1.5, 2], [3.5, 4], [5, 6], [7, 8]], ""),
    "grouped_thousands.csv": (("x0", "x1"), [[1234.5, 1], [2000, 2], [3, 3], [4.5, 4]], ""),
    "aligned_blanks.txt": (TWO, [[1.5, 10], [-2, 200], [30.25, 3], [4, 4]], ""),
    "comments.csv": (TWO, FOUR, ""),
    "header_in_comment.txt": (TWO, FOUR, ""),
    "preamble.csv": (
        ("size", "weight", "height"),
        [[1, 2, 3], [3, 4, 5], [5, 6, 8], [7, 8, 8]],
        "2 lines are taken for words above the table",
    ),
    "row_names.txt": (TWO, FOUR, "row names"),
    "unnamed_index.csv": (TWO, FOUR, "row names"),
    "windows_lines.csv": (TWO, FOUR, ""),
    "old_mac_lines.csv": (TWO, FOUR, ""),
    "latin1.csv": (
        ("größe", "farbe=grün", "farbe=rot"),
        [[1, 1, 0], [2, 0, 1], [3, 1, 0], [4, 0, 1]],
        "category: farbe",
    ),
    "byte_order_mark.csv": (TWO, FOUR, ""),
    "trailing_separator.csv": (TWO, FOUR, ""),
    "trailing_separator_bare.csv": (("x0", "x1"), FOUR, ""),
    "weka.arff": (
        ("size", "size=?", "main colour=dark, blue", "main colour=red"),
        [[1.5, 0, 0, 1], [3, 1, 1, 0], [3, 0, 0, 1], [4.5, 0, 0, 1]],
        "column left out: seen (dates)",
    ),
    "missing.csv": (
        ("size", "size=?", "weight", "weight=?"),
        [[1, 0, 5, 1], [4, 1, 2, 0], [4, 1, 5, 1], [4, 0, 5, 1], [5, 0, 5, 1], [6, 0, 8, 0]],
        "6 values missing in size, weight: the mean stands in",
    ),
    "missing_category.csv": (
        ("colour=blue", "colour=red", "colour=?", "size"),
        [[0, 1, 0, 1], [0, 0, 1, 2], [1, 0, 0, 3], [0, 1, 0, 4]],
        "1 value missing in colour: no level is set",
    ),
    "constant.csv": (TWO, FOUR, "column left out: site (constant)"),
    "dates.csv": (("size",), [[1], [2], [3], [4]], "left out: day (dates), clock (dates)"),
    "identifiers.csv": (
        ("size",),
        [[1], [2], [3], [4], [5]],
        "left out: sample_id (identifier), note (identifier)",
    ),
    "leak.csv": (
        ("day", "outcome=lost", "outcome=won", "size"),
        [[(i * 7) % 24, i % 2 == 0, i % 2, i * i % 13] for i in range(24)],
        "each value of outcome goes with one class only",
    ),
    "pipes.csv": (TWO, FOUR, ""),
    "numbers_and_a_word.csv": (
        ("children=0", "children=1", "children=3+", "size"),
        [[1, 0, 0, 1], [0, 0, 1, 2], [0, 1, 0, 3], [0, 0, 1, 4], [1, 0, 0, 5], [0, 1, 0, 6]],
        "category: children (3 levels)",
    ),
    "words_only.csv": (
        ("cap=bell", "cap=flat", "odour=foul", "odour=sweet"),
        [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 1, 0]],
        "categories: cap (2 levels), odour (2 levels)",
    ),
    "blanks_round_fields.csv": (
        ("size", "colour=blue", "colour=red, or so"),
        [[1, 0, 1], [2, 1, 0], [3, 0, 1], [4, 1, 0]],
        "category: colour",
    ),
    "blank_lines.csv": (TWO, FOUR, ""),
    "booleans.csv": (
        ("flag=FALSE", "flag=TRUE", "size"),
        [[0, 1, 1], [1, 0, 2], [0, 1, 3], [1, 0, 4]],
        "category: flag",
    ),
    "wild.csv": (
        TWO,
        [{7: [1e30, 11], 11: [2, -9.9e20]}.get(i, [i % 5, 10 + i % 7]) for i in range(40)],
        "",
    ),
}

# file → the message behind its path
REFUSED = {
    "refused_word.csv": r":4: column 'weight': 'mild' is not a number; .*--drop weight; .*--target",
    "refused_wide_row.csv": r":4: expected 3 fields, found 4; repair or remove the row$",
    "refused_open_quote.csv": r":3: a quote is left open; close it on the same line$",
    "refused_infinite.csv": r":3: column 'weight': 'inf' is not a finite number; fill in or rem",
    "refused_label_missing.csv": r":3: column 'kind': the label is missing; repair or remove the r",
    "refused_name_twice.csv": r": column 'size': stands in the header twice; rename$",
    "refused_sparse.arff": r":5: a sparse row; save it dense",
    "refused_mixed_decimals.csv": r":2: column 'size': '1,5' is not a number; write all decimals",
}


def test_every_file_is_told_of_here():
    files = {path.name for path in FOLDER.iterdir()}
    assert len(files) >= 25
    assert files == set(READ) | set(REFUSED)


@pytest.mark.parametrize(("name", "features", "cells", "note"), [(k, *v) for k, v in READ.items()])
def test_every_cell(name, features, cells, note):
    data = load(FOLDER / name)
    assert data.features == features
    np.testing.assert_array_equal(data.x, np.array(cells, np.float32))
    assert data.labels == ("a", "b")
    letters = ("ab" * len(cells))[: len(cells)]
    assert "".join(data.labels[code] for code in data.y) == letters
    assert note in " | ".join(data.notes)
    assert bool(note) == bool(data.notes)


@pytest.mark.parametrize("name", READ)
def test_its_own_schema_reads_the_same(name):
    """What a model keeps of a table makes the same features of the same file."""
    data = load(FOLDER / name)
    again = load(FOLDER / name, schema=data.schema)
    np.testing.assert_array_equal(again.x[data.x < 1e20], data.x[data.x < 1e20])
    assert again.y.tolist() == data.y.tolist()
    assert again.features == data.features


@pytest.mark.parametrize(("name", "message"), REFUSED.items())
def test_what_is_refused_says_where_and_what_to_do(name, message):
    with pytest.raises(DataError) as caught:
        load(FOLDER / name)
    text = str(caught.value).removeprefix(str(FOLDER / name))
    assert re.match(message, text), text

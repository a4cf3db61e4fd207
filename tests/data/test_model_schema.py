"""A trained model meets another file: columns and labels fit, or the message says what not."""

import numpy as np
import pytest

from lwnn.data import Schema, load
from lwnn.errors import DataError

NAMED = Schema(("a", "b", "c"), "kind", ("no", "yes"), True)
BARE = Schema(("x0", "x1", "x2"), "0", ("no", "yes"), False)
PIXELS = Schema(("x0", "x1", "x2"), None, ("no", "yes"), False)
EXPECTED = [[1, 2, 3], [4, 5, 6]]


@pytest.fixture
def save(tmp_path):
    def write(content):
        path = tmp_path / "new.csv"
        path.write_text(content)
        return path

    return write


FITTING = {
    "same order": (NAMED, "a,b,c,kind\n1,2,3,yes\n4,5,6,yes\n"),
    "other order": (NAMED, "kind,c,a,b\nyes,3,1,2\nyes,6,4,5\n"),
    "columns too many": (NAMED, "c,id,kind,a,b\n3,Q1,yes,1,2\n6,?,yes,4,5\n"),
    "label first, as in training": (BARE, "yes,1,2,3\nyes,4,5,6\n"),
    "label first, header added": (BARE, "u,v,w,label\nyes,1,2,3\nyes,4,5,6\n"),
    "trained on images": (PIXELS, "1,2,3,yes\n4,5,6,yes\n"),
    "trained on images, label by its name": (PIXELS, "label,a,b,c\nyes,1,2,3\nyes,4,5,6\n"),
}


@pytest.mark.parametrize("need_labels", [True, False])
@pytest.mark.parametrize(("schema", "content"), FITTING.values(), ids=FITTING)
def test_columns_find_their_place(save, schema, content, need_labels):
    data = load(save(content), schema=schema, need_labels=need_labels)
    np.testing.assert_array_equal(data.x, EXPECTED)
    assert data.features == schema.features
    assert data.labels == ("no", "yes")
    # One class only, and too few rows, are no fault in a test file.
    assert (data.y.tolist() == [1, 1]) if need_labels else data.y is None


@pytest.mark.parametrize("schema", [NAMED, BARE, PIXELS])
@pytest.mark.parametrize("content", ["1,2,3\n4,5,6\n", "a,b,c\n1,2,3\n4,5,6\n"])
def test_prediction_needs_no_labels(save, schema, content):
    data = load(save(content), schema=schema, need_labels=False)
    np.testing.assert_array_equal(data.x, EXPECTED)
    assert data.y is None
    with pytest.raises(DataError, match="label"):
        load(save(content), schema=schema)


def test_prediction_does_not_read_the_labels_that_are_there(save):
    path = save("a,b,c,kind\n1,2,3,?\n4,5,6,never seen\n")
    assert load(path, schema=NAMED, need_labels=False).x.shape == (2, 3)


def test_the_target_option_says_which_column_is_not_a_feature(save):
    data = load(save("1,2,yes,3\n4,5,no,6\n"), schema=NAMED, target=2)
    np.testing.assert_array_equal(data.x, EXPECTED)
    assert data.y.tolist() == [1, 0]


def test_the_label_cannot_be_a_feature(save):
    path = save("a,b,c,kind\n1,2,3,yes\n")
    with pytest.raises(DataError, match="column 'b': is a feature of the model and cannot be the"):
        load(path, schema=NAMED, target="b")


def test_numbers_are_a_header_where_the_model_knows_them_as_names(save):
    schema = Schema(("10", "20"), "30", ("no", "yes"), True)
    data = load(save("20,10,30\n2,1,yes\n4,3,no\n"), schema=schema)
    assert data.x.tolist() == [[1, 2], [3, 4]]


MISFITS = {
    "unseen label": (
        NAMED,
        "a,b,c,kind\n1,2,3,yes\n\n4,5,6,maybe\n",
        r"new.csv:4: column 'kind': label 'maybe' is unknown to the model: it knows no, yes; ",
    ),
    "column missing": (NAMED, "a,b,kind\n1,2,yes\n", r"new.csv: has no column 'c', which the mo"),
    "columns missing": (NAMED, "a,z,kind\n1,2,yes\n", r"no column 'b' \(and 1 more\), which"),
    "label missing": (NAMED, "a,b,c\n1,2,3\n", r"has no column 'kind', which holds the labels"),
    "too many": (BARE, "yes,1,2,3,4\n", r"new.csv: has 4 features, the model expects 3; "),
    "too few": (BARE, "yes,1\n", r"new.csv: has 1 feature, the model expects 3; "),
    "no header, label anywhere": (
        NAMED,
        "yes,1,2,3\n",
        r"has no header, so the label column 'kind' cannot be told; give it the header",
    ),
    "broken row among columns too many": (
        NAMED,
        "a,b,id,c,kind\n1,2,0,3,yes\n4,5,6,yes\n",
        r"new.csv:3: expected 5 fields, found 4",
    ),
}


@pytest.mark.parametrize(("schema", "content", "message"), MISFITS.values(), ids=MISFITS)
def test_message(save, schema, content, message):
    with pytest.raises(DataError, match=message):
        load(save(content), schema=schema)


def test_numeric_labels_match_in_any_spelling(save):
    schema = Schema(("a",), "label", ("5", "10"), True)
    assert load(save("a,label\n1,10.0\n2,5.00\n"), schema=schema).y.tolist() == [1, 0]

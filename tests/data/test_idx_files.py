"""IDX: images with the labels beside them; sizes that lie are refused before memory is taken."""

import gzip
import hashlib
import struct

import numpy as np
import pytest

from lwnn.data import Schema, load
from lwnn.errors import DataError

IMAGES = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
LABELS = np.array([7, 3, 7, 3, 3, 7], np.uint8)
CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array, shape=None):
    shape = array.shape if shape is None else shape
    header = bytes([0, 0, CODES[array.dtype.str[1:]], len(shape)]) + struct.pack(
        f">{len(shape)}I", *shape
    )
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def save(folder, images, labels, endings=("", ""), stem="train-{}-idx{}-ubyte"):
    paths = []
    for content, kind, ending in ((images, "images", endings[0]), (labels, "labels", endings[1])):
        path = folder / (stem.format(kind, 3 if kind == "images" else 1) + ending)
        if content is not None:
            path.write_bytes(gzip.compress(content) if ending == ".gz" else content)
        paths.append(path)
    return paths


@pytest.mark.parametrize("endings", [("", ""), ("", ".gz"), (".gz", ""), (".gz", ".gz")])
@pytest.mark.parametrize("stem", ["train-{}-idx{}-ubyte", "t10k-{}.idx{}-ubyte"])
def test_images_find_their_labels(tmp_path, endings, stem):
    paths = save(tmp_path, idx(IMAGES), idx(LABELS), endings, stem)
    data = load(paths[0])
    assert data.x.dtype == np.uint8
    np.testing.assert_array_equal(data.x, IMAGES.reshape(6, 20))
    assert data.x.flags.c_contiguous
    assert data.x.flags.writeable
    assert data.labels == ("3", "7")
    assert data.y.tolist() == [1, 0, 1, 0, 0, 1]
    assert data.image_shape == (4, 5)
    assert data.target is None
    stored = b"".join(path.read_bytes() for path in paths)
    assert data.sha256 == hashlib.sha256(stored).hexdigest()


@pytest.mark.parametrize("kind", CODES)
def test_every_number_type(tmp_path, kind):
    array = (np.arange(12).reshape(6, 2) * 10).astype(kind)
    data = load(save(tmp_path, idx(array), idx(LABELS))[0])
    assert data.x.dtype == (np.uint8 if kind == "u1" else np.float32)
    np.testing.assert_array_equal(data.x, array)
    assert data.image_shape is None


BAD = {
    "images cut short": (idx(IMAGES)[:-1], idx(LABELS), "is cut short"),
    "images too long": (idx(IMAGES) + b"\0", idx(LABELS), "is longer than the 120 bytes"),
    "header cut short": (idx(IMAGES)[:9], idx(LABELS), "is cut short within its header"),
    "header that lies": (idx(IMAGES, (2**31, 4, 5)), idx(LABELS), "is cut short"),
    "no rows": (idx(IMAGES[:0]), idx(LABELS[:0]), "holds no values"),
    "four dimensions": (idx(IMAGES[..., None]), idx(LABELS), "has 4 dimensions"),
    "labels missing": (idx(IMAGES), None, "there is no train-labels-idx1-ubyte or .*beside it"),
    "labels of other data": (idx(IMAGES), idx(LABELS[1:]), "has 5 labels, .* has 6 images"),
    "labels that are images": (idx(IMAGES), idx(IMAGES), "is not an IDX file of labels"),
    "labels that are text": (idx(IMAGES), b"7\n3\n", "is not an IDX file of labels"),
    "labels cut short": (idx(IMAGES), idx(LABELS)[:-1], "labels.*is cut short"),
    "one class": (idx(IMAGES), idx(LABELS * 0), "only one class"),
    "not finite": (
        idx(np.array([[0, 1], [1, np.nan]] * 3, "f4")),
        idx(LABELS),
        r"row 1 \(from 0\) holds a value that is missing",
    ),
}


@pytest.mark.parametrize("ending", ["", ".gz"], ids=["plain", "gzip"])
@pytest.mark.parametrize(("images", "labels", "message"), BAD.values(), ids=BAD)
def test_message(tmp_path, images, labels, message, ending):
    path = save(tmp_path, images, labels, (ending, ending))[0]
    with pytest.raises(DataError, match=message):
        load(path)


def test_a_gzip_bomb_takes_no_memory(tmp_path, monkeypatch):
    """A header may announce what the packed bytes cannot hold, or less than they do hold."""
    path = tmp_path / "train-images-idx3-ubyte.gz"
    taken = []
    empty = np.empty
    monkeypatch.setattr(np, "empty", lambda *a, **k: taken.append(a) or empty(*a, **k))
    path.write_bytes(gzip.compress(idx(IMAGES, (10**6, 100, 100))))
    with pytest.raises(DataError, match="is cut short"):
        load(path)
    assert not taken
    path.write_bytes(gzip.compress(idx(IMAGES) + bytes(10**7)))
    with pytest.raises(DataError, match="is longer than the 120 bytes"):
        load(path)
    assert taken == [(120, np.uint8)]


def test_images_larger_than_the_machine_are_refused(tmp_path, monkeypatch):
    path = save(tmp_path, idx(IMAGES), idx(LABELS))[0]
    monkeypatch.setattr("lwnn.data.source.machine_memory", lambda: IMAGES.nbytes - 1)
    with pytest.raises(DataError, match="GB of memory, this machine has"):
        load(path)


def test_with_a_model(tmp_path):
    path = save(tmp_path, idx(IMAGES), idx(LABELS))[0]
    names = tuple(f"x{i}" for i in range(20))
    schema = Schema(names, None, ("1", "3", "7"), False)
    assert load(path, schema=schema).y.tolist() == [2, 1, 2, 1, 1, 2]
    with pytest.raises(DataError, match=r"labels-idx1-ubyte: label\[0\]: label '7' is unknown"):
        load(path, schema=Schema(names, None, ("1", "3"), False))
    with pytest.raises(DataError, match="has 20 features, the model expects 64"):
        load(path, schema=Schema(tuple(map(str, range(64))), None, ("3", "7"), False))
    path.with_name("train-labels-idx1-ubyte").unlink()
    assert load(path, schema=schema, need_labels=False).y is None


def test_target_has_no_meaning_here(tmp_path):
    path = save(tmp_path, idx(IMAGES), idx(LABELS))[0]
    with pytest.raises(DataError, match="leave out --target"):
        load(path, target=0)

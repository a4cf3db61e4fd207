"""NPZ: x and y, never a pickle, no member that unpacks to more than it announces."""

import gzip
import hashlib
import io
import zipfile

import numpy as np
import pytest

from lwnn.data import Schema, load
from lwnn.errors import DataError

X = np.arange(24, dtype=np.float64).reshape(6, 4) / 8
Y = np.array([2, 10, 2, 10, 10, 2])


def save(folder, **arrays):
    path = folder / "data.bin"
    with open(path, "wb") as file:
        np.savez(file, **arrays)
    return path


@pytest.mark.parametrize("kind", ["u1", "i4", "f2", "f4", "f8", "?", ">f8"])
def test_every_number_type(tmp_path, kind):
    x = (X > 1) if kind == "?" else X.astype(kind)
    data = load(save(tmp_path, x=x, y=Y))
    assert data.x.dtype == (np.uint8 if kind == "u1" else np.float32)
    np.testing.assert_array_equal(data.x, x)
    assert data.labels == ("2", "10")
    assert data.y.tolist() == [0, 1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    "y", [Y.astype(str), Y.astype("S"), Y.astype(float), Y[:, None], Y.astype(np.uint8)]
)
def test_labels_in_any_type_are_the_same_classes(tmp_path, y):
    data = load(save(tmp_path, x=X, y=y))
    assert data.labels == ("2", "10")
    assert data.y.tolist() == [0, 1, 0, 1, 1, 0]


def test_columns_first_in_memory(tmp_path):
    data = load(save(tmp_path, x=np.asfortranarray(X.astype(np.float32)), y=Y))
    assert data.x.flags.c_contiguous
    np.testing.assert_array_equal(data.x, X)


def test_images_and_order_in_memory(tmp_path):
    x = np.asfortranarray(np.arange(48, dtype=np.uint8).reshape(6, 2, 4))
    path = tmp_path / "images.npz"
    np.savez_compressed(path, X=x, Y=Y)
    data = load(path)
    assert data.image_shape == (2, 4)
    assert data.x.flags.c_contiguous
    np.testing.assert_array_equal(data.x, x.reshape(6, 8))


def test_all_columns_may_be_asked_for(tmp_path):
    path = save(tmp_path, x=X, y=Y)
    np.testing.assert_array_equal(load(path, features=("all",)).x, load(path).x)
    for chosen in ({"features": ("0",)}, {"drop": ("0",)}):
        with pytest.raises(DataError, match="has no columns to choose from; leave out --features"):
            load(path, **chosen)


@pytest.mark.parametrize("member", ["[Content_Types].xml", "mimetype"])
def test_a_spreadsheet_is_told_from_arrays(tmp_path, member):
    path = tmp_path / "table.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, "x")
    with pytest.raises(DataError, match=r"table.xlsx: is a file of an office program; save the "):
        load(path)


BAD = {
    "no x": ({"x_train": X, "y": Y}, "has no array 'x', only: x_train, y"),
    "no y": ({"x": X}, "has no array 'y', only: x"),
    "other count": ({"x": X, "y": Y[1:]}, "'y' has 5 labels, 'x' has 6 rows"),
    "x is text": ({"x": X.astype(str), "y": Y}, "'x' is <U32, expected numbers"),
    "x is complex": ({"x": X.astype(complex), "y": Y}, "'x' is complex128, expected numbers"),
    "x is flat": ({"x": X[0], "y": Y}, r"'x' has shape \(4,\)"),
    "x is empty": ({"x": X[:0], "y": Y[:0]}, r"'x' has shape \(0, 4\)"),
    "x is a pickle": ({"x": X.astype(object), "y": Y}, "'x' holds Python objects"),
    "y is a pickle": ({"x": X, "y": Y.astype(object)}, "'y' holds Python objects"),
    "y is one-hot": ({"x": X, "y": np.eye(6)}, r"'y' is float64 of shape \(6, 6\)"),
    "not finite": ({"x": np.where(X == 1, np.inf, X), "y": Y}, r"row 2 \(from 0\)"),
    "beyond float32": ({"x": X * 1e300, "y": Y}, r"row 0 \(from 0\).* too large"),
    "missing label": ({"x": X, "y": np.where(Y == 2, np.nan, Y)}, r"y\[0\]: the label is missing"),
    "one class": ({"x": X, "y": Y * 0}, "only one class"),
}


@pytest.mark.parametrize(("arrays", "message"), BAD.values(), ids=BAD)
def test_message(tmp_path, arrays, message):
    with pytest.raises(DataError, match=f"data.bin: .*{message}"):
        load(save(tmp_path, **arrays))


def archive(path, x_bytes, method=zipfile.ZIP_DEFLATED):
    y = io.BytesIO()
    np.save(y, Y)
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("x.npy", x_bytes)
        file.writestr("y.npy", y.getvalue())


def header(shape):
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        content, {"descr": "<f8", "fortran_order": False, "shape": shape}
    )
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (header((10**9, 784)) + bytes(80), "'x' announces 6272000000000 bytes"),
        (header((6, 4)) + bytes(10**6), "'x' announces 192 bytes"),
        (header((-6, -4)) + bytes(192), "'x' "),
        (b"no array", "'x' is no NumPy array"),
        (b"\x93NUMPY\x09\x00", "version 9.0 is not known"),
        (b"", "'x' is no NumPy array"),
    ],
    ids=["announces more", "announces less", "negative", "rubbish", "version", "empty"],
)
def test_members_that_lie(tmp_path, content, message):
    path = tmp_path / "data.npz"
    archive(path, content)
    with pytest.raises(DataError, match=message):
        load(path)


def test_a_member_that_lies_about_its_size_to_the_zip_too(tmp_path):
    path = tmp_path / "data.npz"
    content = header((10**5, 784)) + bytes(80)
    archive(path, content)
    said, lie = (size.to_bytes(4, "little") for size in (len(content), len(content) + 627199920))
    stored = path.read_bytes()
    assert stored.count(said) == 2
    path.write_bytes(stored.replace(said, lie))
    with pytest.raises(DataError, match="'x' announces 627200000 bytes"):
        load(path)


def test_packing_without_a_ceiling(tmp_path):
    archive(tmp_path / "data.npz", header((6, 4)) + X.tobytes(), zipfile.ZIP_BZIP2)
    with pytest.raises(DataError, match="'x' is packed in a way that NumPy does not write"):
        load(tmp_path / "data.npz")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_the_digest_is_over_the_file_as_stored(tmp_path, packed):
    # Larger than what is read at once, so that parts are read again and out of order.
    x = np.random.default_rng(0).random((6, 60_000))
    path = save(tmp_path, y=Y, x=x)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    calls = []
    data = load(path, progress=lambda *call: calls.append(call))
    np.testing.assert_array_equal(data.x, x.astype(np.float32))
    assert data.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert calls[-1] == (path.stat().st_size, path.stat().st_size)


def test_every_cut_and_every_flipped_byte_is_survived(tmp_path):
    path = save(tmp_path, x=X.astype(np.float32), y=Y)
    good = path.read_bytes()
    whole = load(path)
    refused = 0
    for at in range(4, len(good)):
        for bad in (good[:at], good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1 :]):
            path.write_bytes(bad)
            try:
                data = load(path)
            except DataError:
                refused += 1
            else:
                np.testing.assert_array_equal(data.x, whole.x)
    assert refused > len(good)


def test_a_table_larger_than_the_machine_is_refused(tmp_path, monkeypatch):
    path = save(tmp_path, x=np.zeros((1000, 100)), y=np.arange(1000) % 2)
    monkeypatch.setattr("lwnn.data.source.machine_memory", lambda: 10**5)
    with pytest.raises(DataError, match="GB of memory, this machine has"):
        load(path)


def test_with_a_model(tmp_path):
    path = save(tmp_path, x=X, y=Y)
    schema = Schema(tuple("abcd"), "kind", ("10", "2"), True)
    data = load(path, schema=schema)
    assert data.y.tolist() == [1, 0, 1, 0, 0, 1]
    assert data.features == tuple("abcd")
    with pytest.raises(DataError, match=r"y\[1\]: label '10' is unknown to the model"):
        load(path, schema=Schema(tuple("abcd"), None, ("2",), False))


def test_a_lone_array_is_told_how_to_come(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(DataError, match="is a single NumPy array; store both with"):
        load(tmp_path / "x.npy")

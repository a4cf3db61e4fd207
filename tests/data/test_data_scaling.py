"""Scaling: learnt on training rows, steady for awkward columns, clipped for wild values."""

import numpy as np
import pytest

from lwnn.data import Dataset, Scaler


def dataset(x):
    names = tuple(f"x{i}" for i in range(x.shape[1]))
    return Dataset(x, np.zeros(len(x), np.int32), ("a",), names, None, None, "here", "")


@pytest.fixture
def x():
    random = np.random.default_rng(0)
    return (random.normal(size=(500, 4)) * [1, 1e-3, 50, 1e4] + [0, 5, -3, 1e6]).astype(np.float32)


def test_mean_zero_and_deviation_one_on_the_training_rows(x):
    rows = np.arange(300)
    scaler = Scaler.for_dataset(dataset(x), rows)
    scaled = scaler.apply(x[rows])
    assert scaled.dtype == np.float32
    assert scaled.flags.c_contiguous
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-3)
    changed = x.copy()
    changed[300:] = 1e9
    other = Scaler.for_dataset(dataset(changed), rows)
    np.testing.assert_array_equal(other.offset, scaler.offset)
    np.testing.assert_array_equal(other.scale, scaler.scale)


@pytest.mark.parametrize("kind", [np.float32, np.uint8])
def test_chunks_do_not_change_the_result(monkeypatch, kind):
    x = np.random.default_rng(1).integers(0, 255, (1001, 7)).astype(kind)
    whole = Scaler.standard(x)
    monkeypatch.setattr("lwnn.data.scaling._CHUNK_VALUES", 70)
    pieces = Scaler.standard(x)
    np.testing.assert_allclose(pieces.offset, whole.offset, rtol=1e-6)
    np.testing.assert_allclose(pieces.scale, whole.scale, rtol=1e-6)
    np.testing.assert_allclose(whole.offset, x.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e30, -16777217.0])
def test_a_constant_column_counts_for_nothing(x, value):
    x[:, 1] = value
    scaler = Scaler.standard(x)
    assert scaler.scale[1] == 0
    assert np.isfinite(scaler.offset).all()
    x[:, 1] += 1000
    assert (scaler.apply(x)[:, 1] == 0).all()


def test_huge_and_tiny_columns_stay_finite():
    x = np.array([[3e38, 1e-44], [-3e38, 0], [3e38, 0]], np.float32)
    scaled = Scaler.standard(x).apply(x)
    assert np.isfinite(scaled).all()
    denormal = np.array([[2], [0], [1]], np.float32) * np.float32(1e-45)
    assert np.isfinite(Scaler.standard(denormal).apply(denormal)).all()
    constant = Scaler.standard(np.full((2, 1), -3e38, np.float32))
    assert constant.apply(np.array([[3e38]], np.float32)).tolist() == [[0]]


def test_wild_values_are_clipped(x):
    scaler = Scaler.standard(x)
    wild = scaler.apply(np.full((1, 4), 3e38, np.float32))
    np.testing.assert_array_equal(wild, [[10, 10, 10, 10]])
    np.testing.assert_array_equal(scaler.apply(np.full((1, 4), -3e38, np.float32)), -wild)


def test_bytes_become_zero_to_one():
    x = np.array([[0, 51, 255]], np.uint8)
    scaler = Scaler.for_dataset(dataset(x), np.array([0]))
    np.testing.assert_allclose(scaler.apply(x), [[0, 0.2, 1]], rtol=1e-6)
    assert scaler.offset.tolist() == [0, 0, 0]

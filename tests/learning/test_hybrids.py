"""Masks and partners for hybrids of two rows."""

import numpy as np
import pytest

from lwnn.learning.hybrids import _blurred, masks, partners


@pytest.mark.parametrize(
    ("inputs", "shape"), [(2, None), (4, None), (784, (28, 28)), (64, (8, 8)), (9, (3, 3))]
)
def test_every_mask_has_both_kinds_about_alike(inputs, shape):
    drawn = masks(400, inputs, shape, np.random.default_rng(1))
    assert drawn.dtype == np.uint8
    assert drawn.shape == (400, inputs)
    assert set(np.unique(drawn)) == {0, 1}
    assert (drawn.min(axis=1) == 0).all()
    assert (drawn.max(axis=1) == 1).all()
    assert drawn.mean() == pytest.approx(0.5, abs=0.05)
    assert len({mask.tobytes() for mask in drawn}) > 1


def test_a_blur_by_hand():
    image = np.array([[[0, 0, 16]]], np.float32)
    assert _blurred(image, 1).tolist() == [[[0, 4, 12]]]
    square = _blurred(np.array([[[16, 0], [0, 0]]], np.float32), 1)
    assert square.tolist() == [[[9, 3], [3, 1]]]


def test_a_partner_is_any_other_row():
    drawn = np.array([partners(5, np.random.default_rng(seed)) for seed in range(600)])
    assert drawn.dtype == np.int32
    for row in range(5):
        counts = np.bincount(drawn[:, row], minlength=5)
        assert counts[row] == 0
        assert np.abs(np.delete(counts, row) - 150).max() <= 5 * np.sqrt(150)


def test_the_generator_decides():
    one, again, other = (masks(9, 64, (8, 8), np.random.default_rng(n)) for n in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)

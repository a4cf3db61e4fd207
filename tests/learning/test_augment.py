"""Moved images: how far, how often, and that the rows themselves stay."""

import numpy as np
import pytest

from lwnn.errors import UsageError
from lwnn.learning.augment import Shifts


def single_pixels(count, size=9):
    """Images that are dark but for one pixel in the middle."""
    x = np.zeros((count, size * size), np.uint8)
    x[:, size * size // 2] = 255
    return x


def test_every_move_comes_up_about_equally_and_no_other():
    count, most = 5000, 2
    x = single_pixels(count)
    shifts = Shifts(x, (9, 9), most, np.random.default_rng(1))
    shifts.draw()
    assert (shifts.moved.sum(axis=1) == 255).all()
    down, right = np.divmod(shifts.moved.argmax(axis=1), 9)
    counts = np.zeros((9, 9), int)
    np.add.at(counts, (down, right), 1)
    inside = counts[2:7, 2:7]
    assert inside.sum() == count
    expected = count / 25
    assert np.abs(inside - expected).max() <= 5 * np.sqrt(expected)


def test_rows_stay_and_every_draw_differs():
    x = single_pixels(50)
    before = x.copy()
    shifts = Shifts(x, (9, 9), 1, np.random.default_rng(1))
    draws = []
    for _ in range(3):
        shifts.draw()
        draws.append(shifts.moved.tobytes())
    assert len(set(draws)) == 3
    assert np.array_equal(x, before)
    assert shifts.nbytes == x.nbytes


def test_moves_that_leave_nothing_are_refused():
    with pytest.raises(UsageError, match="shift:8 moves images of 8x9 pixels away; try shift:1"):
        Shifts(np.zeros((3, 72), np.uint8), (8, 9), 8, np.random.default_rng(1))

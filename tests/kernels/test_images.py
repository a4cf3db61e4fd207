"""Images moved by whole pixels: against the twin, and by hand."""

import numpy as np
import pytest
from kernel_problems import Fenced

from lwnn._kernels import reference

SHAPES = [(1, 1), (1, 9), (8, 8), (5, 13), (28, 28)]


def moved(kernels, x, shape, moves):
    out = Fenced(np.zeros_like(x))
    kernels.shift_images(x, *shape, moves, out.inside)
    out.check()
    return out.inside


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_moves_match_the_twin(kernels, shape, dtype):
    random = np.random.default_rng(sum(shape))
    x = random.integers(0, 256, (40, shape[0] * shape[1])).astype(dtype)
    most = np.array(shape) - 1
    moves = random.integers(-most, most + 1, (40, 2)).astype(np.int32)
    assert shape == (1, 1) or moves.any()
    got, want = moved(kernels, x, shape, moves), moved(reference, x, shape, moves)
    assert np.array_equal(got, want)


def test_a_move_by_hand(kernels):
    image = np.arange(12, dtype=np.uint8).reshape(1, 12)
    moves = np.array([[1, -2]], np.int32)
    want = [[2, 3, 3, 3], [2, 3, 3, 3], [6, 7, 7, 7]]
    assert moved(kernels, image, (3, 4), moves).reshape(3, 4).tolist() == want

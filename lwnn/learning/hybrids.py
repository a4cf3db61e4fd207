"""Hybrids of two rows: the negatives of unsupervised Forward-Forward (Hinton 2022)."""

import numpy as np

#: Masks that are kept ready; drawing one for every row would cost more than learning from it.
MOST_MASKS = 8192
#: How often a mask of Hinton's size is blurred, and that size: digits of 28 x 28 pixels.
_BLURS, _SIZE = 6, 28


def masks(count, inputs, shape, rng):
    """Masks of zeros and ones, each with both in it.

    Parameters
    ----------
    count, inputs : int
    shape : tuple of (int, int), or None
        Height and width of images; None for tables.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of uint8, shape (count, inputs)
        For images: random bits, blurred several times with [1/4 1/2 1/4] in both directions and
        cut at a half, so that there are large regions of either. For tables: features at random.
    """
    drawn = rng.integers(0, 2, (count, inputs), np.uint8)
    if shape:
        times = max(1, round(_BLURS * (min(shape) / _SIZE) ** 2))
        drawn = (_blurred(drawn.reshape(count, *shape), times) > 0.5).astype(np.uint8)
        drawn = drawn.reshape(count, inputs)
    # A hybrid by a mask of one kind would be no hybrid.
    uniform = np.flatnonzero(drawn.min(axis=1) == drawn.max(axis=1))
    drawn[uniform, rng.integers(0, inputs, len(uniform))] ^= 1
    return drawn


def _blurred(images, times):
    images = images.astype(np.float32)
    for _ in range(times):
        for axis in (1, 2):
            padding = [(int(axis == a),) * 2 for a in range(3)]
            wide = np.pad(images, padding, mode="edge")
            parts = (np.moveaxis(wide, axis, 0)[n : n + images.shape[axis]] for n in range(3))
            before, here, after = parts
            images = np.moveaxis((before + 2 * here + after) / 4, 0, axis)
    return images


def partners(rows, rng):
    """For every row another one, each with the same chance.

    Returns
    -------
    ndarray of int32, shape (rows,)
    """
    steps = rng.integers(1, max(2, rows), rows)
    return ((np.arange(rows) + steps) % rows).astype(np.int32)

"""More rows than there are: images moved by a few pixels, anew in every epoch."""

import numpy as np

from lwnn._kernels import kernels
from lwnn.errors import UsageError


class Shifts:
    """Moves every image down or up, right or left, by as many pixels as chance will have it.

    Hinton 2022 trains so on "jittered" digits, by up to two pixels in either direction. The
    pixels at the edge are repeated into what opens up behind it.

    Parameters
    ----------
    x : ndarray of float32 or uint8, shape (n, height * width)
        Raw rows; they stay as they are.
    shape : tuple of (int, int)
        Height and width.
    most : int
        Every move of -most to most pixels has the same chance, in either direction.
    rng : numpy.random.Generator

    Attributes
    ----------
    moved : ndarray, as `x`
        What the last `draw` made.

    Raises
    ------
    UsageError
        When nothing of an image would be left.
    """

    def __init__(self, x, shape, most, rng):
        if most >= min(shape):
            size = "x".join(map(str, shape))
            remedy = "try shift:1" if min(shape) > 1 else "leave it out"
            raise UsageError(f"--augment shift:{most} moves images of {size} pixels away; {remedy}")
        self.x, self.shape, self.most, self.rng = x, shape, most, rng
        self.moved = np.empty_like(x)

    def of(self, x):
        """The same for other rows, by the same random numbers."""
        return Shifts(x, self.shape, self.most, self.rng)

    @property
    def nbytes(self):
        """Bytes that the moved images take."""
        return self.moved.nbytes

    def draw(self):
        """Move all images anew."""
        moves = self.rng.integers(-self.most, self.most + 1, (len(self.x), 2)).astype(np.int32)
        kernels.shift_images(self.x, *self.shape, moves, self.moved)

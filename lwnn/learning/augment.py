"""More rows than there are: images moved by a few pixels, rows with gaps, anew in every epoch."""

import numpy as np

from lwnn._kernels import kernels
from lwnn.errors import UsageError

_CHUNK_VALUES = 1 << 22


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
    gain : float
        Factor on the inputs while the net learns: 1.

    Raises
    ------
    UsageError
        When nothing of an image would be left.
    """

    gain = 1.0

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


class Silences:
    """Silences a share of every row's inputs, so that no unit can lean on a few of them.

    Dropout of visible units (Srivastava et al. 2014, JMLR 15). What is left is made louder by
    `gain` where rows are scaled, so that a unit's sum stays what it is without gaps.

    Parameters
    ----------
    x : ndarray of float32 or uint8, shape (n, inputs)
        Raw rows; they stay as they are.
    share : float
        Chance of an input to be silent, in [0, 1).
    quiet : ndarray, shape (inputs,)
        What a silent input reads, as in `x`: the value that is scaled to 0.
    rng : numpy.random.Generator
    shifts : Shifts, optional
        What moves the rows before.

    Attributes
    ----------
    moved : ndarray, as `x`
        What the last `draw` made.
    gain : float
    """

    def __init__(self, x, share, quiet, rng, shifts=None):
        self.x, self.share, self.rng, self.shifts = x, share, rng, shifts
        self.quiet = quiet.astype(x.dtype)
        self.gain = 1 / (1 - share)
        self.moved = np.empty_like(x)

    def of(self, x):
        """The same for other rows, by the same random numbers."""
        shifts = self.shifts and self.shifts.of(x)
        return Silences(x, self.share, self.quiet, self.rng, shifts)

    @property
    def nbytes(self):
        """Bytes that the changed rows take."""
        return self.moved.nbytes + (self.shifts.nbytes if self.shifts else 0)

    def draw(self):
        """Silence inputs anew."""
        x = self.x
        if self.shifts:
            self.shifts.draw()
            x = self.shifts.moved
        step = max(1, _CHUNK_VALUES // x.shape[1])
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            heard = self.rng.random(x[rows].shape, np.float32) >= self.share
            np.copyto(self.moved[rows], self.quiet)
            np.copyto(self.moved[rows], x[rows], where=heard)

"""A mean of the weights over the last epochs: less left to the chance of the last mini-batches.

With w the weights after an epoch, n the epochs since the net or this part of it began to learn, and
N the span::

    w̄ ← w̄ + (w - w̄) / min(n, N)

At first a plain mean (Polyak & Juditsky 1992, SIAM J. Control Optim. 30; for nets Izmailov et al.
2018, 1803.05407), then one in which older epochs fade. Learning goes on from w itself.
"""

import contextlib

import numpy as np


class Average:
    """The running mean of a parameter vector.

    Parameters
    ----------
    vector : ndarray of float32, shape (size,)
        What learning changes in place.
    span : int
        Epochs that the mean goes back, roughly; 1 is no mean at all.
    """

    def __init__(self, vector, span=1):
        self.vector, self.span = vector, span
        #: No memory is taken where nothing is averaged.
        self.mean = np.empty(vector.size if span > 1 else 0, np.float32)
        self.scratch = np.empty_like(self.mean)
        self.taken = 0

    @property
    def nbytes(self):
        """Bytes that the mean takes, and what it is worked out in."""
        return self.mean.nbytes + self.scratch.nbytes

    def restart(self):
        """Forget all epochs."""
        self.taken = 0

    def take(self):
        """Count the vector as it is now in."""
        self.taken += 1
        if not self.mean.size:
            return
        if self.taken == 1:
            self.mean[:] = self.vector
            return
        np.subtract(self.vector, self.mean, out=self.scratch)
        self.scratch /= min(self.taken, self.span)
        self.mean += self.scratch

    @contextlib.contextmanager
    def in_place(self):
        """The vector is its mean within; after that it is again what it was."""
        if not self.mean.size:
            yield
            return
        self.scratch[:] = self.vector
        self.vector[:] = self.mean
        try:
            yield
        finally:
            self.vector[:] = self.scratch

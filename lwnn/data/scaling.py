"""Features to a common scale, learnt on training rows only."""

from dataclasses import dataclass

import numpy as np

_CHUNK_VALUES = 1 << 22
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Scaler:
    """value = clip((x - offset) * scale, -clip, clip), in float32.

    Parameters
    ----------
    offset, scale : ndarray, shape (f,), float32
    clip : float
        Keeps a wild value in new data from swamping the net.
    """

    offset: np.ndarray
    scale: np.ndarray
    clip: float = 10.0

    @classmethod
    def standard(cls, x, timesteps=1):
        """Learn mean 0 and standard deviation 1 from training rows.

        A constant column gets scale 0: it says nothing, and a new value in it must not count.

        Parameters
        ----------
        x : ndarray, shape (n, f), uint8 or float32
            The training rows, n >= 1.
        timesteps : int
            How many steps a row has, which share the scale of each feature.
        """
        if timesteps > 1:
            step = cls.standard(x.reshape(len(x) * timesteps, -1))
            return cls(np.tile(step.offset, timesteps), np.tile(step.scale, timesteps))
        step = max(1, _CHUNK_VALUES // x.shape[1])
        chunks = [slice(start, start + step) for start in range(0, len(x), step)]
        mean = sum(x[rows].sum(axis=0, dtype=np.float64) for rows in chunks) / len(x)
        # A second pass over differences: sums of squares cancel where the mean is large.
        squares = sum(((x[rows] - mean) ** 2).sum(axis=0) for rows in chunks)
        deviation = np.sqrt(squares / len(x))
        deviation[x.min(axis=0) == x.max(axis=0)] = np.inf
        scale = np.minimum(1 / deviation, _LARGEST)
        return cls(mean.astype(np.float32), scale.astype(np.float32))

    @classmethod
    def pixels(cls, features):
        """Map bytes to 0..1: offset 0, scale 1/255 for each of `features` columns."""
        zeros = np.zeros(features, np.float32)
        return cls(zeros, np.full(features, 1 / 255, np.float32))

    @classmethod
    def for_dataset(cls, dataset, rows, timesteps=1):
        """Return the scaler that fits the data: `pixels` for uint8, else `standard` on `rows`."""
        if dataset.x.dtype == np.uint8:
            return cls.pixels(dataset.x.shape[1])
        return cls.standard(dataset.x[rows], timesteps)

    def apply(self, x):
        """Scale rows.

        Parameters
        ----------
        x : ndarray, shape (n, f), uint8 or float32

        Returns
        -------
        ndarray, shape (n, f), float32, C-contiguous
        """
        # Overflow is no fault here, it is clipped; but infinity times a scale of 0 would be nan.
        with np.errstate(over="ignore"):
            scaled = np.subtract(x, self.offset, dtype=np.float32)
            np.clip(scaled, -_LARGEST, _LARGEST, out=scaled)
            scaled *= self.scale
        return np.clip(scaled, -self.clip, self.clip, out=scaled)

"""Features to a common scale, learnt on training rows only."""

from dataclasses import dataclass, replace

import numpy as np

from lwnn.data.kinds import pixels
from lwnn.data.recipe import Recipe

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
    recipe : Recipe or None
        What comes before: stand-ins and bounds, learnt on the same rows.
    """

    offset: np.ndarray
    scale: np.ndarray
    clip: float = 10.0
    recipe: Recipe | None = None

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
        """Return the scaler that fits the data.

        Bytes get `pixels`; all else gets `standard`, behind bounds that keep wild values from
        ruining it. Rows that look like images have none.

        Parameters
        ----------
        dataset : Dataset
        rows : ndarray of int
            The training rows.
        timesteps : int
            How many steps a row has, which share the scale of each feature.
        """
        if dataset.x.dtype == np.uint8:
            return cls.pixels(dataset.x.shape[1])
        part = dataset.take(rows)
        if dataset.recipe is None and pixels(dataset.x):
            return cls.standard(part.x, timesteps)
        recipe = dataset.recipe or Recipe.as_they_are(dataset.features)
        recipe = recipe.fitted(part.x, part.gaps)
        x = recipe.applied(part.x, part.gaps)
        return replace(cls.standard(x, timesteps), recipe=recipe)

    def prepared(self, dataset):
        """Return the rows of a dataset with the stand-ins and within the bounds that were learnt.

        Parameters
        ----------
        dataset : Dataset
            The one that the scaler was made for, or some of its rows, or others read by its schema.

        Returns
        -------
        ndarray, shape (n, f)
        """
        return dataset.x if self.recipe is None else self.recipe.applied(dataset.x, dataset.gaps)

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

"""How the columns of a table become the inputs of a net: simple data, which a model keeps.

A number is one input, a category one for each level (1 where the row has it, else 0: a level that
was never seen is 0 in all). Either may have one more input, which is 1 where the value is missing.
Numbers are clipped to bounds learnt on the training rows; scaling is not the business of a recipe.
"""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

#: Half the width of a column's bounds, in distances between its 5 % and 95 % quantiles.
_REACH = 3.0


@dataclass(frozen=True)
class Column:
    """One column of a file.

    Parameters
    ----------
    name : str
    place : int
        Among the columns of the file that are not the label, from 0.
    kind : {'number', 'category'}
    levels : tuple of str
        Of a category.
    fill : float or None
        What stands in for a missing number; None where missing values are refused.
    indicator : bool
        Whether a further input tells that the value is missing.
    low, high : float
        Bounds of a number.
    """

    name: str
    place: int
    kind: str = "number"
    levels: tuple[str, ...] = ()
    fill: float | None = 0.0
    indicator: bool = False
    low: float = -math.inf
    high: float = math.inf

    @property
    def inputs(self):
        """How many inputs of the net it becomes."""
        return (1 if self.kind == "number" else len(self.levels)) + self.indicator

    @property
    def names(self):
        """Names of its inputs."""
        values = [self.name]
        if self.kind == "category":
            values = [f"{self.name}={level}" for level in self.levels]
        return (*values, f"{self.name}=?") if self.indicator else tuple(values)


@dataclass(frozen=True)
class Recipe:
    """All columns of a file that are read, in the order of their inputs.

    Parameters
    ----------
    columns : tuple of Column
    width : int
        Columns of the file that are not the label, read or not.
    """

    columns: tuple[Column, ...]
    width: int

    @classmethod
    def as_they_are(cls, names):
        """Return the recipe that makes each column one input."""
        columns = tuple(Column(name, place) for place, name in enumerate(names))
        return cls(columns, len(columns))

    @property
    def starts(self):
        """First input of each column, and behind the last the number of inputs."""
        starts = [0]
        for column in self.columns:
            starts.append(starts[-1] + column.inputs)
        return starts

    @property
    def inputs(self):
        """Number of inputs."""
        return self.starts[-1]

    @property
    def features(self):
        """Names of the inputs, each different."""
        names = {}
        for column in self.columns:
            for name in column.names:
                unique = name
                # A column may have the very name that a level of another gets.
                while unique in names:
                    unique += "'"
                names[unique] = None
        return tuple(names)

    @property
    def plain(self):
        """Whether each column is a number, and one input."""
        return all(column.kind == "number" and not column.indicator for column in self.columns)

    def numbers(self):
        """Yield (place in the recipe, column, its input) of the numbers."""
        for i, (column, start) in enumerate(zip(self.columns, self.starts, strict=False)):
            if column.kind == "number":
                yield i, column, start

    @functools.cached_property
    def bounds(self):
        """Least and greatest value of each input, float32 (2, inputs), or None without bounds."""
        bounds = np.empty((2, self.inputs), np.float32)
        bounds[0], bounds[1] = -np.inf, np.inf
        for _, column, start in self.numbers():
            bounds[:, start] = column.low, column.high
        return None if np.isinf(bounds).all() else bounds

    def clipped(self, x):
        """Return rows within the bounds: `x` itself, or a new array."""
        if self.bounds is None:
            return x
        low, high = self.bounds
        # For a single row half the time of numpy.clip.
        return np.minimum(np.maximum(x, low), high)

    def readings(self, x, gaps):
        """Return rows as the file has them: a number for each column.

        Parameters
        ----------
        x : ndarray of float32 or uint8, shape (n, inputs)
        gaps : dict of int to ndarray of int64
            By input: the rows that hold a stand-in.

        Returns
        -------
        ndarray of float32 or uint8, shape (n, len(columns))
            Of a category the index of its level, -1 where the row has none; not a number where
            the value is missing.
        """
        if self.plain and not gaps:
            return x
        rows = np.empty((len(x), len(self.columns)), np.float32)
        for i, (column, start) in enumerate(zip(self.columns, self.starts, strict=False)):
            rows[:, i] = x[:, start]
            if column.kind == "category":
                levels = x[:, start : start + len(column.levels)]
                rows[:, i] = np.where(levels.any(axis=1), levels.argmax(axis=1), -1)
            elif start in gaps:
                rows[gaps[start], i] = np.nan
            if column.indicator:
                rows[x[:, start + column.inputs - 1] != 0, i] = np.nan
        return rows

    def with_means(self, x, gaps):
        """Return the recipe with stand-ins learnt from rows: as `fitted`, without bounds."""
        return self._learnt(x, gaps, lambda values: (-math.inf, math.inf))

    def fitted(self, x, gaps):
        """Return the recipe with stand-ins and bounds learnt from rows.

        Parameters
        ----------
        x : ndarray, shape (n, inputs), float32
            The training rows.
        gaps : dict of int to ndarray of int64
            By input: rows that hold a stand-in, which say nothing.
        """
        return self._learnt(x, gaps, bounds_of)

    def _learnt(self, x, gaps, find_bounds):
        columns = list(self.columns)
        for i, column, start in self.numbers():
            values = np.delete(x[:, start], gaps[start]) if start in gaps else x[:, start]
            if not len(values):
                continue
            low, high = find_bounds(values)
            fill = column.fill
            if fill is not None:
                fill = float(np.float32(np.clip(values, low, high).mean(dtype=np.float64)))
            columns[i] = replace(column, fill=fill, low=low, high=high)
        return replace(self, columns=tuple(columns))

    def applied(self, x, gaps):
        """Return a new array of rows with this recipe's stand-ins, and within its bounds.

        Parameters
        ----------
        x, gaps
            As for `fitted`.
        """
        x = np.array(x) if self.bounds is None else self.clipped(x)
        for _, column, start in self.numbers():
            if start in gaps and column.fill is not None:
                x[gaps[start], start] = column.fill
        return x


def bounds_of(values):
    """Return median ± 3 · (q95 - q5): what lies beyond is no measurement.

    Of a column that mostly holds one value, the others are looked at; with no spread in those
    either it has no bounds.

    Parameters
    ----------
    values : ndarray, shape (n,), float32

    Returns
    -------
    low, high : float
        Of float32.
    """
    usual = np.median(values)
    low, high = _reach(values)
    if low == high:
        others = values[values != usual]
        low, high = _reach(others) if len(others) else (usual, usual)
        if low == high:
            return -math.inf, math.inf
        low, high = min(low, usual), max(high, usual)
    most = np.finfo(np.float32).max
    low, high = np.clip([low, high], -most, most).astype(np.float32)
    return float(low), float(high)


def _reach(values):
    q5, middle, q95 = np.quantile(values.astype(np.float64), (0.05, 0.5, 0.95))
    return middle - _REACH * (q95 - q5), middle + _REACH * (q95 - q5)

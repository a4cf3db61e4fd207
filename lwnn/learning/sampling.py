"""The rows of an epoch, in random order: each of them once, or as often as its class counts."""

import numpy as np


def permuted(y, weights, rng):
    """Row numbers of an epoch.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Class of every row, where there are weights.
    weights : ndarray of float64, shape (classes,), or None
        A class gets a share of the epoch in proportion to its rows times its weight: its rows
        come up several times, or only some of them do, others in every epoch. So every rule
        learns from weighted classes, and what an epoch expects of a gradient is that of the
        weighted cost.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int32, shape (n,)
    """
    if weights is None:
        return rng.permutation(len(y)).astype(np.int32)
    rows = [np.flatnonzero(y == code) for code in range(len(weights))]
    parts = [
        _some(of_class, count, rng)
        for of_class, count in zip(rows, _shares(rows, weights, rng), strict=True)
    ]
    return rng.permutation(np.concatenate(parts)).astype(np.int32)


def _shares(rows, weights, rng):
    """How many rows each class gets, as many together as there are.

    Rounded by one random number for all (systematic sampling), so that each is right on average.
    """
    wanted = np.cumsum([len(of_class) * w for of_class, w in zip(rows, weights, strict=True)])
    edges = np.floor(wanted / wanted[-1] * sum(map(len, rows)) + rng.random())
    return np.diff(edges, prepend=0).astype(int).tolist()


def _some(rows, count, rng):
    """So many of the rows: all alike often, but for one."""
    times, rest = divmod(count, max(1, len(rows)))
    return np.concatenate([np.repeat(rows, times), rng.permutation(rows)[:rest]])

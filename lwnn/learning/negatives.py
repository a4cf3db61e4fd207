"""Negative examples for Forward-Forward: which wrong label a row is shown under."""

import numpy as np


def wrong_labels(y, classes, rng):
    """For every row a label that is not its own, each with the same chance.

    Parameters
    ----------
    y : ndarray of int32, shape (n,)
    classes : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int32, shape (n,)
    """
    return ((y + rng.integers(1, classes, len(y))) % classes).astype(np.int32)

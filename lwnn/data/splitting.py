"""Rows for training, validation and test: stratified, seeded."""

import numpy as np

from lwnn.errors import UsageError


def split(y, val, test, seed):
    """Deal the rows of each class over training, validation and test.

    The totals are the shares of all rows, rounded; each class gives its share, with the
    rounding dealt by largest remainder; every class keeps at least one training row.

    Parameters
    ----------
    y : ndarray, shape (n,), int
        Class codes.
    val, test : float
        Shares in [0, 1), together less than 1. A share of 0 gives no rows.
    seed : int
        The same seed gives the same rows.

    Returns
    -------
    train, val, test : ndarray, int64
        Row numbers, each sorted.

    Raises
    ------
    UsageError
        When a share is out of range or leaves too little to train on.
    """
    _check_shares(val, test)
    y = np.asarray(y)
    classes, counts = np.unique(y, return_counts=True)
    wanted_val, wanted_test = _rows(val, len(y)), _rows(test, len(y))
    room = counts - 1
    if wanted_val + wanted_test > room.sum():
        raise UsageError(
            f"validation ({val:g}) and test ({test:g}) would take {wanted_val + wanted_test} of "
            f"{len(y)} rows, but {len(classes)} classes need a training row each; use smaller "
            "shares or more data"
        )
    take_test = _deal(counts * test, room, wanted_test)
    take_val = _deal(counts * val, room - take_test, wanted_val)
    random = np.random.Generator(np.random.PCG64(seed))
    parts = ([], [], [])
    for code, n_test, n_val in zip(classes, take_test, take_val, strict=True):
        rows = random.permutation(np.flatnonzero(y == code))
        parts[2].append(rows[:n_test])
        parts[1].append(rows[n_test : n_test + n_val])
        parts[0].append(rows[n_test + n_val :])
    return tuple(np.sort(np.concatenate(part)).astype(np.int64) for part in parts)


def _check_shares(val, test):
    for name, share in (("validation", val), ("test", test)):
        if not 0 <= share < 1:
            raise UsageError(f"the {name} share is {share:g}; use a number from 0 to below 1")
    if val + test >= 1:
        raise UsageError(
            f"validation ({val:g}) and test ({test:g}) leave nothing to train on; "
            "use shares that add up to less than 1"
        )


def _rows(share, rows):
    """Return how many rows a share is: at least one, unless it is 0."""
    return max(1, round(share * rows)) if share > 0 else 0


def _deal(quota, room, total):
    """Round `quota` to integers that add up to `total`, none above its `room`.

    Largest remainders get the rows that are left over; equal ones by class order.
    """
    dealt = np.minimum(np.floor(quota).astype(np.int64), room)
    while dealt.sum() > total:
        dealt[np.argmax(np.where(dealt > 0, dealt - quota, -np.inf))] -= 1
    while dealt.sum() < total:
        dealt[np.argmax(np.where(dealt < room, quota - dealt, -np.inf))] += 1
    return dealt

"""Splits: every row once, the totals right, every class in training, same seed same rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwnn.data import split
from lwnn.errors import UsageError


@given(
    y=st.lists(st.integers(0, 6), min_size=1, max_size=200),
    val=st.floats(0, 0.6),
    test=st.floats(0, 0.6),
    seed=st.integers(0, 2**63),
)
def test_properties_of_every_split(y, val, test, seed):
    y = np.array(y, np.int32)
    try:
        parts = split(y, val, test, seed)
    except UsageError:
        # Refused only where it cannot be done.
        wanted = sum(max(1, round(share * len(y))) for share in (val, test) if share)
        assert val + test >= 1 or wanted > len(y) - len(np.unique(y))
        return
    train, validation, held = parts
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(y)))
    assert all(part.dtype == np.int64 and (np.diff(part) > 0).all() for part in parts)
    assert set(y[train]) == set(y)
    for part, share in ((validation, val), (held, test)):
        assert len(part) == (max(1, round(share * len(y))) if share else 0)
    for part, again in zip(parts, split(y, val, test, seed), strict=True):
        np.testing.assert_array_equal(part, again)


def test_each_class_gives_its_share():
    y = np.repeat([0, 1, 2], [600, 300, 101])
    train, val, test = split(y, 0.1, 0.2, 0)
    assert np.bincount(y[val]).tolist() == [60, 30, 10]
    assert np.bincount(y[test]).tolist() == [120, 60, 20]
    assert len(train) == 701


def test_seeds_differ():
    y = np.arange(100) % 4
    tests = {tuple(split(y, 0.2, 0.2, seed)[2]) for seed in range(5)}
    assert len(tests) == 5


@pytest.mark.parametrize(
    ("val", "test", "message"),
    [
        (-0.1, 0, "the validation share is -0.1"),
        (0, 1, "the test share is 1; use a number from 0 to below 1"),
        (float("nan"), 0, "the validation share is nan"),
        (0.5, 0.5, "leave nothing to train on"),
        (0.4, 0.5, "but 4 classes need a training row each; use smaller shares or more data"),
    ],
)
def test_shares_that_cannot_be(val, test, message):
    with pytest.raises(UsageError, match=message):
        split(np.arange(8) % 4, val, test, 0)

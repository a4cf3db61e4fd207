"""Wrong labels for negatives."""

import numpy as np
import pytest

from lwnn.learning.negatives import wrong_labels

EACH = 3000


@pytest.mark.parametrize("classes", [2, 3, 10, 26])
def test_never_the_own_label_and_every_other_about_equally(classes):
    y = np.repeat(np.arange(classes, dtype=np.int32), EACH)
    wrong = wrong_labels(y, classes, np.random.default_rng(1))
    assert wrong.dtype == np.int32
    assert wrong.shape == y.shape
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (y, wrong), 1)
    assert (np.diag(counts) == 0).all()
    others = counts[~np.eye(classes, dtype=bool)]
    expected = EACH / (classes - 1)
    assert np.abs(others - expected).max() <= 5 * np.sqrt(expected)


def test_the_generator_decides():
    y = np.zeros(50, np.int32)
    first, again, other = (wrong_labels(y, 5, np.random.default_rng(n)) for n in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)

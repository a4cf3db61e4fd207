"""A small problem that any rule can learn."""

import numpy as np
import pytest

from lwnn.learning.rule import Rows


@pytest.fixture
def blobs():
    """Three classes of 30 rows with 5 features, each about a corner of its own."""
    random = np.random.default_rng(3)
    y = np.repeat(np.arange(3, dtype=np.int32), 30)
    x = np.eye(5, dtype=np.float32)[y] * 3 + random.standard_normal((90, 5), np.float32) * 0.4
    return Rows(x, y)

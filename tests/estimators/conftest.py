"""What the tests of the estimators share."""

import os

import numpy as np
import pytest

# Two of scikit-learn's checks hand over arrays of another kind, and are skipped without this.
os.environ.setdefault("SCIPY_ARRAY_API", "1")


@pytest.fixture(scope="session")
def digits():
    """A part of the bundled digits: rows (float32) and classes."""
    import lwnn  # noqa: PLC0415

    data = lwnn.load(lwnn.sample_path())
    return data.x[:300], np.array(data.labels)[data.y[:300]]

"""The sample: the same bytes in the package and in examples/, and it is the digits."""

from pathlib import Path

import numpy as np
import pytest

from lwnn.data import load, sample_path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_it_is_the_digits():
    data = load(sample_path())
    assert data.x.shape == (1797, 64)
    assert data.features[:2] == ("pixel_0_0", "pixel_0_1")
    assert data.features[-1] == "pixel_7_7"
    assert data.labels == tuple("0123456789")
    # Counts from the data set's own description (optdigits.names, test part).
    assert np.bincount(data.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (data.x.min(), data.x.max()) == (0, 16)


def test_both_copies_are_equal():
    if not EXAMPLES.is_dir():
        pytest.skip("examples/ is not beside the tests")
    assert (EXAMPLES / "digits.csv").read_bytes() == sample_path().read_bytes()

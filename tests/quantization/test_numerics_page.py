"""What the page on numbers computes by hand is what the model computes."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "numerics.md"


def test_a_prediction_by_hand():
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert (result.attempted > 10, result.failed) == (True, 0)

"""The learning rate over the epochs."""

import numpy as np
import pytest

from lwnn.learning.schedules import cooldown


@pytest.mark.parametrize("epochs", [1, 2, 3, 10, 11, 200])
def test_full_in_the_first_half_then_evenly_down_but_never_zero(epochs):
    rates = np.array([cooldown(epoch, epochs) for epoch in range(1, epochs + 1)])
    assert (rates[: epochs // 2] == 1).all()
    assert 1 >= rates.max() >= rates.min() == rates[-1] > 0
    falls = -np.diff(rates[epochs // 2 :])
    assert falls == pytest.approx(2 / (epochs + 2))


def test_a_long_run_ends_near_zero():
    assert cooldown(200, 200) < 0.01

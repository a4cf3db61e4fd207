"""The learning rate over the epochs."""

import math

import numpy as np
import pytest

from lwnn.learning.schedules import SCHEDULES, Schedule
from lwnn.options import about

LENGTHS = [1, 2, 3, 10, 11, 200]

#: The formulas once more: epoch from 1, epochs, decay, every.
BY_HAND = {
    "constant": lambda e, n, d, k: 1,
    "step": lambda e, n, d, k: d ** math.floor((e - 1) / k),
    "exponential": lambda e, n, d, k: d ** (e - 1),
    "cosine": lambda e, n, d, k: 0.5 * (1 + math.cos(math.pi * (e - 1) / n)),
    "cooldown": lambda e, n, d, k: min(1, 2 * (n - e + 1) / (n + 2)),
}


def factors(name, epochs, **options):
    schedule = Schedule(name, **options)
    return np.array([schedule(epoch, epochs) for epoch in range(1, epochs + 1)])


def test_every_schedule_is_offered_and_has_its_formula():
    assert set(SCHEDULES) == set(BY_HAND) == set(about("schedule").values)


@pytest.mark.parametrize("epochs", LENGTHS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_are_those_of_the_formula(name, epochs):
    want = [BY_HAND[name](epoch, epochs, 0.7, 3) for epoch in range(1, epochs + 1)]
    assert factors(name, epochs, decay=0.7, decay_every=3) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("epochs", LENGTHS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_begin_in_full_never_rise_and_never_end(name, epochs):
    rates = factors(name, epochs, decay=0.9, decay_every=4)
    assert rates[0] == pytest.approx(1 if epochs > 1 or name != "cooldown" else 2 / 3)
    assert (np.diff(rates) <= 0).all()
    assert rates.min() > 0
    assert name == "constant" or epochs < 5 or rates[-1] < rates[0]


def test_step_falls_at_whole_stretches():
    assert factors("step", 7, decay=0.5, decay_every=3).tolist() == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_the_cooldown_is_full_in_the_first_half_then_falls_evenly():
    rates = factors("cooldown", 200)
    assert (rates[:100] == 1).all()
    assert -np.diff(rates[100:]) == pytest.approx(2 / 202)
    assert rates[-1] < 0.01


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_warm_up_rises_evenly_and_changes_nothing_after(name):
    warm, plain = factors(name, 20, warmup=4), factors(name, 20)
    assert warm[:4] / plain[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert np.array_equal(warm[4:], plain[4:])

"""The per-weight perturbation epoch, against one forward pass per weight and against backprop."""

import functools

import numpy as np
import pytest
from kernel_problems import (
    assert_close,
    assert_same_steps,
    gradient,
    learn,
    make_problem,
    random_problem,
)

from lwnn._kernels import reference
from lwnn.learning.optimizers import OPTIMIZERS
from lwnn.learning.perturbation import FORMS
from lwnn.network import ACTIVATIONS, PAIRS

SEEDS = range(32)
#: From hardly to grossly; both ways.
DELTAS = (1e-3, -1e-3, 1e-5, 0.1, 0.03)


def small_problem(seed):
    """The twin makes a pass per weight."""
    return random_problem("dense", seed, widest=13, most_rows=30)


def settings(seed):
    return {
        "optimizer": OPTIMIZERS[seed % len(OPTIMIZERS)],
        "delta": DELTAS[seed % 5],
        "rate": 0.02,
    }


@functools.cache
def twin(seed):
    return learn(reference, "wp", small_problem(seed), **settings(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_epoch_matches_the_twin(kernels, seed):
    problem, want = small_problem(seed), twin(seed)
    got = learn(kernels, "wp", problem, threads=1 + seed % 2, **settings(seed))
    assert_same_steps(problem, got.params, want.params)
    assert_close(got.losses, want.losses, 1e-5)
    assert_close(got.state, want.state, 2e-4)


def test_the_seeds_reach_every_corner():
    problems = [small_problem(seed) for seed in SEEDS]
    nets = [problem.network for problem in problems]
    assert {len(net.hidden) for net in nets} == {0, 1, 2, 3, 4}
    assert {(net.activation, (net.cost, net.output)) for net in nets} == {
        (activation, pair) for activation in ACTIVATIONS for pair in PAIRS
    }
    assert {problem.x.dtype.name for problem in problems} == {"float32", "uint8"}
    assert any(problem.batch > len(problem.x) for problem in problems)


@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradient_is_that_of_a_pass_per_weight(kernels, activation, pair, delta):
    problem = make_problem(
        "dense", (6, 5, 4), rows=11, activation=activation, cost=pair[0], output=pair[1]
    )
    got = gradient(kernels, "wp", problem, delta=delta)
    want = gradient(reference, "wp", problem, delta=delta)
    assert np.abs(want).max() > 1e-3
    assert_close(got, want, 1e-4)


@functools.cache
def pass_per_weight(seed):
    return gradient(reference, "wp", small_problem(seed))


def test_two_hundred_random_nets_match_a_pass_per_weight(kernels):
    """Largest relative difference, in float32, of gradients that say something at all."""
    worst, counted = 0.0, 0
    for seed in range(200):
        want = pass_per_weight(seed)
        got = gradient(kernels, "wp", small_problem(seed), threads=1 + seed % 2)
        if np.abs(want).max() > 1e-3:
            counted += 1
            worst = max(worst, np.abs(got - want).max() / np.abs(want).max())
    assert counted > 150
    assert worst <= 1e-4


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("activation", ["linear", "sigmoid", "tanh"])
@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)], ids=len)
def test_the_gradient_tends_to_that_of_backprop(kernels, hidden, activation, pair):
    """The error of a one-sided difference falls as delta does, down to float32's own."""
    problem = make_problem(
        "dense", hidden, rows=11, activation=activation, cost=pair[0], output=pair[1]
    )
    exact = gradient(reference, "bp", problem)
    errors = [
        np.abs(gradient(kernels, "wp", problem, delta=delta) - exact).max()
        for delta in (0.1, 0.01, 0.001)
    ]
    assert errors[1] < errors[0] / 5
    assert errors[2] < errors[1] / 5
    assert errors[2] < 2e-3 * np.abs(exact).max()


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_largest_delta_on_saturated_units_matches_the_twin(kernels, activation, pair):
    problem = make_problem(
        "dense", (6, 5), rows=11, activation=activation, cost=pair[0], output=pair[1]
    )
    problem.start[...] *= 12
    got = gradient(kernels, "wp", problem, delta=1.0)
    assert_close(got, gradient(reference, "wp", problem, delta=1.0), 1e-3)


@pytest.mark.parametrize("shape", [{"inputs": 1}, {"classes": 26}, {"classes": 2, "inputs": 1}])
def test_narrow_and_wide_ends(kernels, shape):
    problem = make_problem("dense", (5,), rows=30, batch=8, **shape)
    got, want = learn(kernels, "wp", problem), learn(reference, "wp", problem)
    assert_same_steps(problem, got.params, want.params)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_huge_scores_give_a_finite_loss_and_step(kernels, pair):
    problem = make_problem("dense", (6,), rows=20, batch=20, cost=pair[0], output=pair[1])
    problem.views(problem.start)["output.weight"][...] *= 1e3
    got, want = learn(kernels, "wp", problem), learn(reference, "wp", problem)
    assert_close(got.losses, want.losses, 1e-4)
    assert_same_steps(problem, got.params, want.params, 1e-3)


# ---------------------------------------------------------------- relatives

FORM_CASES = [
    *((form, sides, 1) for form in FORMS for sides in (1, 2)),
    ("fan-in", 2, 3),
    ("simultaneous", 2, 3),
]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("form", "sides", "draws"), FORM_CASES)
def test_every_form_matches_its_twin(kernels, form, sides, draws, seed):
    problem = small_problem(seed)
    # In float32 only the form that takes differences of whole costs needs a larger step.
    delta = 0.05 if form == "simultaneous" else 2e-3
    how = {"form": form, "sides": sides, "draws": draws, "delta": delta}
    got = gradient(kernels, "wp", problem, threads=1 + seed % 2, **how)
    want = gradient(reference, "wp", problem, **how)
    assert np.abs(want).max() > 1e-4
    assert_close(got, want, 1e-2 if form == "simultaneous" else 3e-4)


@pytest.mark.parametrize("form", ["weight", "node"])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_central_differences_are_of_second_order(kernels, form, pair):
    problem = make_problem(
        "dense", (6, 5), rows=11, activation="tanh", cost=pair[0], output=pair[1]
    )
    exact = gradient(reference, "bp", problem)

    def errors(sides):
        how = {"form": form, "sides": sides}
        found = (gradient(kernels, "wp", problem, delta=delta, **how) for delta in (0.4, 0.04))
        return [np.abs(each - exact).max() for each in found]

    forward, central = errors(1), errors(2)
    assert 5 < forward[0] / forward[1] < 20
    assert 50 < central[0] / central[1] < 200


@pytest.mark.parametrize("form", ["fan-in", "simultaneous"])
def test_draws_average_towards_the_gradient(kernels, form):
    """Random signs are right on average: four times the draws halve the error."""
    problem = make_problem("dense", (6,), rows=11, activation="tanh")
    exact = gradient(reference, "bp", problem)

    def error(draws):
        found = gradient(kernels, "wp", problem, form=form, sides=2, draws=draws, delta=0.01)
        return np.sqrt(np.mean((found - exact) ** 2))

    assert error(4096) < 0.35 * error(256)
    assert error(4096) < 0.2 * np.sqrt(np.mean(exact**2))

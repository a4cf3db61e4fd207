"""Kernels of recurrent nets, against their twins, each other and the sums written out."""

import dataclasses
import functools

import numpy as np
import pytest
from kernel_problems import (
    assert_close,
    assert_same_steps,
    gradient,
    learn,
    make_problem,
    numeric_gradient,
    scores,
)

from lwnn._kernels import reference
from lwnn.learning.optimizers import OPTIMIZERS
from lwnn.learning.perturbation import FORMS
from lwnn.network import ACTIVATIONS, PAIRS

SEEDS = range(24)
#: From hardly to grossly; both ways.
DELTAS = (1e-3, -1e-3, 1e-5, 0.1, 0.03)
SMOOTH = ("linear", "sigmoid", "tanh")


def sequence_problem(seed=0, *, steps=3, features=2, hidden=(5,), **options):
    options = {"activation": "tanh", **options}
    return make_problem(
        "elman", hidden, inputs=steps * features, timesteps=steps, seed=seed, **options
    )


def random_sequences(seed):
    """A problem of any shape: single steps, features, units and rows come up often."""
    random = np.random.default_rng([seed, 5])
    depth = int(random.integers(1, 4))
    rows = int(random.integers(1, 30))
    cost, output = PAIRS[seed // 6 % 4]
    return sequence_problem(
        seed,
        steps=int(random.integers(1, 6)),
        features=int(random.integers(1, 5)),
        hidden=tuple(int(random.integers(1, 9)) for _ in range(depth)),
        classes=int(random.integers(2, 9)),
        rows=rows,
        batch=int(random.integers(1, rows + 5)),
        data=("float", "bytes")[seed % 2],
        activation=ACTIVATIONS[seed % 6],
        cost=cost,
        output=output,
    )


def settings(algo, seed):
    how = {"optimizer": OPTIMIZERS[seed % len(OPTIMIZERS)], "rate": 0.02}
    return {**how, "delta": DELTAS[seed % 5]} if algo == "elman-wp" else how


@functools.cache
def twin(algo, seed):
    return learn(reference, algo, random_sequences(seed), **settings(algo, seed))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("algo", ["bptt", "elman-wp"])
def test_an_epoch_matches_the_twin(kernels, algo, seed):
    problem, want = random_sequences(seed), twin(algo, seed)
    got = learn(kernels, algo, problem, threads=1 + seed % 2, **settings(algo, seed))
    assert_same_steps(problem, got.params, want.params)
    assert_close(got.losses, want.losses, 1e-5)
    assert_close(got.state, want.state, 2e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_match_the_twin(kernels, seed):
    problem = random_sequences(seed)
    (got,) = scores(kernels, problem, batch=1 + seed % 7, threads=1 + seed % 2)
    (want,) = scores(reference, problem)
    assert_close(got, want, 1e-5)


def test_the_seeds_reach_every_corner():
    nets = [random_sequences(seed).network for seed in SEEDS]
    assert {net.timesteps for net in nets} >= {1, 2, 5}
    assert {len(net.hidden) for net in nets} == {1, 2, 3}
    assert {(net.activation, net.cost, net.output) for net in nets} == {
        (activation, *pair) for activation in ACTIVATIONS for pair in PAIRS
    }


def test_scores_are_those_of_the_sums_written_out(kernels):
    problem = sequence_problem(hidden=(3, 2), steps=4)
    views = {name: view.astype(float) for name, view in problem.views(problem.start).items()}
    want = np.zeros((len(problem.x), problem.network.classes))
    for row, x in zip(want, problem.scaled(), strict=True):
        first, second = np.zeros(3), np.zeros(2)
        for step in x.reshape(4, 2):
            weight = views["layer1.weight"]
            first = np.tanh(weight[:, :2] @ step + weight[:, 2:] @ first + views["layer1.bias"])
            weight = views["layer2.weight"]
            second = np.tanh(weight[:, :3] @ first + weight[:, 3:] @ second + views["layer2.bias"])
        row[:] = views["output.weight"] @ second + views["output.bias"]
    (got,) = scores(kernels, problem)
    assert_close(got, want, 1e-5)


@pytest.mark.parametrize("hidden", [(4,), (4, 3)], ids=len)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("activation", SMOOTH)
def test_the_gradient_through_time_is_that_of_differences(activation, pair, hidden):
    """Of the twin, which the kernels are held to."""
    problem = sequence_problem(hidden=hidden, activation=activation, cost=pair[0], output=pair[1])
    vector, rows = problem.start.astype(np.float64), len(problem.order)

    def loss():
        held = dataclasses.replace(problem, start=vector, batch=rows)
        return learn(reference, "bptt", held, rate=0.0).losses[0] / rows

    want = numeric_gradient(loss, vector)
    assert np.abs(want).max() > 1e-3
    assert_close(gradient(reference, "bptt", problem), want, 1e-5)


@pytest.mark.parametrize("delta", DELTAS)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_per_weight_is_one_forward_pass_per_weight(kernels, activation, pair, delta):
    problem = sequence_problem(
        hidden=(5, 4), rows=11, activation=activation, cost=pair[0], output=pair[1]
    )
    got = gradient(kernels, "elman-wp", problem, delta=delta)
    want = gradient(reference, "elman-wp", problem, delta=delta)
    assert np.abs(want).max() > 1e-3
    assert_close(got, want, 1e-4)


FORM_CASES = [
    *((form, sides, 1) for form in FORMS for sides in (1, 2)),
    ("fan-in", 2, 3),
    ("simultaneous", 2, 3),
]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("form", "sides", "draws"), FORM_CASES)
def test_every_form_matches_its_twin(kernels, form, sides, draws, seed):
    problem = random_sequences(seed)
    # In float32 only the form that takes differences of whole costs needs a larger step.
    delta = 0.05 if form == "simultaneous" else 2e-3
    how = {"form": form, "sides": sides, "draws": draws, "delta": delta}
    got = gradient(kernels, "elman-wp", problem, threads=1 + seed % 2, **how)
    want = gradient(reference, "elman-wp", problem, **how)
    assert np.abs(want).max() > 1e-5
    assert_close(got, want, 1e-2 if form == "simultaneous" else 3e-4)


@pytest.mark.parametrize("form", ["weight", "node"])
@pytest.mark.parametrize("activation", SMOOTH)
def test_perturbation_tends_to_the_gradient_through_time(kernels, activation, form):
    """The error is of first order one way, of second order both ways."""
    problem = sequence_problem(hidden=(6, 5), rows=11, activation=activation)
    exact = gradient(reference, "bptt", problem)

    def errors(sides, *deltas):
        how = {"form": form, "sides": sides}
        found = (gradient(kernels, "elman-wp", problem, delta=d, **how) for d in deltas)
        return [np.abs(each - exact).max() for each in found]

    forward, central = errors(1, 0.04, 0.004), errors(2, 0.4, 0.04)
    assert 5 < forward[0] / forward[1] < 20
    assert 50 < central[0] / central[1] < 200


@pytest.mark.parametrize("form", ["fan-in", "simultaneous"])
def test_draws_average_towards_the_gradient(kernels, form):
    problem = sequence_problem(hidden=(6,), rows=11)
    exact = gradient(reference, "bptt", problem)

    def error(draws):
        found = gradient(kernels, "elman-wp", problem, form=form, sides=2, draws=draws, delta=0.01)
        return np.sqrt(np.mean((found - exact) ** 2))

    assert error(4096) < 0.35 * error(256)


def test_what_is_never_read_costs_nothing_and_has_no_gradient(kernels):
    problem = sequence_problem(rows=8)
    problem.x[:, ::2] = problem.scaler[0, ::2]
    grad = problem.views(gradient(kernels, "elman-wp", problem))["layer1.weight"]
    assert (grad[:, 0] == 0).all()
    assert (grad[:, 1:] != 0).all()


@pytest.mark.parametrize("algo", ["bptt", "elman-wp"])
def test_values_are_learnt_like_classes(kernels, algo):
    problem = sequence_problem(cost="mse", output="linear")
    net = dataclasses.replace(problem.network, classes=1)
    values = np.random.default_rng(1).standard_normal(len(problem.x)).astype(np.float32)
    start = problem.start[: net.size].copy()
    problem = dataclasses.replace(problem, network=net, y=values, start=start)
    got, want = learn(kernels, algo, problem), learn(reference, algo, problem)
    assert_same_steps(problem, got.params, want.params)
    assert_close(got.losses, want.losses, 1e-5)

"""Dense scores and the backprop epoch, against the slow twin and against finite differences."""

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
    random_problem,
    scores,
)

from lwnn._kernels import reference
from lwnn.learning.optimizers import OPTIMIZERS
from lwnn.network import ACTIVATIONS, PAIRS

SEEDS = range(48)
APPLY = {
    "linear": lambda z: z,
    "relu": lambda z: z * (z > 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "leaky-relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "step": lambda z: (z > 0) * 1.0,
}


def outputs(problem, views):
    """Scores of a dense net, from the textbook."""
    a = problem.scaled()
    for name, _, _ in problem.network.layers:
        a = a @ views[f"{name}.weight"].T + views[f"{name}.bias"]
        if name != "output":
            a = APPLY[problem.network.activation](a)
    return a


def mean_cost(problem, views):
    """The cost as `lwnn.network.Network` defines it."""
    z, target = outputs(problem, views), np.eye(problem.network.classes)[problem.y]
    if problem.network.output == "linear":
        return 0.5 * ((z - target) ** 2).sum(axis=1).mean()
    if problem.network.output == "sigmoid":
        a = 1 / (1 + np.exp(-z))
        if problem.network.cost == "mse":
            return 0.5 * ((a - target) ** 2).sum(axis=1).mean()
        return -(target * np.log(a) + (1 - target) * np.log(1 - a)).sum(axis=1).mean()
    shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.log((shares * target).sum(axis=1)).mean()


@functools.cache
def twin(seed):
    """What the slow twin makes of a problem: scores, and an epoch."""
    problem = random_problem("dense", seed)
    epoch = learn(reference, "bp", problem, optimizer=OPTIMIZERS[seed % len(OPTIMIZERS)], rate=0.02)
    return scores(reference, problem), epoch


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_match_the_twin(kernels, seed):
    problem = random_problem("dense", seed)
    got = scores(kernels, problem, threads=1 + seed % 2)
    assert_close(got[0], twin(seed)[0][0], 1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_epoch_matches_the_twin(kernels, seed):
    problem, optimizer = random_problem("dense", seed), OPTIMIZERS[seed % len(OPTIMIZERS)]
    got = learn(kernels, "bp", problem, optimizer=optimizer, threads=1 + seed % 2, rate=0.02)
    want = twin(seed)[1]
    assert_same_steps(problem, got.params, want.params)
    assert_close(got.losses, want.losses, 1e-5)
    assert_close(got.state, want.state, 2e-4)


def test_the_seeds_reach_every_corner():
    problems = [random_problem("dense", seed) for seed in SEEDS]
    nets = [problem.network for problem in problems]
    assert {len(net.hidden) for net in nets} == {0, 1, 2, 3, 4}
    assert {(net.activation, (net.cost, net.output)) for net in nets} == {
        (activation, pair) for activation in ACTIVATIONS for pair in PAIRS
    }
    assert {problem.x.dtype.name for problem in problems} == {"float32", "uint8"}
    assert any(problem.batch > len(problem.x) for problem in problems)
    assert any(0 < len(problem.x) % problem.batch <= 4 < problem.batch for problem in problems)
    assert any(1 in net.hidden for net in nets)
    assert any(max(net.hidden, default=0) > 60 for net in nets)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)], ids=len)
def test_a_step_goes_down_the_gradient_of_the_cost(kernels, hidden, activation, pair):
    problem = make_problem(
        "dense", hidden, rows=11, activation=activation, cost=pair[0], output=pair[1]
    )
    vector = problem.start.astype(np.float64)
    views = problem.views(vector)
    slope = numeric_gradient(lambda: mean_cost(problem, views), vector)
    assert_close(gradient(kernels, "bp", problem), slope, 1e-5)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_loss_is_the_summed_cost(kernels, pair):
    problem = make_problem("dense", (6, 5), rows=11, batch=11, cost=pair[0], output=pair[1])
    total = 11 * mean_cost(problem, problem.views(problem.start.astype(np.float64)))
    assert learn(kernels, "bp", problem).losses[0] == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("batch", [1, 4, 5, 64])
def test_scores_do_not_depend_on_the_rows_at_a_time_beyond_rounding(kernels, batch):
    problem = make_problem("dense", (33, 17), inputs=40, rows=37)
    assert_close(scores(kernels, problem, batch=batch)[0], scores(reference, problem)[0], 1e-5)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_huge_scores_give_a_finite_loss_and_step(kernels, pair):
    problem = make_problem("dense", (6,), rows=20, batch=20, cost=pair[0], output=pair[1])
    problem.views(problem.start)["output.weight"][...] *= 1e5
    got, want = learn(kernels, "bp", problem), learn(reference, "bp", problem)
    assert np.abs(scores(kernels, problem)[0]).max() > 1e4
    assert_close(got.losses, want.losses, 1e-4)
    assert np.isfinite(got.params).all()


@pytest.mark.parametrize("shape", [{"inputs": 1}, {"classes": 26}, {"classes": 2, "inputs": 1}])
def test_narrow_and_wide_ends(kernels, shape):
    problem = make_problem("dense", (5,), rows=30, batch=8, **shape)
    got, want = learn(kernels, "bp", problem), learn(reference, "bp", problem)
    assert_same_steps(problem, got.params, want.params)


def test_no_rows_give_no_scores(kernels):
    problem = make_problem("dense", (5,), rows=3)
    empty = dataclasses.replace(problem, x=problem.x[:0])
    assert scores(kernels, empty)[0].shape == (0, 4)


def test_a_constant_feature_says_nothing_however_wild_it_becomes(kernels):
    """Its scale is 0; a difference beyond float32 must not turn into a value."""
    problem = make_problem("dense", (), inputs=3, rows=2)
    problem.scaler[:, 0] = (-3e38, 0)
    calm = dataclasses.replace(problem, x=problem.x.copy())
    calm.x[:, 0] = problem.scaler[0, 0]
    problem.x[:, 0] = 3e38
    assert np.array_equal(scores(kernels, problem)[0], scores(kernels, calm)[0])

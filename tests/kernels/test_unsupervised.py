"""Unsupervised Forward-Forward: against the twin, against finite differences, and by hand."""

import dataclasses
import functools

import numpy as np
import pytest
from kernel_problems import (
    ALPHA,
    assert_close,
    assert_same_steps,
    gradient,
    hybrids,
    learn,
    make_problem,
    numeric_gradient,
    random_problem,
    scores,
)

from lwnn._kernels import reference
from lwnn.learning.optimizers import OPTIMIZERS

SEEDS = range(36)
STEPS = ("un", "un-head")


def rms_one(rows):
    return rows / (np.sqrt((rows**2).mean(axis=1, keepdims=True)) + 1e-6)


def layer_inputs(problem, views, x):
    """What each layer reads, and at last what the top hands on, from the equations."""
    found = [rms_one(x) if problem.network.level else x]
    for n in range(1, len(problem.network.hidden) + 1):
        z = found[-1] @ views[f"layer{n}.weight"].T + views[f"layer{n}.bias"]
        found.append(rms_one(z * (z > 0)))
    return found


def rows_and_hybrids(problem):
    partner, masks, mask = hybrids(problem)
    x, m = problem.scaled(), masks[mask].astype(float)
    return x, m * x + (1 - m) * x[partner]


def goodness(views, n, inputs):
    z = inputs @ views[f"layer{n}.weight"].T + views[f"layer{n}.bias"]
    return ((z * (z > 0)) ** 2).mean(axis=1)


def local_loss(problem, views, n):
    """Mean loss of layer n as a function of its own parameters: its inputs stay what they were."""
    begin = problem.views(problem.start.astype(np.float64))
    own, hybrid = (layer_inputs(problem, begin, x)[n - 1] for x in rows_and_hybrids(problem))
    u = ALPHA * (goodness(views, n, hybrid) - goodness(views, n, own))
    return (u / (1 + np.exp(-u))).mean()


def head_loss(problem, views):
    states = np.hstack(layer_inputs(problem, views, problem.scaled())[1:])
    z = states @ views["head.weight"].T + views["head.bias"]
    shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.log(shares[np.arange(len(z)), problem.y]).mean()


@functools.cache
def twin(seed, step):
    problem = random_problem("un", seed)
    return learn(reference, step, problem, optimizer=OPTIMIZERS[seed % 3], rate=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_states_and_scores_match_the_twin(kernels, seed):
    problem = random_problem("un", seed)
    got = scores(kernels, problem, threads=1 + seed % 2)
    for out, want in zip(got, scores(reference, problem), strict=True):
        assert_close(out, want, 2e-5)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("seed", SEEDS)
def test_an_epoch_matches_the_twin(kernels, seed, step):
    problem, optimizer = random_problem("un", seed), OPTIMIZERS[seed % 3]
    got = learn(kernels, step, problem, optimizer=optimizer, threads=1 + seed % 2, rate=0.1)
    want = twin(seed, step)
    assert_same_steps(problem, got.params, want.params)
    # A difference of goodnesses near 0 makes a loss near 0: it is measured by their size.
    assert_close(got.losses, want.losses, 1e-4, 1e-4 * len(problem.x))
    assert_close(got.state, want.state, 2e-4)


@pytest.mark.parametrize("level", [True, False], ids=["level", "raw"])
@pytest.mark.parametrize("rows", [3, 11], ids=["few", "many"])
def test_every_layer_descends_its_own_loss_and_no_other(kernels, rows, level):
    problem = make_problem("un", (6, 5), rows=rows, batch=rows, level=level)
    step = problem.views(gradient(kernels, "un", problem))
    for n in (1, 2):
        vector = problem.start.astype(np.float64)
        loss = functools.partial(local_loss, problem, problem.views(vector), n)
        slope = problem.views(numeric_gradient(loss, vector))
        for name in (f"layer{n}.weight", f"layer{n}.bias"):
            assert_close(step[name], slope[name], 1e-5)
            assert np.abs(slope[name]).max() > 1e-3
    assert not step["head.weight"].any()
    assert not step["head.bias"].any()


def test_the_head_descends_its_loss_and_nothing_else_moves(kernels):
    problem = make_problem("un", (6, 5), rows=11, batch=11)
    step = problem.views(gradient(kernels, "un-head", problem))
    vector = problem.start.astype(np.float64)
    views = problem.views(vector)
    slope = problem.views(numeric_gradient(lambda: head_loss(problem, views), vector))
    for name, moved in step.items():
        if name.startswith("head"):
            assert_close(moved, slope[name], 1e-5)
            assert np.abs(moved).max() > 1e-3
        else:
            assert not moved.any()


def test_losses_states_and_scores_by_hand(kernels):
    problem = make_problem("un", (6, 5), rows=11, batch=11)
    views = problem.views(problem.start.astype(np.float64))
    want = [11 * local_loss(problem, views, n) for n in (1, 2)]
    assert learn(kernels, "un", problem).losses == pytest.approx(want, rel=1e-4)
    assert learn(kernels, "un-head", problem).losses[0] == pytest.approx(
        11 * head_loss(problem, views), rel=1e-5
    )
    states, out = scores(kernels, problem)
    expected = np.hstack(layer_inputs(problem, views, problem.scaled())[1:])
    assert_close(states, expected, 1e-5)
    assert_close(out, expected @ views["head.weight"].T + views["head.bias"], 1e-5)


@pytest.mark.parametrize("batch", [1, 4, 5, 64])
def test_scores_do_not_depend_on_the_rows_at_a_time_beyond_rounding(kernels, batch):
    problem = make_problem("un", (33, 17), inputs=40, rows=37)
    pairs = zip(scores(kernels, problem, batch=batch), scores(reference, problem), strict=True)
    for got, want in pairs:
        assert_close(got, want, 1e-5)


@pytest.mark.parametrize("step", STEPS)
def test_a_net_of_dead_units_and_empty_rows_stays_finite(kernels, step):
    problem = make_problem("un", (6, 5), rows=11, batch=4)
    problem.x[...] = problem.scaler[0]
    problem.views(problem.start)["layer1.bias"][...] = -100
    got, want = learn(kernels, step, problem), learn(reference, step, problem)
    assert_same_steps(problem, got.params, want.params)
    assert np.isfinite(got.losses).all()
    assert all(np.isfinite(out).all() for out in scores(kernels, problem))


@pytest.mark.parametrize("gain", [1e2, 1e5])
def test_goodness_far_apart_stays_finite(kernels, gain):
    problem = make_problem("un", (6, 5), rows=11, batch=11)
    for name in ("layer1.weight", "layer2.weight"):
        problem.views(problem.start)[name][...] *= gain
    got = learn(kernels, "un", problem, rate=1e-9)
    assert got.losses.max() > gain
    assert np.isfinite(got.losses).all()
    assert np.isfinite(got.params).all()


@pytest.mark.parametrize("shape", [{"inputs": 1}, {"classes": 26}, {"classes": 2, "inputs": 1}])
@pytest.mark.parametrize("step", STEPS)
def test_narrow_and_wide_ends(kernels, step, shape):
    problem = make_problem("un", (5, 7), rows=30, batch=8, **shape)
    got, want = (learn(k, step, problem, rate=0.1) for k in (kernels, reference))
    assert_same_steps(problem, got.params, want.params)


def test_no_rows_give_no_scores(kernels):
    problem = make_problem("un", (5,), rows=3)
    empty = dataclasses.replace(problem, x=problem.x[:0])
    assert [out.shape for out in scores(kernels, empty)] == [(0, 5), (0, 4)]

"""Top-down Forward-Forward: against the twin, against finite differences, and by hand."""

import dataclasses
import functools

import numpy as np
import pytest
from kernel_problems import (
    SETTLING,
    assert_close,
    assert_same_steps,
    gradient,
    learn,
    make_problem,
    numeric_gradient,
    places,
    random_problem,
    scores,
)

from lwnn._kernels import reference
from lwnn.learning.optimizers import OPTIMIZERS

SEEDS = range(36)


def rms_one(rows):
    return rows / (np.sqrt((rows**2).mean(axis=1, keepdims=True)) + 1e-6)


def relu(z):
    return z * (z > 0)


def first_states(problem, views):
    x, found = problem.scaled(), []
    x = rms_one(x) if problem.network.level else x
    for n in range(1, len(problem.network.hidden) + 1):
        reads = rms_one(found[-1]) if found else x
        found.append(relu(reads @ views[f"layer{n}.weight"].T + views[f"layer{n}.bias"]))
    return x, found


def output(problem, views, n, x, old, labels):
    """Outputs of layer n from the normalised states of a step before."""
    top = len(problem.network.hidden)
    z = (old[n - 2] if n > 1 else x) @ views[f"layer{n}.weight"].T + views[f"layer{n}.bias"]
    if n < top:
        return relu(z + old[n] @ views[f"above{n}.weight"].T)
    return relu(z + problem.network.label_scale * views[f"layer{n}.label"].T[labels])


def settled(problem, views, labels):
    """(normalised states, outputs) of every step that counts, and what layer 1 reads."""
    x, states = first_states(problem, views)
    found = []
    for _ in range(SETTLING.last):
        old = [rms_one(state) for state in states]
        new = [output(problem, views, n + 1, x, old, labels) for n in range(len(states))]
        found.append((old, new))
        keep = SETTLING.keep
        states = [keep * s + (1 - keep) * y for s, y in zip(states, new, strict=True)]
    return x, found[SETTLING.first - 1 :]


def head_scores(problem, views):
    states = np.hstack([rms_one(state) for state in first_states(problem, views)[1]])
    return states @ views["head.weight"].T + views["head.bias"]


def head_loss(problem, views):
    z = head_scores(problem, views)
    shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.log(shares[np.arange(len(z)), problem.y]).mean()


def wrong_labels(problem, views):
    """Drawn by hand: where each row's place falls among the shares of the other labels."""
    found = []
    for z, true, place in zip(head_scores(problem, views), problem.y, places(problem), strict=True):
        others = [c for c in range(len(z)) if c != true]
        shares = np.exp(z[others]) / np.exp(z[others]).sum()
        found.append(others[min(int((np.cumsum(shares) <= place).sum()), len(others) - 1)])
    return np.array(found)


def local_loss(problem, views, n):
    """Mean loss of layer n as a function of its own parameters: what it reads stays as it was."""
    begin = problem.views(problem.start.astype(np.float64))
    goodness = []
    for labels in (problem.y, wrong_labels(problem, begin)):
        x, steps = settled(problem, begin, labels)
        ys = [output(problem, views, n, x, old, labels) for old, _ in steps]
        goodness.append(np.array([(y**2).mean(axis=1) for y in ys]))
    u = SETTLING.sharpness * (goodness[1] - goodness[0])
    return (u / (1 + np.exp(-u))).mean()


@functools.cache
def twin(seed):
    problem = random_problem("td", seed)
    return learn(reference, "td", problem, optimizer=OPTIMIZERS[seed % 3], rate=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_match_the_twin(kernels, seed):
    problem = random_problem("td", seed)
    got = scores(kernels, problem, threads=1 + seed % 2)
    assert len(got) == 2
    for out, want in zip(got, scores(reference, problem), strict=True):
        assert_close(out, want, 5e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_epoch_matches_the_twin(kernels, seed):
    problem, optimizer = random_problem("td", seed), OPTIMIZERS[seed % 3]
    got = learn(kernels, "td", problem, optimizer=optimizer, threads=1 + seed % 2, rate=0.02)
    want = twin(seed)
    assert_same_steps(problem, got.params, want.params, 5e-4)
    # A difference of goodnesses near 0 makes a loss near 0: it is measured by their size.
    assert_close(got.losses, want.losses, 1e-4, 1e-4 * len(problem.x))
    assert_close(got.state, want.state, 5e-4)


def test_the_seeds_reach_every_corner():
    problems = [random_problem("td", seed) for seed in SEEDS]
    assert {len(problem.network.hidden) for problem in problems} == {1, 2, 3, 4}
    assert {problem.network.level for problem in problems} == {True, False}
    assert {problem.x.dtype.kind for problem in problems} == {"f", "u"}


@pytest.mark.parametrize("level", [True, False], ids=["level", "raw"])
@pytest.mark.parametrize("hidden", [(6,), (6, 5), (6, 5, 7)], ids=len)
@pytest.mark.parametrize("rows", [3, 11], ids=["few", "many"])
def test_every_layer_descends_its_own_loss_and_no_other(kernels, hidden, rows, level):
    problem = make_problem("td", hidden, rows=rows, batch=rows, level=level)
    step, seen = problem.views(gradient(kernels, "td", problem)), set()
    for n in range(1, len(hidden) + 1):
        vector = problem.start.astype(np.float64)
        loss = functools.partial(local_loss, problem, problem.views(vector), n)
        slope = problem.views(numeric_gradient(loss, vector))
        names = [name for name in step if name.startswith((f"layer{n}.", f"above{n}."))]
        assert len(names) == 3
        for name in names:
            assert_close(step[name], slope[name], 2e-5)
            assert np.abs(slope[name]).max() > 1e-3
            seen.add(name)
    assert seen | {"head.weight", "head.bias"} == set(step)


def test_the_head_descends_its_own_loss(kernels):
    problem = make_problem("td", (6, 5), rows=11, batch=11)
    vector = problem.start.astype(np.float64)
    views = problem.views(vector)
    slope = problem.views(numeric_gradient(lambda: head_loss(problem, views), vector))
    step = problem.views(gradient(kernels, "td", problem))
    for name in ("head.weight", "head.bias"):
        assert_close(step[name], slope[name], 1e-5)


def test_losses_and_scores_by_hand(kernels):
    problem = make_problem("td", (6, 5), rows=11, batch=11)
    views = problem.views(problem.start.astype(np.float64))
    want = [11 * local_loss(problem, views, n) for n in (1, 2)] + [11 * head_loss(problem, views)]
    assert learn(kernels, "td", problem).losses == pytest.approx(want, rel=1e-4)
    by_goodness, by_head = scores(kernels, problem)
    assert_close(by_head, head_scores(problem, views), 1e-5)
    for label in range(4):
        _, steps = settled(problem, views, np.full(11, label))
        sums = [(y**2).mean(axis=1) for _, new in steps for y in new]
        assert_close(by_goodness[:, label], SETTLING.sharpness * np.mean(sums, axis=0), 1e-5)


@pytest.mark.parametrize("batch", [1, 2, 5, 64])
def test_scores_do_not_depend_on_the_rows_at_a_time_beyond_rounding(kernels, batch):
    problem = make_problem("td", (33, 17), inputs=40, rows=37)
    pairs = zip(scores(kernels, problem, batch=batch), scores(reference, problem), strict=True)
    for got, want in pairs:
        assert_close(got, want, 5e-5)


def test_a_net_of_dead_units_and_empty_rows_stays_finite(kernels):
    problem = make_problem("td", (6, 5), rows=11, batch=4)
    problem.x[...] = problem.scaler[0]
    problem.views(problem.start)["layer1.bias"][...] = -100
    got, want = learn(kernels, "td", problem), learn(reference, "td", problem)
    assert_same_steps(problem, got.params, want.params)
    assert np.isfinite(got.losses).all()
    assert all(np.isfinite(out).all() for out in scores(kernels, problem))


@pytest.mark.parametrize("gain", [1e2, 1e5])
def test_goodness_far_apart_stays_finite(kernels, gain):
    problem = make_problem("td", (6, 5), rows=11, batch=11)
    problem.views(problem.start)["layer2.label"][...] *= gain
    got = learn(kernels, "td", problem, rate=1e-9)
    assert np.isfinite(got.losses).all()
    assert np.isfinite(got.params).all()


@pytest.mark.parametrize("shape", [{"inputs": 1}, {"classes": 26}, {"classes": 2, "inputs": 1}])
def test_narrow_and_wide_ends(kernels, shape):
    problem = make_problem("td", (5, 7), rows=30, batch=8, **shape)
    got, want = (learn(k, "td", problem, rate=0.1) for k in (kernels, reference))
    assert_same_steps(problem, got.params, want.params, 5e-4)


@pytest.mark.parametrize("level", [0.5, 1.25])
def test_rows_are_brought_to_any_loudness(kernels, level):
    plain = make_problem("td", (6, 5), rows=11, batch=4, level=True)
    loud = dataclasses.replace(plain, network=dataclasses.replace(plain.network, level=level))
    got, want, other = (
        learn(*how, rate=0.1)
        for how in ((kernels, "td", loud), (reference, "td", loud), (reference, "td", plain))
    )
    assert_same_steps(loud, got.params, want.params, 5e-4)
    assert np.abs(want.params - other.params).max() > 1e-2


def test_no_rows_give_no_scores(kernels):
    problem = make_problem("td", (5,), rows=3)
    empty = dataclasses.replace(problem, x=problem.x[:0])
    assert [out.shape for out in scores(kernels, empty)] == [(0, 4), (0, 4)]

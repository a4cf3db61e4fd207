"""The Forward-Forward kernels, against the slow twin and against each layer's own loss."""

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

SEEDS = range(48)
TINY = 1e-6


def normalised(rows):
    return rows / (np.sqrt((rows**2).mean(axis=1, keepdims=True)) + TINY)


def layer_outputs(problem, views, name, inputs, labels):
    z = inputs @ views[f"{name}.weight"].T + views[f"{name}.bias"]
    if name == "layer1":
        z = z + labels @ views["layer1.label"].T
    return z * (z > 0)


def layer_inputs(problem, views, labels):
    """What every hidden layer reads, bottom to top, and what the last one hands on."""
    inputs = [normalised(problem.scaled())]
    for name, _, _ in problem.network.layers[:-1]:
        inputs.append(normalised(layer_outputs(problem, views, name, inputs[-1], labels)))
    return inputs


def label_inputs(problem, y):
    return problem.network.label_scale * np.eye(problem.network.classes)[y]


def goodness(problem, views, layer, inputs, labels):
    h = layer_outputs(problem, views, f"layer{layer + 1}", inputs, labels)
    return problem.goals[layer, 0].astype(np.float64) * (h**2).sum(axis=1)


def layer_loss(problem, views, layer, positive, negative):
    """Mean over the rows of softplus(theta - G+) + softplus(G- - theta)."""
    theta = problem.goals[layer, 1].astype(np.float64)
    good = goodness(problem, views, layer, positive, label_inputs(problem, problem.y))
    bad = goodness(problem, views, layer, negative, label_inputs(problem, problem.wrong))
    return (np.log1p(np.exp(theta - good)) + np.log1p(np.exp(bad - theta))).mean()


def head_scores(problem, views, states):
    return states @ views["head.weight"].T + views["head.bias"]


def head_loss(problem, views, states):
    z = head_scores(problem, views, states)
    shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.log(shares[np.arange(len(z)), problem.y]).mean()


def head_states(problem, views):
    """All but the first layer, or the only one, under a label that says nothing."""
    classes = problem.network.classes
    neutral = np.full((1, classes), problem.network.label_scale / classes)
    states = layer_inputs(problem, views, neutral)[1:]
    return np.hstack(states[1:] or states)


@functools.cache
def twin(seed):
    """What the slow twin makes of a problem: scores, and an epoch."""
    problem = random_problem("ff", seed)
    epoch = learn(reference, "ff", problem, optimizer=OPTIMIZERS[seed % 3], rate=0.02)
    return scores(reference, problem), epoch


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_match_the_twin(kernels, seed):
    problem = random_problem("ff", seed)
    got = scores(kernels, problem, threads=1 + seed % 2)
    want = twin(seed)[0]
    assert len(got) == len(want) == 2
    for mine, other in zip(got, want, strict=True):
        assert_close(mine, other, 5e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_epoch_matches_the_twin(kernels, seed):
    problem, optimizer = random_problem("ff", seed), OPTIMIZERS[seed % 3]
    got = learn(kernels, "ff", problem, optimizer=optimizer, threads=1 + seed % 2, rate=0.02)
    want = twin(seed)[1]
    assert_same_steps(problem, got.params, want.params)
    assert_close(got.losses, want.losses, 1e-5)
    assert_close(got.state, want.state, 2e-4)


def test_the_seeds_reach_every_corner():
    problems = [random_problem("ff", seed) for seed in SEEDS]
    assert {len(problem.network.hidden) for problem in problems} == {1, 2, 3, 4}
    assert {problem.x.dtype.name for problem in problems} == {"float32", "uint8"}
    assert any(problem.batch > len(problem.x) for problem in problems)
    assert any(0 < len(problem.x) % problem.batch <= 4 < problem.batch for problem in problems)


@pytest.mark.parametrize("hidden", [(6,), (6, 5), (5, 4, 3)], ids=len)
def test_every_layer_goes_down_its_own_loss_alone(kernels, hidden):
    """Inputs of a layer are held still: nothing flows back through it, the head included."""
    problem = make_problem("ff", hidden, rows=11)
    step = problem.views(gradient(kernels, "ff", problem))
    vector = problem.start.astype(np.float64)
    views = problem.views(vector)
    before = vector.copy()
    held = problem.views(before)
    positive = layer_inputs(problem, held, label_inputs(problem, problem.y))
    negative = layer_inputs(problem, held, label_inputs(problem, problem.wrong))
    states = head_states(problem, held)
    seen = set()
    for layer, (name, _, _) in enumerate(problem.network.layers):

        def loss(layer=layer, name=name):
            if name == "head":
                return head_loss(problem, views, states)
            return layer_loss(problem, views, layer, positive[layer], negative[layer])

        slope = problem.views(numeric_gradient(loss, vector))
        for tensor in (tensor for tensor in slope if tensor.startswith(f"{name}.")):
            assert_close(step[tensor], slope[tensor], 1e-5)
            assert np.abs(slope[tensor]).max() > 1e-3
            seen.add(tensor)
    assert seen == set(views)


def test_losses_are_those_of_the_layers_and_the_head(kernels):
    problem = make_problem("ff", (6, 5), rows=11, batch=11)
    views = problem.views(problem.start.astype(np.float64))
    positive = layer_inputs(problem, views, label_inputs(problem, problem.y))
    negative = layer_inputs(problem, views, label_inputs(problem, problem.wrong))
    want = [layer_loss(problem, views, n, positive[n], negative[n]) for n in range(2)]
    want.append(head_loss(problem, views, head_states(problem, views)))
    assert learn(kernels, "ff", problem).losses / 11 == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("hidden", [(6,), (6, 5, 4)], ids=len)
def test_scores_by_hand(kernels, hidden):
    problem = make_problem("ff", hidden, rows=11)
    views = problem.views(problem.start.astype(np.float64))
    want = np.zeros((11, 4))
    for label in range(4):
        labels = label_inputs(problem, np.full(11, label))
        for layer, inputs in enumerate(layer_inputs(problem, views, labels)[:-1]):
            h = layer_outputs(problem, views, f"layer{layer + 1}", inputs, labels)
            want[:, label] += problem.goals[layer, 2] * (h**2).sum(axis=1)
    by_goodness, by_head = scores(kernels, problem)
    assert_close(by_goodness, want, 1e-5)
    assert_close(by_head, head_scores(problem, views, head_states(problem, views)), 1e-5)


@pytest.mark.parametrize("batch", [1, 2, 5, 64])
def test_scores_do_not_depend_on_the_rows_at_a_time_beyond_rounding(kernels, batch):
    problem = make_problem("ff", (33, 17), inputs=40, rows=37)
    pairs = zip(scores(kernels, problem, batch=batch), scores(reference, problem), strict=True)
    for got, want in pairs:
        assert_close(got, want, 5e-5)


def test_one_readout_alone_gives_the_same_as_both(kernels):
    problem = make_problem("ff", (6, 5), rows=11)
    net, none = problem.network, np.empty((0, 4), np.float32)
    both = scores(kernels, problem)
    alone = [np.empty((11, 4), np.float32) for _ in range(2)]
    for outs in ((alone[0], none), (none, alone[1])):
        workspace = np.full(kernels.ff_workspace(net.table, 5, False, 1), np.nan, np.float32)
        data = (problem.x, problem.scaler, problem.clip)
        settings = (problem.goals, net.label_scale)
        kernels.ff_scores(problem.start, net.table, *settings, *data, *outs, 5, workspace, 1)
    for got, want in zip(alone, both, strict=True):
        assert_close(got, want, 1e-6)


def test_a_net_of_dead_units_and_empty_rows_stays_finite(kernels):
    problem = make_problem("ff", (6, 5), rows=11, batch=4)
    problem.x[...] = problem.scaler[0]
    problem.views(problem.start)["layer1.bias"][...] = -100
    got, want = learn(kernels, "ff", problem), learn(reference, "ff", problem)
    assert_same_steps(problem, got.params, want.params)
    assert_close(got.losses, want.losses, 1e-5)
    # Nothing passes layer 1, so nothing that feeds it may move.
    begin, end = problem.views(problem.start), problem.views(got.params)
    assert np.array_equal(end["layer1.weight"], begin["layer1.weight"])
    assert all(np.isfinite(out).all() for out in scores(kernels, problem))


@pytest.mark.parametrize("gain", [1e2, 1e6])
def test_goodness_far_beyond_the_threshold_stays_finite(kernels, gain):
    problem = make_problem("ff", (6, 5), rows=11, batch=11)
    views = problem.views(problem.start)
    for name in ("layer1.weight", "layer1.label", "layer2.weight"):
        views[name][...] *= gain
    got, want = learn(kernels, "ff", problem, rate=1e-9), learn(reference, "ff", problem, rate=1e-9)
    assert got.losses[:2].min() > gain
    assert_close(got.losses, want.losses, 1e-4)
    assert np.isfinite(got.params).all()
    assert all(np.isfinite(out).all() for out in scores(kernels, problem))


def test_threshold_far_out_of_reach_gives_a_finite_loss(kernels):
    problem = make_problem("ff", (6,), rows=11, batch=11)
    problem.goals[:, 1] = 1e4
    got, want = learn(kernels, "ff", problem), learn(reference, "ff", problem)
    assert_close(got.losses, want.losses, 1e-5)
    assert_same_steps(problem, got.params, want.params)


@pytest.mark.parametrize("shape", [{"inputs": 1}, {"classes": 26}, {"classes": 2, "inputs": 1}])
def test_narrow_and_wide_ends(kernels, shape):
    problem = make_problem("ff", (5, 7), rows=30, batch=8, **shape)
    got = learn(kernels, "ff", problem, rate=0.1)
    want = learn(reference, "ff", problem, rate=0.1)
    assert_same_steps(problem, got.params, want.params)

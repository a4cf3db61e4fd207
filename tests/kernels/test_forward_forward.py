"""The Forward-Forward kernels, against the slow twin and against each layer's own loss."""

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
from lwnn.learning.forward_forward import LOSSES
from lwnn.learning.optimizers import OPTIMIZERS
from lwnn.network import ELEMENTS, EMBEDS

SEEDS = range(48)
TINY = 1e-6
FORMS = [
    *({"loss": loss} for loss in LOSSES),
    {"loss": "softplus", "goodness": "absolute"},
    {"loss": "labels", "goodness": "absolute"},
    {"loss": "softplus", "embed": "overwrite"},
    {"loss": "labels", "embed": "overwrite"},
    {"loss": "swish", "level": False},
    {"loss": "swish", "head_layers": "later"},
    {"loss": "swish", "level": False, "embed": "overwrite"},
]


def form_name(form):
    return "-".join(map(str, form.values()))


@pytest.fixture(params=FORMS, ids=form_name)
def form(request):
    return request.param


def normalised(rows):
    return rows / (np.sqrt((rows**2).mean(axis=1, keepdims=True)) + TINY)


def softplus(z):
    return np.log1p(np.exp(z))


def layer_outputs(problem, views, name, inputs, labels):
    z = inputs @ views[f"{name}.weight"].T + views[f"{name}.bias"]
    if name == "layer1":
        z = z + labels @ views["layer1.label"].T
    return z * (z > 0)


def embedded(problem, shares):
    """What layer 1 reads: normalised rows, and label inputs that are `shares` of the hot value."""
    net, rows = problem.network, problem.scaled()
    labels = net.label_scale * np.broadcast_to(shares, (len(rows), net.classes))
    level = normalised if net.level else np.array
    if net.embed == "append":
        return level(rows), labels
    rows = level(np.hstack([labels, rows[:, net.classes :]]))
    labels = rows[:, : net.classes].copy()
    rows[:, : net.classes] = 0
    return rows, labels


def layer_inputs(problem, views, shares):
    """What every hidden layer reads, what the last one hands on, and the label inputs."""
    first, labels = embedded(problem, shares)
    inputs = [first]
    for name, _, _ in problem.network.layers[:-1]:
        inputs.append(normalised(layer_outputs(problem, views, name, inputs[-1], labels)))
    return inputs, labels


def shares_of(problem, y):
    return np.eye(problem.network.classes)[y]


def compared(problem):
    """Labels that the loss compares, the first of them the positive where it is a pair."""
    if problem.loss == "labels":
        count = len(problem.y)
        return [np.full(count, label) for label in range(problem.network.classes)]
    return [problem.y, problem.wrong]


def layer_loss(problem, goodness, theta):
    """Mean over the rows, from the goodness of every pass (passes, rows)."""
    if problem.loss == "labels":
        own = goodness[problem.y, np.arange(len(problem.y))]
        return (np.log(np.exp(goodness).sum(axis=0)) - own).mean()
    good, bad = goodness
    return {
        "softplus": softplus(theta - good) + softplus(bad - theta),
        "symba": softplus(bad - good),
        "swish": (bad - good) / (1 + np.exp(good - bad)),
    }[problem.loss].mean()


class Held:
    """Inputs of every layer as `views` give them, held still while weights are moved."""

    def __init__(self, problem, views):
        self.problem = problem
        passes = [layer_inputs(problem, views, shares_of(problem, y)) for y in compared(problem)]
        self.passes = passes
        neutral = layer_inputs(problem, views, 1 / problem.network.classes)[0][1:]
        later = problem.network.head_layers == "later"
        self.states = np.hstack((neutral[1:] if later else None) or neutral)

    def goodness(self, views, layer):
        def total(h):
            return (h**2 if self.problem.network.goodness == "squares" else abs(h)).sum(axis=1)

        name = f"layer{layer + 1}"
        g = self.problem.goals[layer, 0].astype(np.float64)
        return np.stack(
            [
                g * total(layer_outputs(self.problem, views, name, inputs[layer], labels))
                for inputs, labels in self.passes
            ]
        )

    def loss(self, views, name):
        if name == "head":
            return head_loss(self.problem, views, self.states)
        layer = int(name.removeprefix("layer")) - 1
        theta = self.problem.goals[layer, 1].astype(np.float64)
        return layer_loss(self.problem, self.goodness(views, layer), theta)


def head_scores(views, states):
    return states @ views["head.weight"].T + views["head.bias"]


def head_shares(views, states):
    z = head_scores(views, states)
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def head_loss(problem, views, states):
    return -np.log(head_shares(views, states)[np.arange(len(states)), problem.y]).mean()


def held(problem):
    views = problem.views(problem.start.astype(np.float64))
    return Held(problem, views), views


@functools.cache
def twin(seed):
    """What the slow twin makes of a problem: scores, and an epoch."""
    problem = random_problem("ff", seed)
    epoch = learn(reference, "ff", problem, optimizer=OPTIMIZERS[seed % len(OPTIMIZERS)], rate=0.02)
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
    problem, optimizer = random_problem("ff", seed), OPTIMIZERS[seed % len(OPTIMIZERS)]
    got = learn(kernels, "ff", problem, optimizer=optimizer, threads=1 + seed % 2, rate=0.02)
    want = twin(seed)[1]
    assert_same_steps(problem, got.params, want.params)
    assert_close(got.state, want.state, 2e-4)
    # Not how many were right: where one unit speaks, states are alike and rounding breaks the tie.
    assert_close(got.report[:, :3], want.report[:, :3], 1e-5)
    assert_close(got.peers, want.peers, 1e-5)
    assert np.array_equal(got.alive, want.alive)


def test_the_seeds_reach_every_corner():
    problems = [random_problem("ff", seed) for seed in SEEDS]
    assert {len(problem.network.hidden) for problem in problems} == {1, 2, 3, 4}
    assert {problem.x.dtype.name for problem in problems} == {"float32", "uint8"}
    assert any(problem.batch > len(problem.x) for problem in problems)
    assert any(0 < len(problem.x) % problem.batch <= 4 < problem.batch for problem in problems)
    forms = {
        (problem.loss, problem.network.goodness, len(problem.draws) > 0) for problem in problems
    }
    assert len(forms) == len(LOSSES) * len(ELEMENTS) * 2
    assert {problem.network.embed for problem in problems} == set(EMBEDS)
    assert len({problem.network.head_layers for problem in problems}) == 2
    assert len({problem.network.level for problem in problems}) == 2
    assert len({problem.peer for problem in problems}) == 2
    assert len({problem.head_rate for problem in problems}) == 2
    assert {problem.only for problem in problems} >= {-1, 0, 1}


@pytest.mark.parametrize("hidden", [(6,), (6, 5), (5, 4, 3)], ids=len)
def test_every_layer_goes_down_its_own_loss_alone(kernels, form, hidden):
    """Inputs of a layer are held still: nothing flows back through it, the head included."""
    problem = make_problem("ff", hidden, rows=11, **form)
    step = problem.views(gradient(kernels, "ff", problem))
    still, _ = held(problem)
    vector = problem.start.astype(np.float64)
    views = problem.views(vector)
    seen = set()
    for name, _, _ in problem.network.layers:
        slope = problem.views(numeric_gradient(lambda name=name: still.loss(views, name), vector))
        for tensor in (tensor for tensor in slope if tensor.startswith(f"{name}.")):
            assert_close(step[tensor], slope[tensor], 1e-5)
            assert np.abs(slope[tensor]).max() > 1e-3
            seen.add(tensor)
    assert seen == set(views)


@pytest.mark.parametrize("rows", [3, 11], ids=["few", "many"])
def test_what_is_reported_by_hand(kernels, form, rows):
    problem = make_problem("ff", (6, 5), rows=rows, batch=rows, **form)
    still, views = held(problem)
    got = learn(kernels, "ff", problem)
    want = [rows * still.loss(views, name) for name, _, _ in problem.network.layers]
    assert got.report[:, 0] == pytest.approx(want, rel=1e-5)
    for layer in range(2):
        goodness = still.goodness(views, layer)
        own = problem.y if problem.loss == "labels" else np.zeros(rows, int)
        good = goodness[own, np.arange(rows)]
        others = np.ma.array(goodness, mask=np.arange(len(goodness))[:, None] == own)
        want = [good.sum(), others.mean(axis=0).sum(), (good > others.max(axis=0)).sum()]
        assert got.report[layer, 1:] == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("batch", [4, 10])
def test_units_count_as_alive_once_they_have_given_something(kernels, batch):
    problem = make_problem("ff", (6, 5), rows=63, batch=batch, inputs=20)
    views = problem.views(problem.start)
    views["layer1.bias"][1:3] = -100
    views["layer2.bias"][4] = -100
    alive = learn(kernels, "ff", problem, rate=1e-6).alive
    assert list(np.flatnonzero(alive == 0)) == [1, 2, 10]


@pytest.mark.parametrize("rows", [2, 11], ids=["few", "many"])
@pytest.mark.parametrize("loss", ["softplus", "symba", "swish"])
def test_hard_negatives_are_drawn_by_the_heads_fresh_probabilities(kernels, loss, rows):
    """The step is that of the wrong labels which the draws pick from before the update."""
    problem = make_problem("ff", (6, 5), rows=rows, batch=rows, loss=loss, hard=True)
    problem.views(problem.start)["head.weight"][...] *= 3
    plain = make_problem("ff", (6, 5), rows=rows, batch=rows, loss=loss)
    views = problem.views(problem.start.astype(np.float64))
    shares = head_shares(views, Held(plain, views).states)
    shares[np.arange(rows), problem.y] = 0
    shares /= shares.sum(axis=1, keepdims=True)
    wrong = (np.cumsum(shares, axis=1) > problem.draws[:, None]).argmax(axis=1)
    assert not np.array_equal(wrong, plain.wrong)
    same = {"start": problem.start, "order": problem.order}
    given = dataclasses.replace(plain, **same, wrong=wrong.astype(np.int32))
    assert np.array_equal(learn(kernels, "ff", problem).params, learn(kernels, "ff", given).params)


@pytest.mark.parametrize("rows", [4, 11], ids=["few", "many"])
@pytest.mark.parametrize("draw", [0.0, 1.0 - 2**-24])
def test_the_true_label_is_never_drawn(kernels, draw, rows):
    """Not even where the head gives the others no share that float32 holds."""
    problem = make_problem("ff", (6,), rows=rows, batch=rows, classes=3, hard=True)
    problem.draws[:] = draw
    problem.y[:] = 2 if draw else 0
    problem.views(problem.start)["head.bias"][:] = [-1000 * (n != problem.y[0]) for n in range(3)]
    before, after = problem.start, learn(kernels, "ff", problem).params
    moved = problem.views(after)["layer1.label"] != problem.views(before)["layer1.label"]
    assert moved.any(axis=0).tolist() == ([False, True, True] if draw else [True, True, False])


@pytest.mark.parametrize("rows", [3, 11], ids=["few", "many"])
@pytest.mark.parametrize("loss", LOSSES)
def test_peers_are_pulled_together_by_hand(kernels, loss, rows):
    """What the positive pass gains on top of the loss, and the running mean itself."""
    problem = make_problem("ff", (6, 5), rows=rows, batch=rows, loss=loss)
    pulled = dataclasses.replace(problem, peer=0.3)
    still, views = held(problem)
    got = learn(kernels, "ff", pulled, rate=1.0)
    bare = learn(kernels, "ff", problem, rate=1.0)
    own = [n if loss == "labels" else 0 for n in problem.y]
    at = 0
    for layer, width in enumerate(problem.network.hidden):
        passes = [
            layer_outputs(problem, views, f"layer{layer + 1}", inputs[layer], labels)
            for inputs, labels in still.passes
        ]
        h = np.array(passes)[own, np.arange(rows)]
        mu = 0.9 * 0.5 + 0.1 * h.mean(axis=0)
        assert got.peers[at : at + width] == pytest.approx(mu, rel=1e-5)
        at += width
        pull = 2 * problem.goals[layer, 0] * 0.3 * (mu - mu.mean())
        bias = f"layer{layer + 1}.bias"
        gained = problem.views(bare.params)[bias] - problem.views(got.params)[bias]
        assert_close(gained, pull, 1e-4)
        assert np.abs(pull).max() > 1e-4


def test_the_heads_rate_is_its_own(kernels):
    problem = make_problem("ff", (6, 5), rows=11, batch=11)
    slow = dataclasses.replace(problem, head_rate=0.25)
    for optimizer in OPTIMIZERS:
        runs = [learn(kernels, "ff", p, optimizer=optimizer) for p in (problem, slow)]
        whole, quarter = (problem.views(run.params - problem.start) for run in runs)
        for name in whole:
            share = 0.25 if name.startswith("head") else 1
            assert_close(quarter[name], share * whole[name], 1e-4)


@pytest.mark.parametrize("rows", [3, 11], ids=["few", "many"])
@pytest.mark.parametrize("only", [0, 1, 2])
def test_one_layer_learns_while_those_below_stand_still(kernels, only, rows):
    problem = make_problem("ff", (6, 5, 4), rows=rows, batch=rows, loss="swish", hard=True)
    problem = dataclasses.replace(problem, only=only)
    for optimizer in OPTIMIZERS:
        got = problem.views(learn(kernels, "ff", problem, optimizer=optimizer).params)
        begin = problem.views(problem.start)
        moved = {name.partition(".")[0] for name in got if (got[name] != begin[name]).any()}
        assert moved == {f"layer{only + 1}", "head"}


@pytest.mark.parametrize("hidden", [(6,), (6, 5, 4)], ids=len)
@pytest.mark.parametrize("goodness", ELEMENTS)
@pytest.mark.parametrize("embed", EMBEDS)
@pytest.mark.parametrize("level", [True, False])
def test_scores_by_hand(kernels, hidden, goodness, embed, level):
    form = {"goodness": goodness, "embed": embed, "level": level}
    problem = make_problem("ff", hidden, rows=11, **form)
    views = problem.views(problem.start.astype(np.float64))
    want = np.zeros((11, 4))
    for label in range(4):
        inputs, labels = layer_inputs(problem, views, shares_of(problem, np.full(11, label)))
        for layer, rows in enumerate(inputs[:-1]):
            h = layer_outputs(problem, views, f"layer{layer + 1}", rows, labels)
            total = (h**2 if goodness == "squares" else h).sum(axis=1)
            want[:, label] += problem.goals[layer, 2] * total
    by_goodness, by_head = scores(kernels, problem)
    assert_close(by_goodness, want, 1e-5)
    assert_close(by_head, head_scores(views, Held(problem, views).states), 1e-5)


@pytest.mark.parametrize("batch", [1, 2, 5, 64])
@pytest.mark.parametrize("embed", EMBEDS)
def test_scores_do_not_depend_on_the_rows_at_a_time_beyond_rounding(kernels, batch, embed):
    problem = make_problem("ff", (33, 17), inputs=40, rows=37, embed=embed)
    pairs = zip(scores(kernels, problem, batch=batch), scores(reference, problem), strict=True)
    for got, want in pairs:
        assert_close(got, want, 5e-5)


def test_what_the_label_overwrites_is_not_read(kernels):
    problem = make_problem("ff", (6, 5), rows=11, embed="overwrite")
    other = dataclasses.replace(problem, x=problem.x.copy())
    other.x[:, :4] += 7
    assert learn(kernels, "ff", problem).params.tobytes() == (
        learn(kernels, "ff", other).params.tobytes()
    )
    pairs = zip(scores(kernels, problem), scores(kernels, other), strict=True)
    assert all(one.tobytes() == two.tobytes() for one, two in pairs)


def test_one_readout_alone_gives_the_same_as_both(kernels):
    problem = make_problem("ff", (6, 5), rows=11)
    net, none = problem.network, np.empty((0, 4), np.float32)
    both = scores(kernels, problem)
    alone = [np.empty((11, 4), np.float32) for _ in range(2)]
    for outs in ((alone[0], none), (none, alone[1])):
        size = kernels.ff_workspace(net.table, net.form, 5, False, 1)
        workspace = np.full(size, np.nan, np.float32)
        data = (problem.x, problem.scaler, problem.clip)
        settings = (problem.goals, net.form)
        kernels.ff_scores(problem.start, net.table, *settings, *data, *outs, 5, workspace, 1)
    for got, want in zip(alone, both, strict=True):
        assert_close(got, want, 1e-6)


def test_a_net_of_dead_units_and_empty_rows_stays_finite(kernels, form):
    problem = make_problem("ff", (6, 5), rows=11, batch=4, **form)
    problem.x[...] = problem.scaler[0]
    problem.views(problem.start)["layer1.bias"][...] = -100
    got, want = learn(kernels, "ff", problem), learn(reference, "ff", problem)
    assert_same_steps(problem, got.params, want.params)
    assert_close(got.losses, want.losses, 1e-5)
    # Nothing passes layer 1, so nothing that feeds it may move.
    begin, end = problem.views(problem.start), problem.views(got.params)
    assert np.array_equal(end["layer1.weight"], begin["layer1.weight"])
    assert not got.alive[:6].any()
    # A tie is half a point.
    assert got.report[0, 3] == 5.5
    assert all(np.isfinite(out).all() for out in scores(kernels, problem))


@pytest.mark.parametrize("gain", [1e2, 1e6])
@pytest.mark.parametrize("loss", LOSSES)
def test_goodness_far_out_stays_finite(kernels, gain, loss):
    problem = make_problem("ff", (6, 5), rows=11, batch=11, classes=26, loss=loss)
    views = problem.views(problem.start)
    for name in ("layer1.weight", "layer1.label", "layer2.weight"):
        views[name][...] *= gain
    got, want = learn(kernels, "ff", problem, rate=1e-9), learn(reference, "ff", problem, rate=1e-9)
    assert np.abs(got.losses[:2]).max() > gain
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
@pytest.mark.parametrize("loss", LOSSES)
def test_narrow_and_wide_ends(kernels, shape, loss):
    problem = make_problem("ff", (5, 7), rows=30, batch=8, loss=loss, **shape)
    got = learn(kernels, "ff", problem, rate=0.1)
    want = learn(reference, "ff", problem, rate=0.1)
    assert_same_steps(problem, got.params, want.params)

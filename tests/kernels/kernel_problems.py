"""Problems for the kernels, and one way to run any build of them, the slow twin included."""

import dataclasses
import math

import numpy as np

from lwnn._kernels import reference
from lwnn.learning.forward_forward import LOSSES
from lwnn.learning.optimizers import Optimizer
from lwnn.learning.perturbation import FORMS
from lwnn.network import (
    ACTIVATIONS,
    ELEMENTS,
    EMBEDS,
    HEAD_LAYERS,
    HEAD_RATE,
    LOSS,
    ONLY,
    PAIRS,
    PEER,
    Dynamics,
    Network,
    Params,
)

#: Factor on the difference of goodnesses in unsupervised problems.
ALPHA = 3.0
#: How the states of a top-down net settle: share kept, first and last step that count, sharpness.
SETTLING = Dynamics(0.4, 3, 5, 2.5)
FENCE_WIDTH = 16
FENCE_VALUE = 77


class Fenced:
    """An array amid known values: what writes past its ends is caught."""

    def __init__(self, values):
        self.value = np.array(FENCE_VALUE).astype(values.dtype)
        self.all = np.full(values.size + 2 * FENCE_WIDTH, self.value)
        self.inside = self.all[FENCE_WIDTH : FENCE_WIDTH + values.size].reshape(values.shape)
        self.inside[...] = values

    def check(self):
        ends = (self.all[:FENCE_WIDTH], self.all[len(self.all) - FENCE_WIDTH :])
        assert all((end == self.value).all() for end in ends), "written past the end of an array"


@dataclasses.dataclass(frozen=True)
class Problem:
    """All that an epoch reads."""

    network: Network
    x: np.ndarray
    scaler: np.ndarray
    y: np.ndarray
    wrong: np.ndarray
    draws: np.ndarray
    order: np.ndarray
    batch: int
    start: np.ndarray
    goals: np.ndarray
    clip: float = 1.5
    loss: str = "softplus"
    peer: float = 0.0
    head_rate: float = 1.0
    only: int = -1

    @property
    def form(self):
        """What the Forward-Forward kernels take beside the layout."""
        form = self.network.form.copy()
        form[LOSS] = LOSSES.index(self.loss)
        form[PEER], form[HEAD_RATE], form[ONLY] = self.peer, self.head_rate, self.only
        return form

    def scaled(self):
        """The rows as the net reads them, in float64 and written out here once more."""
        offset, scale = self.scaler.astype(np.float64)
        return np.clip((self.x - offset) * scale, -self.clip, self.clip)

    def views(self, vector):
        return Params(self.network, vector).views


#: What `make_problem` hands on to the problem, not to its network.
LEARNING = ("loss", "peer", "head_rate", "only")


def make_problem(
    kind,
    hidden,
    *,
    inputs=7,
    classes=4,
    rows=9,
    batch=9,
    data="float",
    seed=0,
    hard=False,
    **options,
):
    """A problem with random rows, labels and parameters."""
    random = np.random.default_rng(seed)
    learning = {name: options.pop(name) for name in LEARNING if name in options}
    if kind in ("ff", "td"):
        options["label_scale"] = 1.5
    net = Network(kind, inputs, tuple(hidden), classes, **options)
    if data == "bytes":
        x, offset, scale = random.integers(0, 256, (rows, inputs), np.uint8), 100.0, 0.01
    else:
        x, offset, scale = random.standard_normal((rows, inputs), np.float32), 0.1, 0.9
    shift = random.random((2, inputs)).astype(np.float32)
    y = random.integers(0, classes, rows).astype(np.int32)
    start = np.empty(net.size, np.float32)
    for view in Params(net, start).views.values():
        spread = 1 / math.sqrt(view.shape[-1]) if view.ndim == 2 else 0.3
        view[...] = random.standard_normal(view.shape, np.float32) * spread
    wrong = ((y + random.integers(1, max(2, classes), rows)) % classes).astype(np.int32)
    goals = [[2 / width, 2.0 - 0.25 * n, (n + 1) / width] for n, width in enumerate(net.hidden)]
    return Problem(
        network=net,
        x=x,
        scaler=np.stack([offset + shift[0], scale * (0.5 + shift[1])]).astype(np.float32),
        y=y,
        wrong=wrong[: 0 if hard else rows],
        draws=random.random(rows if hard else 0, np.float32),
        order=random.permutation(rows).astype(np.int32),
        batch=batch,
        start=start,
        goals=np.array(goals if kind == "ff" else [], np.float32).reshape(-1, 3),
        **learning,
    )


def random_problem(kind, seed, *, widest=70, most_rows=100):
    """A problem of any shape; narrow layers, single rows and few samples come up often."""
    random = np.random.default_rng([seed, 77])

    def size(least, most):
        return int(min(random.integers(least, most + 1), random.integers(least, 3 * most)))

    depth = int(random.integers(0 if kind == "dense" else 1, 5))
    rows = size(1, most_rows)
    hidden = [size(1, widest) for _ in range(depth)]
    inputs, classes = size(1, widest), size(2, 26)
    options = {}
    if kind == "dense":
        options["activation"] = ACTIVATIONS[seed % len(ACTIVATIONS)]
        options["cost"], options["output"] = PAIRS[seed // len(ACTIVATIONS) % len(PAIRS)]
    elif kind != "ff":
        options["level"] = seed % 2 == 0
    else:
        options["loss"] = LOSSES[seed % 4]
        options["hard"] = bool(seed // 4 % 2)
        options["goodness"] = ELEMENTS[seed // 8 % 2]
        options["embed"] = EMBEDS[seed // 3 % 2 if inputs > classes else 0]
        options["level"] = seed % 7 > 2
        options["head_layers"] = HEAD_LAYERS[seed // 2 % 2]
        options["peer"] = float(random.choice([0, 0.3]))
        options["head_rate"] = float(random.choice([1, 0.25]))
        options["only"] = int(random.integers(depth)) if seed % 5 == 0 else -1
    return make_problem(
        kind,
        hidden,
        inputs=inputs,
        classes=classes,
        rows=rows,
        batch=size(1, rows + 10),
        data=("float", "bytes")[int(random.integers(2))],
        seed=seed,
        **options,
    )


@dataclasses.dataclass
class Learnt:
    """What an epoch left behind; the last three are Forward-Forward's."""

    params: np.ndarray
    state: np.ndarray
    losses: np.ndarray
    report: np.ndarray
    peers: np.ndarray
    alive: np.ndarray


def workspace_size(kernels, algo, problem, threads=1, form="weight"):
    table, steps = problem.network.table, problem.network.timesteps
    if algo == "elman-wp":
        size = kernels.elman_wp_workspace
        return size(table, steps, problem.batch, FORMS.index(form), threads)
    if algo == "wp":
        return kernels.wp_workspace(table, problem.batch, FORMS.index(form), threads)
    return scratch(kernels, problem, problem.batch, True, threads)


def scratch(kernels, problem, batch, training, threads=1):
    """Floats of workspace that a kind of network needs."""
    net = problem.network
    if net.kind == "ff":
        return kernels.ff_workspace(net.table, problem.form, batch, training, threads)
    size = getattr(kernels, f"{net.kind}_workspace")
    if net.kind == "elman":
        return size(net.table, net.timesteps, batch, training, threads)
    settled = (SETTLING.steps,) if net.kind == "td" else ()
    return size(net.table, batch, *settled, training, threads)


def learn(
    kernels,
    algo,
    problem,
    *,
    optimizer="sgd",
    rate=0.5,
    delta=1e-3,
    form="weight",
    sides=1,
    draws=1,
    threads=1,
    calls=1,
    epsilon=1e-2,
    shaping=(),
    room=None,
    stale=np.nan,
):
    """Run an epoch, in one call or several, in float64 where the slow twin runs it.

    The workspace starts as `stale`, NaN: whatever reads what it has not written shows. Adam's
    epsilon is large, so that a gradient that is rounding noise does not become a whole step.
    `shaping` are the entries of `hyper` behind it.
    """
    kind = np.float64 if kernels is reference else np.float32
    net = problem.network
    memory = Optimizer(optimizer, net.size)
    size = workspace_size(kernels, algo, problem, threads, form) if room is None else room
    params, state = Fenced(problem.start.astype(kind)), Fenced(memory.state.astype(kind))
    units, layers = sum(net.hidden) if algo == "ff" else 0, len(net.hidden)
    peers, alive = Fenced(np.full(units, 0.5, kind)), Fenced(np.zeros(units, np.uint8))
    losses = np.zeros({"mf": layers, "un": layers, "td": layers + 1}.get(algo, 1))
    report = Fenced(np.zeros((len(net.table), 4)))
    workspace = Fenced(np.full(size, stale, np.float32))
    data = (problem.x, problem.scaler, problem.clip, problem.y)
    hyper = np.array([rate, 0.9, 0.99, epsilon, *shaping])
    step = 0
    for order in parts(problem.order, problem.batch, calls):
        how = (order, problem.batch, memory.method, hyper, state.inside, step)
        rest = (workspace.inside, threads)
        if algo == "ff":
            how = (problem.wrong, problem.draws, *how)
            noted = (peers.inside, alive.inside, report.inside)
            settings = (problem.goals, problem.form)
            kernels.ff_epoch(params.inside, net.table, *settings, *data, *how, *noted, *rest)
        elif algo == "mf":
            kernels.mf_epoch(params.inside, net.table, net.level, *data, *how, losses, *rest)
        elif algo == "un":
            how = (*hybrids(problem), *how)
            settings = (net.level, ALPHA)
            kernels.un_epoch(params.inside, net.table, *settings, *data[:3], *how, losses, *rest)
        elif algo == "td":
            settings = (net.table, net.level, net.label_scale, *SETTLING)
            how = (places(problem), *how)
            kernels.td_epoch(params.inside, *settings, *data, *how, losses, *rest)
        elif algo == "un-head":
            args = (net.table, net.level, *data, *how, *rest)
            losses += kernels.un_head_epoch(params.inside, *args)
        else:
            shape = (net.table, net.timesteps) if net.kind == "elman" else (net.table,)
            moves = (delta, FORMS.index(form), sides, draws, 2**62 + 5)
            settings = (net.cost_code, *(moves if algo.endswith("wp") else ()))
            epoch = {"elman-wp": "elman_wp", "bptt": "bptt", "wp": "wp", "bp": "bp"}[algo]
            epoch = getattr(kernels, f"{epoch}_epoch")
            losses += epoch(params.inside, *shape, *settings, *data, *how, *rest)
        step += -(-len(order) // problem.batch)
    for array in (params, state, workspace, peers, alive, report):
        array.check()
    if algo == "ff":
        losses = report.inside[:, 0]
    noted = report.inside, peers.inside, alive.inside
    return Learnt(params.inside, state.inside, losses, *noted)


def places(problem):
    """Where in the head's probabilities each row's wrong label is drawn."""
    return np.random.default_rng(len(problem.x)).random(len(problem.x), np.float32)


def hybrids(problem):
    """For every row a partner, among the rows that are visited, and a mask."""
    rows, order = len(problem.x), problem.order
    random = np.random.default_rng(rows)
    partner = np.arange(rows, dtype=np.int32)
    partner[order] = np.roll(order, 1)
    masks = random.integers(0, 2, (5, problem.network.inputs), np.uint8)
    return partner, masks, random.integers(0, 5, rows).astype(np.int32)


def parts(order, batch, calls):
    """`order` cut at mini-batch boundaries into about `calls` pieces."""
    step = max(1, -(-len(order) // (batch * calls))) * batch
    return [order[start : start + step] for start in range(0, max(1, len(order)), step)]


def scores(kernels, problem, params=None, *, batch=None, threads=1):
    """Scores by every readout of the net: (output,), (goodness, head) or (last, sum)."""
    kind = np.float64 if kernels is reference else np.float32
    net, batch = problem.network, batch or problem.batch
    vector = (problem.start if params is None else params).astype(kind)
    data = (problem.x, problem.scaler, problem.clip)
    if net.kind == "un":
        return states_and_scores(kernels, problem, vector, batch, threads)
    count = 1 if net.kind in ("dense", "elman") else 2
    outs = [Fenced(np.full((len(problem.x), net.classes), np.nan, kind)) for _ in range(count)]
    size = scratch(kernels, problem, batch, False, threads)
    workspace = Fenced(np.full(size, np.nan, np.float32))
    rest = (*(out.inside for out in outs), batch, workspace.inside, threads)
    if net.kind == "mf":
        for mean, out in enumerate(outs):
            depth = np.zeros(len(out.inside), np.int32)
            how = (bool(mean), 2.0, out.inside, depth, batch, workspace.inside, threads)
            kernels.mf_scores(vector, net.table, net.level, *data, *how)
            assert (depth == len(net.hidden)).all()
    elif net.kind == "td":
        settings = (net.level, net.label_scale, *SETTLING)
        kernels.td_scores(vector, net.table, *settings, *data, *rest)
    elif net.kind == "ff":
        kernels.ff_scores(vector, net.table, problem.goals, problem.form, *data, *rest)
    elif net.kind == "elman":
        kernels.elman_scores(vector, net.table, net.timesteps, *data, *rest)
    else:
        kernels.dense_scores(vector, net.table, *data, *rest)
    for array in (*outs, workspace):
        array.check()
    return tuple(out.inside for out in outs)


def states_and_scores(kernels, problem, vector, batch, threads):
    """What the layers of an ``un`` net make of the rows, and the scores of its head."""
    net, rows = problem.network, len(problem.x)
    widths = (net.head_inputs, net.classes)
    outs = [Fenced(np.full((rows, width), np.nan, vector.dtype)) for width in widths]
    size = kernels.un_workspace(net.table, batch, False, threads)
    workspace = Fenced(np.full(size, np.nan, np.float32))
    data = (problem.x, problem.scaler, problem.clip)
    rest = (*(out.inside for out in outs), batch, workspace.inside, threads)
    kernels.un_scores(vector, net.table, net.level, *data, *rest)
    for array in (*outs, workspace):
        array.check()
    return tuple(out.inside for out in outs)


def gradient(kernels, algo, problem, **options):
    """Gradient of the mean loss: one plain step with rate 1 over all rows at once."""
    whole = dataclasses.replace(problem, batch=max(1, len(problem.order)))
    return whole.start - learn(kernels, algo, whole, rate=1.0, **options).params


def numeric_gradient(loss, vector, step=1e-6):
    """Central differences of `loss`, which reads `vector`, in float64."""
    slope = np.empty_like(vector)
    for index, value in enumerate(vector):
        vector[index] = value + step
        above = loss()
        vector[index] = value - step
        slope[index] = (above - loss()) / (2 * step)
        vector[index] = value
    return slope


def assert_close(got, want, tolerance=1e-4, floor=1e-6):
    """Equal up to `tolerance` of the largest value, and `floor`."""
    assert got.shape == want.shape
    assert np.isfinite(got).all()
    worst = np.abs(got - want).max(initial=0)
    assert worst <= tolerance * np.abs(want).max(initial=0) + floor


def assert_same_steps(problem, got, want, tolerance=2e-4):
    """Every tensor moved alike, each measured by how far it moved; float32's grain is allowed."""
    begin = problem.views(problem.start.astype(np.float64))
    got, want = problem.views(got.astype(np.float64)), problem.views(want)
    assert len(want) > 0
    for name in want:
        grain = 1e-6 + 2e-7 * np.abs(begin[name]).max()
        assert_close(got[name] - begin[name], want[name] - begin[name], tolerance, grain)

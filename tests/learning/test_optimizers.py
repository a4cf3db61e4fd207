"""Each optimizer's path, as the kernels walk it, against its formula written out by hand.

The net is a single softmax over one input that always reads 1, so that its gradient is a line.
"""

import numpy as np
import pytest

from lwnn._kernels import kernels
from lwnn.errors import UsageError
from lwnn.learning.optimizers import OPTIMIZERS, Optimizer
from lwnn.network import Network
from lwnn.options import about

NET = Network("dense", 1, (), 2)
RATE, STEPS = 0.3, 12
START = np.array([0.5, -0.25, 0.1, 0.4])


def slope(w):
    """Cross-entropy of a single row x = 1 of class 0: (p - t) for weights and biases alike."""
    z = w[:2] + w[2:]
    p = np.exp(z) / np.exp(z).sum()
    return np.tile(p - [1, 0], 2)


def sgd(w, g, memory, n):
    return w - RATE * g


def momentum(w, g, memory, n):
    memory["v"] = 0.8 * memory.get("v", 0) + g
    return w - RATE * memory["v"]


def adam(w, g, memory, n):
    """Kingma & Ba 2015, algorithm 1."""
    memory["m"] = 0.9 * memory.get("m", 0) + 0.1 * g
    memory["v"] = 0.999 * memory.get("v", 0) + 0.001 * g**2
    m, v = memory["m"] / (1 - 0.9**n), memory["v"] / (1 - 0.999**n)
    return w - RATE * m / (np.sqrt(v) + 1e-8)


def nesterov(w, g, memory, n):
    """Sutskever et al. 2013, equations 3 and 4, in terms of the point that is looked ahead to."""
    memory["v"] = 0.8 * memory.get("v", 0) + g
    return w - RATE * (g + 0.8 * memory["v"])


def adagrad(w, g, memory, n):
    memory["s"] = memory.get("s", 0) + g**2
    return w - RATE * g / (np.sqrt(memory["s"]) + 1e-8)


def rmsprop(w, g, memory, n):
    memory["s"] = 0.9 * memory.get("s", 0) + 0.1 * g**2
    return w - RATE * g / (np.sqrt(memory["s"]) + 1e-8)


BY_HAND = {
    "sgd": sgd,
    "gd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
}
PENALTIES = [
    {},
    {"l1": 0.2},
    {"l2": 0.3},
    {"clip_gradient": 0.2},
    {"l1": 0.05, "l2": 0.1, "clip_gradient": 0.4},
]
WEIGHTS = np.array([1, 1, 0, 0])


def path_by_hand(name, l1=0.0, l2=0.0, clip_gradient=np.inf):
    w, memory, path = START, {}, []
    for n in range(1, STEPS + 1):
        g = np.clip(slope(w), -clip_gradient, clip_gradient)
        w = BY_HAND[name](w * (1 - RATE * l2 * WEIGHTS), g, memory, n)
        w = np.sign(w) * np.maximum(np.abs(w) - RATE * l1 * WEIGHTS, 0)
        path.append(w)
    return np.array(path)


def path_by_kernel(name, rows_per_call, **penalties):
    """The same row again and again, one to a mini-batch."""
    optimizer = Optimizer(name, NET.size, 0.8, **penalties)
    vector, path = START.astype(np.float32), []
    x, y = np.ones((1, 1), np.float32), np.zeros(1, np.int32)
    scaler = np.array([[0], [1]], np.float32)
    workspace = np.empty(kernels.dense_workspace(NET.table, 1, True, 1), np.float32)
    order = np.zeros(rows_per_call, np.int32)
    for _ in range(STEPS // rows_per_call):
        data = (x, scaler, 10.0, y, order, 1)
        how = optimizer.arguments(RATE)
        kernels.bp_epoch(vector, NET.table, 0, *data, *how, workspace, 1)
        optimizer.step += rows_per_call
        path.append(vector.copy())
    return np.array(path)


def test_every_optimizer_is_walked():
    assert set(BY_HAND) == set(OPTIMIZERS) == set(MEMORY)
    assert set(OPTIMIZERS) == set(about("optimizer").values)


@pytest.mark.parametrize("penalties", PENALTIES, ids=lambda chosen: "-".join(chosen) or "none")
@pytest.mark.parametrize("rows_per_call", [1, 3])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_path_is_that_of_the_formula(name, rows_per_call, penalties):
    want = path_by_hand(name, **penalties)[rows_per_call - 1 :: rows_per_call]
    got = path_by_kernel(name, rows_per_call, **penalties)
    assert np.abs(want[-1] - START).max() > 0.1
    assert got == pytest.approx(want, abs=2e-5)
    if penalties:
        plain = path_by_hand(name)[rows_per_call - 1 :: rows_per_call]
        assert np.abs(want - plain).max() > 0.01


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_l2_is_the_gradient_of_half_the_squares_for_plain_steps_only(name):
    """What the documentation says of decoupling."""
    w = START * 1.0
    memory, path = {}, []
    for n in range(1, STEPS + 1):
        w = BY_HAND[name](w, slope(w) + 0.3 * w * WEIGHTS, memory, n)
        path.append(w)
    difference = np.abs(path_by_kernel(name, 1, l2=0.3) - path).max()
    assert (difference < 2e-5) == (name in ("sgd", "gd"))


MEMORY = {"sgd": 0, "gd": 0, "momentum": 1, "nesterov": 1, "adagrad": 1, "rmsprop": 1, "adam": 2}


@pytest.mark.parametrize(("name", "vectors"), MEMORY.items())
def test_an_optimizer_remembers_no_more_than_it_needs(name, vectors):
    state = Optimizer(name, 7).state
    assert state.shape == (vectors, 7)
    assert state.dtype == np.float32


def test_an_unknown_optimizer_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="'lion'; choose from sgd, momentum, adam"):
        Optimizer("lion", 7)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, np.nan])
def test_a_momentum_that_never_settles_is_refused(momentum):
    with pytest.raises(UsageError, match=r"momentum .*; expected 0 or more, below 1"):
        Optimizer("momentum", 7, momentum)

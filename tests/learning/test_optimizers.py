"""Each optimizer's path, as the kernels walk it, against its formula written out by hand.

The net is a single softmax over one input that always reads 1, so that its gradient is a line.
"""

import numpy as np
import pytest

from lwnn._kernels import kernels
from lwnn.errors import UsageError
from lwnn.learning.optimizers import OPTIMIZERS, Optimizer
from lwnn.network import Network

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


BY_HAND = {"sgd": sgd, "momentum": momentum, "adam": adam}


def path_by_hand(name):
    w, memory, path = START, {}, []
    for n in range(1, STEPS + 1):
        w = BY_HAND[name](w, slope(w), memory, n)
        path.append(w)
    return np.array(path)


def path_by_kernel(name, rows_per_call):
    """The same row again and again, one to a mini-batch."""
    optimizer = Optimizer(name, NET.size, 0.8)
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
    assert set(BY_HAND) == set(OPTIMIZERS)


@pytest.mark.parametrize("rows_per_call", [1, 3])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_path_is_that_of_the_formula(name, rows_per_call):
    want = path_by_hand(name)[rows_per_call - 1 :: rows_per_call]
    got = path_by_kernel(name, rows_per_call)
    assert np.abs(want[-1] - START).max() > 0.1
    assert got == pytest.approx(want, abs=2e-5)


@pytest.mark.parametrize(("name", "vectors"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
def test_an_optimizer_remembers_no_more_than_it_needs(name, vectors):
    state = Optimizer(name, 7).state
    assert state.shape == (vectors, 7)
    assert state.dtype == np.float32


def test_an_unknown_optimizer_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="'rmsprop'; choose from sgd, momentum, adam"):
        Optimizer("rmsprop", 7)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, np.nan])
def test_a_momentum_that_never_settles_is_refused(momentum):
    with pytest.raises(UsageError, match=r"momentum .*; expected 0 or more, below 1"):
        Optimizer("momentum", 7, momentum)

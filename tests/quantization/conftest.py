"""Models of every kind that can be quantized, made without training."""

import dataclasses
import itertools

import numpy as np
import pytest

from lwnn.learning import TopDown, fit
from lwnn.learning.optimizers import Optimizer
from lwnn.learning.rule import Rows
from lwnn.model import Model
from lwnn.network import Network, Params
from lwnn.quantization import ROUNDINGS, quantize

CLASSES, FEATURES = 4, 9
#: Those whose rows keep their level.
RAW = ("mf-sum", "un")
#: Kind, hidden layers, activation, readout: every way a model can compute.
KINDS = {
    "linear": ("dense", (), "relu", "output"),
    "linear-layer": ("dense", (24,), "linear", "output"),
    "relu": ("dense", (30, 23), "relu", "output"),
    "sigmoid": ("dense", (24, 17), "sigmoid", "output"),
    "tanh": ("dense", (24,), "tanh", "output"),
    "leaky-relu": ("dense", (40,), "leaky-relu", "output"),
    "step": ("dense", (40,), "step", "output"),
    "elman-linear": ("elman", (24,), "linear", "output"),
    "elman-relu": ("elman", (40,), "relu", "output"),
    "elman-sigmoid": ("elman", (40,), "sigmoid", "output"),
    "elman-tanh": ("elman", (40, 23), "tanh", "output"),
    "elman-leaky-relu": ("elman", (40,), "leaky-relu", "output"),
    "ff-goodness": ("ff", (32, 17), "relu", "goodness"),
    "ff-goodness-plain": ("ff", (32, 17), "relu", "goodness"),
    "ff-both": ("ff", (32, 17), "relu", "both"),
    "ff-both-plain": ("ff", (24,), "relu", "both"),
    "ff-head": ("ff", (24,), "relu", "head"),
    "ff-head-of-two": ("ff", (32, 17, 12), "relu", "head"),
    "mf-last": ("mf", (32, 17), "relu", "last"),
    "mf-sum": ("mf", (32, 17, 12), "relu", "sum"),
    "un": ("un", (32, 17), "relu", "head"),
    "un-level": ("un", (24,), "relu", "head"),
    "td": ("td", (32, 17), "relu", "goodness"),
    "td-plain": ("td", (24,), "relu", "goodness"),
    "td-deep-plain": ("td", (20, 17, 12), "relu", "goodness"),
    "td-both": ("td", (32, 17), "relu", "both"),
    "td-head": ("td", (32, 17), "relu", "head"),
}


@pytest.fixture(scope="session")
def data():
    """Rows of four overlapping classes, of very different units, and their classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, 3000)
    x = rng.normal(size=(CLASSES, FEATURES))[y] * 2 + rng.normal(size=(len(y), FEATURES))
    return (x * np.logspace(-2, 2, FEATURES) + 7).astype(np.float32), y


def float_model(kind, data):
    """Random hidden layers under a last layer that is fitted by least squares.

    The goodness net is made by hand: a prototype per unit of layer 1, and a label that lets
    through those of its class only.
    """
    x, y = data
    rng = np.random.default_rng(1)
    shape, hidden, activation, readout = KINDS[kind]
    level = kind not in RAW and not kind.endswith("plain")
    network = Network(
        shape,
        FEATURES,
        hidden,
        CLASSES,
        activation,
        level=level,
        timesteps=3 if shape == "elman" else 1,
    )
    params = Params(network)
    # What is read again at every step must not grow from step to step.
    gain = 1 if shape == "elman" else 2
    for name, inputs, outputs in network.layers:
        params[f"{name}.weight"][:] = rng.normal(0, gain / inputs**0.5, (outputs, inputs))
        if f"{name}.bias" in params.views:
            params[f"{name}.bias"][:] = rng.normal(0, 0.1, outputs)
    if shape == "ff":
        params["layer1.label"][:] = rng.normal(0, 2, (hidden[0], CLASSES))
    offset, scale = x.mean(axis=0), 1 / x.std(axis=0)
    goals = np.tile(np.float32([0, 0, 0]), (len(hidden) if shape == "ff" else 0, 1))
    labels, features = tuple("abcd"), tuple(f"f{i}" for i in range(FEATURES))
    model = Model(network, params, offset, scale, 10.0, labels, features)
    if readout != "head" and shape == "td":
        learn_top_down(model, x, y)
    elif readout == "goodness":
        z = (x - offset) * scale
        means = np.array([z[y == c].mean(axis=0) for c in range(CLASSES)])
        of_class = np.arange(hidden[0]) % CLASSES
        params["layer1.weight"][:] = means[of_class] / 2
        params["layer1.label"][:] = np.where(of_class[:, None] == np.arange(CLASSES), 0, -30)
        goals[:, 2] = [1, 1e-2][: len(hidden)]
    if readout == "both" and shape == "ff":
        # Little beside the head: random layers know nothing of the labels.
        goals[:, 2] = 1e-3
    model = dataclasses.replace(model, readout=readout, goals=goals, target="kind")
    if shape == "mf":
        fit_heads(model, x, y)
    elif readout != "goodness" and (shape, readout) != ("td", "both"):
        alone = dataclasses.replace(model, readout="head") if readout == "both" else model
        fit_last_layer(alone, x, y)
    return model


def learn_top_down(model, x, y):
    """A few epochs of the rule itself: states that settle are not made by hand."""
    network, rows = model.network, Rows(x, y.astype(np.int32))
    scaler = np.stack([model.offset, model.scale]).astype(np.float32)
    init, draws = np.random.default_rng(2).spawn(2)
    optimizer = Optimizer("adam", network.size)
    rule = TopDown(network, rows, scaler, 10.0, optimizer, batch=50, init=init, draws=draws)
    none = Rows(x[:0], rows.y[:0])
    fit(rule, none, epochs=20, rate=0.003, patience=9, shuffle=np.random.default_rng(3))
    model.params.vector[:] = rule.params.vector


def fit_heads(model, x, y):
    """Every head of an ``mf`` model by itself, as the last one of a net that ends there."""
    network = model.network
    for depth in range(1, len(network.hidden) + 1):
        lower = Params(dataclasses.replace(network, hidden=network.hidden[:depth]))
        for name, view in lower.views.items():
            view[:] = model.params[name]
        part = dataclasses.replace(model, network=lower.network, params=lower, readout="last")
        fit_last_layer(part, x, y)
        for name in (f"head{depth}.weight", f"head{depth}.bias"):
            model.params[name][:] = lower[name]


def fit_last_layer(model, x, y):
    """Least squares, one equation per class, read off the model's own scores."""
    name, inputs, _ = model.network.layers[-1]
    weight, bias = model.params[f"{name}.weight"], model.params[f"{name}.bias"]
    states = np.ones((len(x), inputs + 1))
    bias[:] = 0
    for start in range(0, inputs, CLASSES):
        weight[:] = np.eye(CLASSES, inputs, start)
        part = states[:, start : min(start + CLASSES, inputs)]
        part[:] = model.scores(x)[:, : part.shape[1]]
    # A little decay: int8 has no room for large weights that cancel.
    normal = states.T @ states / len(x) + 0.01 * np.eye(inputs + 1)
    solution = np.linalg.solve(normal, states.T @ (np.eye(CLASSES)[y] - 0.5) / len(x))
    weight[:], bias[:] = solution[:-1].T, solution[-1]


@pytest.fixture(scope="session", params=itertools.product(KINDS, ROUNDINGS), ids="-".join)
def pair(request, data):
    """A float model and the int8 one made of it."""
    kind, rounding = request.param
    model = float_model(kind, data)
    return model, quantize(model, data[0][:500], rounding)


@pytest.fixture(scope="session")
def make(data):
    """Make the float model of a kind."""
    return lambda kind: float_model(kind, data)


@pytest.fixture(scope="session")
def relu(data):
    return quantize(float_model("relu", data), data[0][:500])

"""Models of every kind that can be exported, made without training, and rows for them."""

import numpy as np

from lwnn.model import Model
from lwnn.network import Network, Params
from lwnn.quantization import quantize

FEATURES, CLASSES = 9, 5
#: Kind, hidden layers, activation, readout: every way a model can compute. Widths that fill no
#: group of four outputs are among them.
KINDS = {
    "linear": ("dense", (), "relu", "output"),
    "linear-layer": ("dense", (24,), "linear", "output"),
    "relu": ("dense", (30, 23), "relu", "output"),
    "sigmoid": ("dense", (24, 17), "sigmoid", "output"),
    "tanh": ("dense", (7,), "tanh", "output"),
    "leaky-relu": ("dense", (24, 11), "leaky-relu", "output"),
    "step": ("dense", (40,), "step", "output"),
    "recurrent": ("elman", (21, 13), "tanh", "output"),
    "recurrent-relu": ("elman", (30,), "relu", "output"),
    "goodness": ("ff", (32, 17), "relu", "goodness"),
    "goodness-of-one": ("ff", (21,), "relu", "goodness"),
    "head": ("ff", (24,), "relu", "head"),
    "head-of-two": ("ff", (30, 17, 11), "relu", "head"),
    "both": ("ff", (30, 17, 11), "relu", "both"),
    "both-of-one": ("ff", (24,), "relu", "both"),
    "unsupervised": ("un", (30, 17, 11), "relu", "head"),
    "top-down-head": ("td", (30, 17, 11), "relu", "head"),
    "mono": ("mf", (21, 13), "relu", "last"),
    "mono-sum": ("mf", (30, 17, 11), "relu", "sum"),
}
#: Arithmetic and kind: int8 rounds its sums once, twice is int8 that does so twice.
MODELS = [f"{number}-{kind}" for kind in KINDS for number in ("int8", "twice", "float")]


def rows(count=300, features=FEATURES, seed=0):
    """Readings of very different units, some far beyond those seen in calibration."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, features)) * np.logspace(-2, 2, features) + 7
    x[: count // 10] *= 50
    return x.astype(np.float32)


def float_model(kind, features=FEATURES, seed=0, form=None, **changes):
    """A model with random parameters that takes such rows; `form` are fields of its network."""
    shape, hidden, activation, readout = KINDS[kind]
    names = tuple(f"f{i}" for i in range(features)) if isinstance(features, int) else features
    features, classes = len(names), CLASSES
    rng = np.random.default_rng(seed)
    form = {"timesteps": 3 if shape == "elman" else 1, **(form or {})}
    network = Network(shape, features, hidden, classes, activation, **form)
    params = Params(network)
    for name, inputs, outputs in network.layers:
        params[f"{name}.weight"][:] = rng.normal(0, 2 / inputs**0.5, (outputs, inputs))
        if f"{name}.bias" in params.views:
            params[f"{name}.bias"][:] = rng.normal(0, 0.3, outputs)
    if shape == "ff":
        params["layer1.label"][:] = rng.normal(0, 2, (hidden[0], classes))
    goals = np.zeros((len(hidden) if shape == "ff" else 0, 3), np.float32)
    goals[:, 2] = rng.random(len(goals)) + 0.1
    x = rows(features=features)[30:]
    fields = {
        "network": network,
        "params": params,
        "offset": x.mean(axis=0),
        "scale": 1 / x.std(axis=0),
        "clip": 10.0,
        "labels": tuple(f"class {c}" for c in range(classes)),
        "features": names,
        "readout": readout,
        "goals": goals,
    }
    return Model(**{**fields, **changes})


def model_of(name, **changes):
    """The model of a name in `MODELS`."""
    number, _, kind = name.partition("-")
    model = float_model(kind, **changes)
    if number == "float":
        return model
    rounding = {"int8": "single", "twice": "double"}[number]
    return quantize(model, rows(features=model.network.inputs)[30:], rounding)

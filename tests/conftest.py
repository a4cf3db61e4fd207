"""Small models that every test may ask for."""

import numpy as np
import pytest

from lwnn.model import Model
from lwnn.network import Network, Params
from lwnn.quantization import quantize
from lwnn.scoring import READOUTS


def _make_model(kind="dense", hidden=(5, 4), readout=None, activation="relu", seed=0, **changes):
    """A model with random parameters that takes 3 features and knows 4 classes."""
    random = np.random.Generator(np.random.PCG64(seed))
    steps = 3 if kind == "elman" else 1
    network = Network(kind, 3, hidden, 4, activation, timesteps=steps)
    vector = random.standard_normal(network.size).astype(np.float32)
    goals = random.random((len(hidden) if kind == "ff" else 0, 3)).astype(np.float32)
    fields = {
        "network": network,
        "params": Params(network, vector),
        "offset": random.standard_normal(3).astype(np.float32),
        "scale": random.random(3).astype(np.float32),
        "clip": 10.0,
        "labels": ("ash", "elm", "größer", "=1+1"),
        "features": ("height", "leaf, length", "x"),
        "target": "tree",
        "named": True,
        "readout": readout or READOUTS[kind][0],
        "goals": goals,
        "provenance": {"lwnn": "0.1.0", "seed": seed, "options": {"rate": 0.1, "hidden": [5, 4]}},
    }
    return Model(**{**fields, **changes})


@pytest.fixture
def make_model():
    """The function that makes a `Model`; keywords replace its fields."""
    return _make_model


#: Kind of network, readout, activation, and how it rounds if it is quantized.
KINDS = {
    "dense": ("dense", None, "relu", None),
    "elman": ("elman", None, "tanh", None),
    "goodness": ("ff", "goodness", "relu", None),
    "head": ("ff", "head", "relu", None),
    "both": ("ff", "both", "relu", None),
    "last": ("mf", "last", "relu", None),
    "sum": ("mf", "sum", "relu", None),
    "unsupervised": ("un", "head", "relu", None),
    "top-down": ("td", "goodness", "relu", None),
    "top-down-both": ("td", "both", "relu", None),
    "top-down-head": ("td", "head", "relu", None),
    "int8-dense": ("dense", None, "tanh", "single"),
    "int8-elman": ("elman", None, "tanh", "double"),
    "int8-goodness": ("ff", "goodness", "relu", "single"),
    "int8-head": ("ff", "head", "relu", "double"),
    "int8-both": ("ff", "both", "relu", "single"),
    "int8-last": ("mf", "last", "relu", "double"),
    "int8-sum": ("mf", "sum", "relu", "single"),
    "int8-unsupervised": ("un", "head", "relu", "single"),
    "int8-top-down": ("td", "goodness", "relu", "double"),
    "int8-top-down-both": ("td", "both", "relu", "single"),
    "int8-top-down-head": ("td", "head", "relu", "single"),
}


@pytest.fixture(params=KINDS)
def model(request):
    """A model of each kind in turn."""
    kind, readout, activation, rounding = KINDS[request.param]
    model = _make_model(kind, readout=readout, activation=activation)
    return quantize(model, _make_rows(), rounding) if rounding else model


def _make_rows():
    return np.random.Generator(np.random.PCG64(1)).standard_normal((10, 3)).astype(np.float32)


@pytest.fixture
def rows():
    """Ten rows for these models."""
    return _make_rows()


@pytest.fixture
def path(tmp_path):
    """Where a test may put a model file."""
    return tmp_path / "model.safetensors"

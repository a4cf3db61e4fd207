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
    network = Network(kind, 3, hidden, 4, activation)
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


#: Kind of network, readout, activation, and whether it is quantized.
KINDS = {
    "dense": ("dense", None, "relu", False),
    "goodness": ("ff", "goodness", "relu", False),
    "head": ("ff", "head", "relu", False),
    "both": ("ff", "both", "relu", False),
    "last": ("mf", "last", "relu", False),
    "sum": ("mf", "sum", "relu", False),
    "unsupervised": ("un", "head", "relu", False),
    "top-down": ("td", "goodness", "relu", False),
    "top-down-head": ("td", "head", "relu", False),
    "int8-dense": ("dense", None, "tanh", True),
    "int8-goodness": ("ff", "goodness", "relu", True),
    "int8-head": ("ff", "head", "relu", True),
    "int8-both": ("ff", "both", "relu", True),
    "int8-last": ("mf", "last", "relu", True),
    "int8-sum": ("mf", "sum", "relu", True),
    "int8-unsupervised": ("un", "head", "relu", True),
    "int8-top-down": ("td", "goodness", "relu", True),
    "int8-top-down-head": ("td", "head", "relu", True),
}


@pytest.fixture(params=KINDS)
def model(request):
    """A model of each kind in turn."""
    kind, readout, activation, quantized = KINDS[request.param]
    model = _make_model(kind, readout=readout, activation=activation)
    return quantize(model, _make_rows()) if quantized else model


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

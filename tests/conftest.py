"""Small models that every test may ask for."""

import numpy as np
import pytest

from lwnn.model import Model
from lwnn.network import Network, Params


def _make_model(kind="dense", hidden=(5, 4), readout=None, seed=0, **changes):
    """A model with random parameters that takes 3 features and knows 4 classes."""
    random = np.random.Generator(np.random.PCG64(seed))
    network = Network(kind, 3, hidden, 4)
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
        "readout": readout or ("goodness" if kind == "ff" else "output"),
        "goals": goals,
        "provenance": {"lwnn": "0.1.0", "seed": seed, "options": {"rate": 0.1, "hidden": [5, 4]}},
    }
    return Model(**{**fields, **changes})


@pytest.fixture
def make_model():
    """The function that makes a `Model`; keywords replace its fields."""
    return _make_model


@pytest.fixture(params=["dense", "ff-goodness", "ff-head"])
def model(request):
    """A model of each kind in turn."""
    kind, _, readout = request.param.partition("-")
    return _make_model(kind, readout=readout or None)


@pytest.fixture
def rows():
    """Ten rows for these models."""
    return np.random.Generator(np.random.PCG64(1)).standard_normal((10, 3)).astype(np.float32)

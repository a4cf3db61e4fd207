"""How weights start: the spread that each way promises."""

import numpy as np
import pytest

from lwnn.learning.starts import STARTS
from lwnn.network import Network, Params
from lwnn.options import about

INPUTS, UNITS, CLASSES = 400, 300, 200
#: Name to the variance of the weights between `inputs` and `outputs` units, and of the biases.
SPREAD = {
    "he": (lambda inputs, outputs: 2 / inputs, 0),
    "lecun": (lambda inputs, outputs: 1 / inputs, 0),
    "xavier": (lambda inputs, outputs: 2 / (inputs + outputs), 0),
    "normal": (lambda inputs, outputs: 1, 1),
}


def started(name, seed=0):
    params = Params(Network("dense", INPUTS, (UNITS,), CLASSES))
    STARTS[name](params, np.random.default_rng(seed))
    return params


def test_every_start_is_offered_and_has_its_spread():
    assert set(SPREAD) == set(STARTS) == set(about("weights").values)


@pytest.mark.parametrize("name", STARTS)
def test_weights_are_normal_of_the_promised_variance(name):
    params, (variance, of_biases) = started(name), SPREAD[name]
    for layer, inputs, outputs in params.network.layers:
        weights = params[f"{layer}.weight"] / np.sqrt(variance(inputs, outputs))
        assert weights.var() == pytest.approx(1, rel=0.03)
        assert abs(weights.mean()) < 0.02
        assert (weights**4).mean() == pytest.approx(3, rel=0.06)
        assert params[f"{layer}.bias"].var() == pytest.approx(of_biases, rel=0.3)


@pytest.mark.parametrize("name", STARTS)
def test_the_generator_decides(name):
    assert np.array_equal(started(name).vector, started(name).vector)
    assert not np.array_equal(started(name).vector, started(name, seed=1).vector)

"""The share of hidden units that no longer learn."""

import numpy as np
import pytest

from lwnn.learning.saturation import ROWS, saturation
from lwnn.network import ACTIVATIONS, Network, Params

SCALER = np.array([[0.0], [1.0]], np.float32)


def share(activation, z, classes=2):
    """Of a layer whose units read `z` [row][unit], as one input times weights."""
    z = np.asarray(z, np.float32)
    params = Params(Network("dense", z.shape[1], (z.shape[1],), classes, activation))
    params["layer1.weight"][:] = np.eye(z.shape[1])
    scaler = np.stack([np.zeros(z.shape[1]), np.ones(z.shape[1])]).astype(np.float32)
    return saturation(params, (z, scaler, 100.0))


@pytest.mark.parametrize(
    ("activation", "inside", "outside"),
    [("sigmoid", 2.94, 2.95), ("tanh", 1.47, 1.48)],
)
def test_units_near_either_end_are_saturated(activation, inside, outside):
    """sigmoid(2.9444) = 0.95; tanh(1.4722) = 0.9."""
    assert share(activation, [[inside, -inside, 0.0]]) == [0.0]
    assert share(activation, [[outside, -outside, 0.0, 0.1]]) == [0.5]
    assert share(activation, [[outside, 0.0], [0.0, 0.0]]) == [0.25]


def test_a_relu_is_dead_when_no_row_wakes_it():
    assert share("relu", [[-1, 1, -1, -1], [-2, -1, -3, 1]]) == [0.5]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_an_answer_per_layer_or_none(activation):
    params = Params(Network("dense", 1, (5, 4), 2, activation))
    found = saturation(params, (np.ones((3, 1), np.float32), SCALER, 10.0))
    assert len(found) == (2 if activation in ("sigmoid", "tanh", "relu") else 0)


def test_a_later_layer_reads_what_the_earlier_gives():
    params = Params(Network("dense", 1, (1, 1), 2, "sigmoid"))
    params["layer1.weight"][:], params["layer2.weight"][:] = 10, 4
    x = np.array([[1], [-1]], np.float32)
    # Layer 1 gives 1 and 0; layer 2 reads 4 and 0.
    assert saturation(params, (x, SCALER, 10.0)) == [1.0, 0.5]


def test_rows_are_scaled_and_clipped_and_few():
    params = Params(Network("dense", 1, (1,), 2, "sigmoid"))
    params["layer1.weight"][:] = 1
    x = np.full((ROWS + 50, 1), 100, np.float32)
    x[ROWS:] = 0
    assert saturation(params, (x, SCALER, 10.0)) == [1.0]
    assert saturation(params, (x, SCALER, 1.0)) == [0.0]
    assert saturation(params, (x, SCALER * 0.01, 10.0)) == [0.0]
    assert saturation(params, (x[:0], SCALER, 10.0)) == []

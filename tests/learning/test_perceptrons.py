"""Perceptrons: what one layer learns, what it cannot, and what two do."""

import doctest
import itertools
from pathlib import Path

import numpy as np
import pytest

import lwnn
from lwnn.errors import UsageError
from lwnn.learning import Perceptron
from lwnn.learning.optimizers import Optimizer
from lwnn.learning.rule import Rows
from lwnn.network import ACTIVATIONS

HOME = Path(__file__).parents[2]
INPUTS = np.array(list(itertools.product([0, 1], repeat=2)), np.float32)
GATES = {
    "nand": [1, 1, 1, 0],
    "and": [0, 0, 0, 1],
    "or": [0, 1, 1, 1],
    "nor": [1, 0, 0, 0],
    "a": [0, 0, 1, 1],
    "xor": [0, 1, 1, 0],
    "xnor": [1, 0, 0, 1],
}


def model_of(network, tensors):
    """A model that reads its inputs as they are."""
    params = lwnn.Params(network)
    for name, values in tensors.items():
        params[name][:] = values
    assert set(tensors) == set(params.views)
    zeros, ones = np.zeros(network.inputs, np.float32), np.ones(network.inputs, np.float32)
    named = {"labels": ("0", "1"), "features": ("a", "b")}
    return lwnn.Model(network=network, params=params, offset=zeros, scale=ones, clip=1.0, **named)


def learnt(gate, seed):
    """What a perceptron answers after many passes over the rows of a gate."""
    network = lwnn.Network("dense", 2, (), 2)
    rows = Rows(INPUTS, np.array(GATES[gate], np.int32))
    init, shuffle = np.random.default_rng(seed).spawn(2)
    scaler, optimizer = np.array([[0, 0], [1, 1]], np.float32), Optimizer("sgd", network.size)
    rule = Perceptron(network, rows, scaler, 1.0, optimizer, batch=1, init=init, draws=shuffle)
    losses = [rule.learn(shuffle.permutation(4).astype(np.int32), 1.0) for _ in range(100)]
    return rule.scores(INPUTS), losses


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("gate", [gate for gate in GATES if "x" not in gate])
def test_what_a_plane_separates_is_learnt_and_the_mistakes_end(gate, seed):
    scores, losses = learnt(gate, seed)
    assert scores.argmax(axis=1).tolist() == GATES[gate]
    # Every unit fires for its own class and for no other.
    assert ((scores > 0).argmax(axis=1) == GATES[gate]).all()
    assert (scores > 0).sum() == 4
    assert losses[0] > 0
    assert losses[-1] == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("gate", ["xor", "xnor"])
def test_xor_is_never_learnt_by_one_layer(gate, seed):
    scores, losses = learnt(gate, seed)
    assert (scores.argmax(axis=1) == GATES[gate]).sum() <= 3
    assert min(losses) > 0


def test_the_nand_of_weights_minus_2_and_bias_3():
    network = lwnn.Network("dense", 2, (), 2)
    tensors = {"output.weight": [[2, 2], [-2, -2]], "output.bias": [-3, 3]}
    model = model_of(network, tensors)
    assert model.predict_index(INPUTS).tolist() == GATES["nand"]
    assert model.scores(INPUTS)[:, 1].tolist() == [3, 1, 1, -1]


def test_two_layers_of_nands_are_xor():
    """A NAND that reads an input inverted has its weight with the other sign and 2 less bias."""
    if "step" not in ACTIVATIONS:
        pytest.skip("no step activation in hidden layers")
    network = lwnn.Network("dense", 2, (2,), 2, activation="step")
    tensors = {
        "layer1.weight": [[-2, 2], [2, -2]],
        "layer1.bias": [1, 1],
        "output.weight": [[2, 2], [-2, -2]],
        "output.bias": [-3, 3],
    }
    assert model_of(network, tensors).predict_index(INPUTS).tolist() == GATES["xor"]


@pytest.mark.parametrize("seed", range(5))
def test_backprop_learns_xor_with_a_hidden_layer(seed):
    data = lwnn.load(HOME / "examples" / "xor.csv")
    options = lwnn.Options(
        algo="bp", hidden=(4,), activation="tanh", epochs=500, val=0.0, test=0.0, seed=seed
    )
    model = lwnn.train(data, options).model
    assert model.predict_index(data.x).tolist() == GATES["xor"]


@pytest.mark.parametrize("gate", ["nand", "xor"])
def test_the_example_tables_are_the_gates(gate):
    data = lwnn.load(HOME / "examples" / f"{gate}.csv")
    assert data.target == gate
    assert data.x.tolist() == INPUTS.tolist()
    assert [data.labels[y] for y in data.y] == [str(bit) for bit in GATES[gate]]


def test_ten_classes_are_learnt():
    run = lwnn.train(lwnn.load(lwnn.sample_path()), lwnn.Options(algo="perceptron"))
    assert run.metrics["test"]["accuracy"] > 0.9
    assert run.model.network.describe() == "64-10"
    assert not {"hidden", "batch", "optimizer", "momentum"} & set(run.options)


def test_hidden_layers_are_refused():
    with pytest.raises(UsageError, match=r"--hidden goes with .*, not with --algo perceptron"):
        lwnn.train(
            lwnn.load(lwnn.sample_path()), lwnn.Options(algo="perceptron", hidden=(4,), epochs=1)
        )
    network = lwnn.Network("dense", 2, (3,), 2)
    with pytest.raises(UsageError, match="teaches a single layer"):
        Perceptron(network, None, None, 1.0, None, batch=1, init=None, draws=None)


def test_the_examples_of_the_page():
    result = doctest.testfile(str(HOME / "docs" / "perceptron.md"), module_relative=False)
    assert result.attempted > 8
    assert result.failed == 0

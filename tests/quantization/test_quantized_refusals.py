"""What quantization refuses: bad tensors, bad rows, models that int8 cannot hold."""

import dataclasses

import numpy as np
import pytest

from lwnn.errors import DataError, ModelFileError, UsageError
from lwnn.model import Model
from lwnn.network import Network
from lwnn.quantization import quantize


def spoiled(tensors, name, change):
    changed = tensors[name].copy()
    changed.flat[0] = change
    return {**tensors, name: changed}


@pytest.mark.parametrize(
    "name, change",
    [
        ("layer1.shift", 31),
        ("layer1.shift", -32),
        ("layer2.zero_point", -127),
        ("output.zero_point", 128),
        ("layer1.weight", -128),
        ("layer1.bias", 2**31 - 1),
        ("layer1.bias", -(2**31)),
        ("output.scale", np.nan),
        ("output.scale", 0),
        ("input.multiplier", np.inf),
    ],
)
def test_refuses_values_that_the_kernels_cannot_take(relu, name, change):
    with pytest.raises(ModelFileError, match=f"tensor '{name}'"):
        dataclasses.replace(relu, tensors=spoiled(relu.tensors, name, change))


@pytest.mark.parametrize("name", ["layer1.weight", "input.offset", "output.zero_point"])
def test_refuses_missing_extra_and_misshapen_tensors(relu, name):
    tensor = relu.tensors[name]
    rest = {other: tensor for other, tensor in relu.tensors.items() if other != name}
    for tensors, problem in (
        (rest, "is missing"),
        ({**relu.tensors, "more": tensor}, "'more' is not expected"),
        ({**rest, name: tensor[:0]}, "expected"),
        ({**rest, name: tensor.astype(np.float64)}, "is float64"),
    ):
        with pytest.raises(ModelFileError, match=problem):
            dataclasses.replace(relu, tensors=tensors)


def test_refuses_unknown_rounding_and_readout(relu):
    for field, value in (("rounding", "triple"), ("readout", "head")):
        with pytest.raises(ModelFileError, match=f"{field} '{value}'"):
            dataclasses.replace(relu, **{field: value})


def test_refuses_to_round_in_another_way(make, data):
    with pytest.raises(UsageError, match="rounding 'triple'; expected single or double"):
        quantize(make("relu"), data[0], "triple")


def test_refuses_heads_that_are_summed_on_different_scales(make, data):
    quantized = quantize(make("mf-sum"), data[0])
    for part, value in (("scale", 1.5), ("zero_point", 3)):
        tensors = spoiled(quantized.tensors, f"head2.{part}", value)
        with pytest.raises(ModelFileError, match=f"{part}' differ, but their scores are summed"):
            dataclasses.replace(quantized, tensors=tensors)


@pytest.mark.parametrize(
    "name, change, problem",
    [
        ("above1.weight", -128, "outside"),
        ("above1.bias", 2**31 - 1, "overflow 32 bits"),
        ("readout.factor", 2**24, "outside"),
    ],
)
def test_refuses_top_down_tensors_that_would_overflow(make, data, name, change, problem):
    quantized = quantize(make("td"), data[0][:200])
    with pytest.raises(ModelFileError, match=problem):
        dataclasses.replace(quantized, tensors=spoiled(quantized.tensors, name, change))


def test_refuses_models_and_rows_that_it_cannot_calibrate(make, data):
    model = make("relu")
    with pytest.raises(DataError, match="no rows"):
        quantize(model, data[0][:0])
    model.params["layer2.weight"][3, 4] = np.nan
    with pytest.raises(UsageError, match="layer2: the model's values are not finite"):
        quantize(model, data[0])


def test_refuses_a_head_over_too_many_units():
    network = Network("ff", 2, (1, 40_000, 40_000), 2)
    model = Model(network, None, None, None, 10.0, ("a", "b"), ("f", "g"), readout="head")
    with pytest.raises(UsageError, match="head reads 80,001 inputs"):
        quantize(model, np.zeros((1, 2), np.float32))

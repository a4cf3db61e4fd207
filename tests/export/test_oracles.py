"""Simulation and exported C against the programs whose arithmetic they follow."""

import dataclasses

import numpy as np
import pytest
from device_tools import needs

from lwnn.export.verification import verify
from lwnn.model import Model
from lwnn.network import Network, Params
from lwnn.quantization import ROUNDINGS, arithmetic, quantize
from lwnn.quantization.inference import quantized

_ABSENT = "{} not installed; pip install '.[oracles]' brings it, on Linux for x86-64"
for _package in ("ai_edge_litert", "tflite_micro"):
    pytest.importorskip(_package, reason=_ABSENT.format(_package))

from ai_edge_litert import interpreter as litert  # noqa: E402
from tflite_micro.python.tflite_micro import runtime as tflm  # noqa: E402
from tflite_nets import flatbuffer  # noqa: E402

#: Rows that an oracle takes at a time, and inputs and outputs of the nets.
BATCH, INPUTS, OUTPUTS = 500, 48, 40
#: Hidden layers and batches: what sums a layer rounds, and what is rounded on the way to others.
NETS = {"one-layer": ((), 6), "three-layers": ((33, 20), 3)}


def litert_outputs(content, rows):
    """LiteRT with its reference kernels."""
    runner = litert.Interpreter(
        model_content=content,
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
        num_threads=1,
    )
    runner.allocate_tensors()
    first, last = runner.get_input_details()[0]["index"], runner.get_output_details()[0]["index"]
    for batch in np.split(rows, len(rows) // BATCH):
        runner.set_tensor(first, batch)
        runner.invoke()
        yield runner.get_tensor(last)


def tflm_outputs(content, rows):
    """TensorFlow Lite for Microcontrollers, with its portable kernels."""
    runner = tflm.Interpreter.from_bytes(content, arena_size=1 << 20)
    for batch in np.split(rows, len(rows) // BATCH):
        runner.set_input(batch, 0)
        runner.invoke()
        yield runner.get_output(0)


ORACLES = {"single": litert_outputs, "double": tflm_outputs}


def readings(count, rng):
    """Rows, some of them far beyond those of the calibration."""
    x = rng.normal(size=(count, INPUTS)) * np.logspace(-1, 1, INPUTS) + 3
    x[: count // 10] *= 30
    return x.astype(np.float32)


def net(hidden, rounding, per_tensor, x):
    """A model with random parameters; per tensor, the outputs of a layer share a scale."""
    rng = np.random.default_rng(len(hidden))
    network = Network("dense", INPUTS, hidden, OUTPUTS)
    params = Params(network)
    for name, inputs, outputs in network.layers:
        weight = params[f"{name}.weight"]
        weight[:] = rng.normal(0, 1.5 / inputs**0.5, (outputs, inputs))
        params[f"{name}.bias"][:] = rng.normal(0, 0.3, outputs)
        if per_tensor:
            most = np.abs(weight).max()
            weight[:, 0] = rng.choice([-most, most], outputs)
    names = (tuple(f"{kind}{n}" for n in range(count)) for kind, count in (("c", 40), ("f", 48)))
    model = Model(network, params, x.mean(axis=0), 1 / x.std(axis=0), 10.0, *names)
    model = quantize(model, x[len(x) // 10 :], rounding)
    return _scaled_as_one(model) if per_tensor else model


def _scaled_as_one(model):
    """The same with factors as the oracles make them for one scale: the product in float32."""
    t = dict(model.tensors)
    source = t["input.scale"]
    for name, _, _ in model.network.layers:
        real = (source * t[f"{name}.weight_scale"]).astype(np.float64)
        source = t[f"{name}.scale"]
        t[f"{name}.multiplier"], t[f"{name}.shift"] = arithmetic.encode(real / np.float64(source))
    return dataclasses.replace(model, tensors=t)


@needs("cc")
@pytest.mark.parametrize("per_tensor", [True, False], ids=["per-tensor", "per-channel"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_output_is_the_oracle_s(write, rounding, per_tensor):
    compared = 0
    for name, (hidden, batches) in NETS.items():
        x = readings(BATCH * batches, np.random.default_rng(7))
        model = net(hidden, rounding, per_tensor, x)
        scores = model.integer_scores(x)
        content = flatbuffer(model, BATCH, per_tensor)
        inputs = quantized(model.tensors, x)
        wanted = np.concatenate(list(ORACLES[rounding](content, inputs)))
        assert (scores != wanted).sum() == 0
        assert verify(model, write(model, name=name.replace("-", "_")), x).good
        # The other rounding would have been noticed.
        other = next(kind for kind in ROUNDINGS if kind != rounding)
        changed = dataclasses.replace(model, rounding=other).integer_scores(x)
        assert (changed != wanted).any()
        assert len(np.unique(scores)) > 250
        compared += scores.size
    assert compared >= 100_000

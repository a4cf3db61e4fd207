"""Which tensors a quantized model consists of, and the refusal of bad ones.

The kernels trust what they are given. A model file may come from anywhere, so everything that
they rely on is checked here: names, types, shapes, and that no sum can leave its type.
"""

import numpy as np

from lwnn.errors import ModelFileError, UsageError
from lwnn.network import DYNAMICS
from lwnn.quantization import arithmetic

#: How often a quantized model rounds its sums, the default first; see `lwnn/_kernels/int8.pxi`.
ROUNDINGS = ("single", "double")


def passes(network, readout):
    """How often a row goes through the net: for goodness once per label, for a head once."""
    return {"goodness": network.classes, "both": network.classes + 1}.get(readout, 1)


def used_layers(network, readout):
    """(name, inputs, outputs) of the layers that the readout needs."""
    layers = network.layers[:-1] if readout == "goodness" else network.layers
    if network.kind == "td" and readout == "head":
        return tuple(layer for layer in layers if not layer[0].startswith("above"))
    return layers


def normalized(network, readout):
    """(name, width) of the tensors that are divided by their root mean square."""
    if network.kind in ("dense", "elman"):
        return ()
    tensors = [("input", network.inputs)] if network.level else []
    tensors += [(name, outputs) for name, _, outputs in network.layers[: len(network.hidden)]]
    settles = network.kind == "td"
    return tuple(tensors if readout in ("head", "both") or settles else tensors[:-1])


def looked_up(network):
    """Names of the layers whose activation is a table."""
    if network.activation not in arithmetic.LOOKED_UP:
        return ()
    return tuple(name for name, _, _ in network.layers[:-1])


def remembering(network):
    """Names of the layers that read what they gave a step before."""
    return tuple(name for name, _, _ in network.layers[:-1]) if network.kind == "elman" else ()


def heads(network):
    """Names of the heads of an ``mf`` net, bottom to top."""
    return [name for name, _, _ in network.layers[len(network.hidden) :]]


def expected(network, readout):
    """Type and shape of every tensor of a quantized model.

    Returns
    -------
    dict of str to (str, tuple of int)
        ``input.offset`` and ``input.multiplier`` take raw features to int8. Per layer:
        ``weight``, ``bias`` (the inputs' zero point folded in; a row per pass),
        ``multiplier`` and ``shift``, perhaps the ``table`` of its activation. ``norm`` is the
        factor of a normalisation. ``scale`` and ``zero_point`` tell what integers stand for,
        and ``state_zero_point`` which output of a recurrent layer stands for 0: it starts there.
    """
    one = (1,)
    tensors = {
        "input.offset": ("float32", (network.inputs,)),
        "input.multiplier": ("float32", (network.inputs,)),
        "input.scale": ("float32", one),
        "input.zero_point": ("int32", one),
    }
    for name, inputs, outputs in used_layers(network, readout):
        tensors |= {
            f"{name}.weight": ("int8", (outputs, inputs)),
            f"{name}.bias": ("int32", (_bias_rows(network, readout, name), outputs)),
            f"{name}.weight_scale": ("float32", (outputs,)),
        }
        if name.startswith("above"):
            # Its products are added to those of the layer, and requantized with them.
            continue
        tensors |= {
            f"{name}.multiplier": ("int32", (outputs,)),
            f"{name}.shift": ("int8", (outputs,)),
            f"{name}.scale": ("float32", one),
            f"{name}.zero_point": ("int32", one),
        }
    for name in remembering(network):
        tensors[f"{name}.state_zero_point"] = ("int32", one)
    for name in looked_up(network):
        tensors[f"{name}.table"] = ("int8", (256,))
    for name, _ in normalized(network, readout):
        tensors |= {
            f"{name}.norm": ("int32", one),
            f"{name}.norm_scale": ("float32", one),
            f"{name}.norm_zero_point": ("int32", one),
        }
    if readout in ("goodness", "both"):
        # One for each layer, and one for the head.
        tensors["readout.factor"] = ("int32", (len(network.hidden) + (readout == "both"),))
        tensors["readout.scale"] = ("float32", one)
    return tensors


def _bias_rows(network, readout, name):
    """How many biases a layer has: one for every label where the label enters, else one.

    Top-down, where it enters at the top, there is one more: the first pass has no label.
    """
    if network.kind == "td":
        entry = readout != "head" and name == f"layer{len(network.hidden)}"
        return network.classes + 1 if entry else 1
    return passes(network, readout) if name == "layer1" else 1


def check_network(network, readout):
    """Refuse what 32-bit accumulators cannot hold.

    Raises
    ------
    UsageError
        When a layer reads more than 65,536 inputs.
    """
    if readout in ("goodness", "both") and network.goodness != "squares":
        raise UsageError("int8 knows goodness from squares only; train with --goodness mean")
    if network.embed == "overwrite" and network.level:
        raise UsageError(
            "int8 does not know labels in the place of pixels of which the root mean square is "
            "taken; train with --embed append"
        )
    for name, inputs, _ in used_layers(network, readout):
        if inputs > arithmetic.MOST_INPUTS:
            raise UsageError(
                f"{name} reads {inputs:,} inputs; int8 takes at most {arithmetic.MOST_INPUTS:,}: "
                "train with fewer hidden units"
            )


def check(network, readout, tensors):
    """Refuse tensors that are not those of a quantized model.

    Raises
    ------
    ModelFileError
        When one is missing or too many, has another type or shape, or holds a value that the
        arithmetic does not allow.
    UsageError
        When the network is too wide.
    """
    check_network(network, readout)
    wanted = expected(network, readout)
    for name in sorted(wanted.keys() ^ tensors.keys()):
        raise ModelFileError(
            f"tensor {name!r} is {'missing' if name in wanted else 'not expected'}"
        )
    for name, (dtype, shape) in wanted.items():
        tensor = tensors[name]
        if tensor.dtype != dtype or tensor.shape != shape:
            raise ModelFileError(
                f"tensor {name!r} is {tensor.dtype} {tensor.shape}; expected {dtype} {shape}"
            )
        low, high = _bounds(name.rpartition(".")[2])
        if not ((tensor >= low) & (tensor <= high)).all():
            raise ModelFileError(f"tensor {name!r} holds values outside {low} to {high}")
    relus = network.layers[: len(network.hidden)] if network.activation == "relu" else ()
    for name, _, _ in relus:
        if tensors[f"{name}.zero_point"][0] != arithmetic.LOW:
            raise ModelFileError(
                f"tensor {name + '.zero_point'!r} is not {arithmetic.LOW}, as behind a ReLU"
            )
    for name, _, _ in used_layers(network, readout):
        _check_accumulators(name, tensors)
    if network.kind == "td" and readout != "head":
        _check_goodness(network, tensors)
    if readout == "sum":
        _check_summands(network, tensors)


def _check_summands(network, tensors):
    """Scores that are added up must stand for the same."""
    for part in ("scale", "zero_point"):
        if len({tensors[f"{name}.{part}"][0] for name in heads(network)}) > 1:
            raise ModelFileError(f"tensors 'head….{part}' differ, but their scores are summed")


def _bounds(part):
    """Least and greatest value of a kind of tensor."""
    info = np.finfo(np.float32)
    most = float(info.max)
    if part.endswith("scale"):
        return float(info.smallest_subnormal), most
    if part.endswith("zero_point"):
        return arithmetic.LOW, arithmetic.HIGH
    return {
        "weight": (-arithmetic.MOST_WEIGHT, arithmetic.MOST_WEIGHT),
        "shift": (-31, 30),
        "norm": (0, arithmetic.MOST_NORM),
        "factor": (-arithmetic.MOST_FACTOR, arithmetic.MOST_FACTOR),
    }.get(part, (-most, most))


def _check_accumulators(name, tensors):
    """No input, -128 to 127, may bring a sum out of 32 bits."""
    reach = np.zeros(1, np.int64)
    # What comes from above, where there is such, is added to the same sum.
    for part in {name, name.replace("layer", "above")}:
        if f"{part}.weight" in tensors:
            weight, bias = (
                np.abs(tensors[f"{part}.{kind}"].astype(np.int64)) for kind in ("weight", "bias")
            )
            reach = reach + 128 * weight.sum(axis=1) + bias.max(axis=0)
    if (reach > 2**31 - 1).any():
        raise ModelFileError(f"tensor {name + '.bias'!r} holds values that overflow 32 bits")


def _check_goodness(network, tensors):
    """No output, 0 to 255 above its zero point, may bring a goodness out of 64 bits."""
    factors = np.abs(tensors["readout.factor"]).tolist()
    hidden = network.hidden
    most = sum(f * units * 255**2 for f, units in zip(factors, hidden, strict=False))
    if most * DYNAMICS.steps + 255 * sum(factors[len(hidden) :]) > 2**63 - 1:
        raise ModelFileError("tensor 'readout.factor' holds values that overflow 64 bits")

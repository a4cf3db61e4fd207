"""Forward-Forward float nets as programs: the head's pass, the goodness of every label, or both.

Layer 1 is one product for all labels: a label only adds its weights, times the value of its input.
That value is 1, the hot one being in the weights, unless the label stands in the row and the row is
divided by its root mean square, which is the same for each label.
"""

import numpy as np

from lwnn.export import float_builder as c
from lwnn.export.program import Array, Buffer

_READOUT_WEIGHT = 2


def program(model):
    """Build the program of a Forward-Forward float model; see `lwnn.export.float_dense.program`."""
    network, readout = model.network, model.readout
    layers = network.layers[:-1] if readout == "goodness" else network.layers
    constants = c.arrays(model, layers)
    steps = [*c.START, "float *const sums = scratch->part.sums;", "float factor = 1.0f;"]
    buffers = [Buffer("sums", "float", network.hidden[0])]
    if readout != "head":
        constants.append(_labels(model, "labels", np.eye(network.classes)))
        steps += ["int label;", *_goodness(model)]
    if readout != "goodness":
        neutral = np.full((1, network.classes), 1 / network.classes)
        constants.append(_labels(model, "neutral", neutral))
        target = "scores" if readout == "head" else "scratch->part.head"
        buffers.append(Buffer("joined", "float", network.head_inputs))
        steps += _head(model, neutral, target)
    if readout == "both":
        buffers.append(Buffer("head", "float", network.classes))
        steps += ["lwnn_float_mean(scratch->part.head, @CLASSES, scores);"]
    meaning = "Before softmax." if readout == "head" else "Goodness."
    widths = (network.inputs, *network.hidden)
    return c.finish(model, constants, widths, steps, buffers, meaning)


def _labels(model, name, inputs):
    """What each pass adds to layer 1; `inputs` (passes, classes) is what they give the labels."""
    weights = model.params["layer1.label"].astype(np.float64).T * model.network.label_scale
    return Array(name, "float", (inputs @ weights).astype(np.float32))


def _first(model, inputs):
    """Statements up to the sums of layer 1, for passes that give the labels such inputs."""
    network = model.network
    name, width, outputs = network.layers[0]
    steps, more = [c.scale_row(model)], "0.0f"
    overwritten = network.embed == "overwrite"
    if overwritten:
        steps.append(f"lwnn_float_clear(a, {network.classes});")
        more = c.real(network.label_scale**2 * (inputs[0] ** 2).sum())
    if network.level:
        level = c.level("a", network.inputs, more)
        steps.append(f"factor = {level};" if overwritten else f"(void){level};")
    steps.append(f"lwnn_float_sums(@{name}_weight, {width}, {outputs}, a, sums);")
    return steps


def _add(model, label):
    """Statement: outputs of layer 1 in b."""
    return f"lwnn_float_add(sums, @layer1_bias, {label}, factor, {model.network.hidden[0]}, b);"


def _head(model, neutral, target_of_head):
    network = model.network
    steps = [*_first(model, neutral), _add(model, "@neutral")]
    start = 0
    for number, (name, inputs, outputs) in enumerate(network.layers[:-1]):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number:
            steps.append(c.layer(name, inputs, outputs, "relu", source, target))
        steps.append(f"(void){c.level(target, outputs)};")
        if number >= network.head_from:
            steps.append(f"lwnn_float_join({target}, {outputs}, scratch->part.joined + {start});")
            start += outputs
    joined = "scratch->part.joined"
    return [*steps, c.layer("head", start, network.classes, "linear", joined, target_of_head)]


def _goodness(model):
    network = model.network
    steps = [
        *_first(model, np.eye(network.classes)),
        "for (label = 0; label < @CLASSES; label++) {",
        "    " + _add(model, f"@labels + (lwnn_count)label * {network.hidden[0]}"),
    ]
    for number, (name, inputs, outputs) in enumerate(network.layers[:-1]):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number:
            steps.append(f"    (void){c.level(source, inputs)};")
            steps.append("    " + c.layer(name, inputs, outputs, "relu", source, target))
        weight = c.real(model.goals[number, _READOUT_WEIGHT])
        steps.append(
            f"    scores[label] {'+=' if number else '='} {weight} * "
            f"lwnn_float_{network.goodness}({target}, {outputs});"
        )
    return [*steps, "}"]

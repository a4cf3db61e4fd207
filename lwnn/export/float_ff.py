"""Forward-Forward float nets as programs: the head's one pass, or the goodness of every label.

Layer 1 is one product for all labels: a label only adds its weights, times the value of its input.
That value is 1, the hot one being in the weights, unless the label stands in the row and the row is
divided by its root mean square, which is the same whatever the label.
"""

import numpy as np

from lwnn.export import float_builder as c
from lwnn.export.program import Array, Buffer

_READOUT_WEIGHT = 2


def program(model):
    """Build the program of a Forward-Forward float model; see `lwnn.export.float_dense.program`."""
    return (_goodness if model.readout == "goodness" else _head)(model)


def _constants(model, layers, labels):
    """`labels` (passes, classes) is what the label inputs hold in each pass, 1 being hot."""
    weights = model.params["layer1.label"].astype(np.float64).T * model.network.label_scale
    label = (labels @ weights).astype(np.float32)
    return [*c.arrays(model, layers), Array("layer1_label", "float", label)]


def _input(model, labels):
    """Statements: the row, scaled and levelled, in a; `factor` is the value of a hot label."""
    network = model.network
    steps, more = [c.scale_row(model)], "0.0f"
    overwritten = network.embed == "overwrite"
    if overwritten:
        steps.append(f"lwnn_float_clear(a, {network.classes});")
        more = c.real(network.label_scale**2 * (labels[0] ** 2).sum())
    if network.level:
        level = c.level("a", network.inputs, more)
        steps.append(f"factor = {level};" if overwritten else f"(void){level};")
    return steps


def _first(model, labels):
    """Statements up to the sums of layer 1."""
    name, inputs, outputs = model.network.layers[0]
    return [
        *c.START,
        "float *const sums = scratch->part.sums;",
        "float factor = 1.0f;",
        *_input(model, labels),
        f"lwnn_float_sums(@{name}_weight, {inputs}, {outputs}, a, sums);",
    ]


def _add(model, label):
    """Statement: outputs of layer 1 in b."""
    units = model.network.hidden[0]
    return f"lwnn_float_add(sums, @layer1_bias, {label}, factor, {units}, b);"


def _head(model):
    network = model.network
    hidden = network.layers[:-1]
    labels = np.full((1, network.classes), 1 / network.classes)
    steps = ["float *const joined = scratch->part.joined;", *_first(model, labels)]
    start = 0
    for number, (name, inputs, outputs) in enumerate(hidden):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number:
            steps.append(c.layer(name, inputs, outputs, "relu", source, target))
        else:
            steps.append(_add(model, "@layer1_label"))
        steps.append(f"(void){c.level(target, outputs)};")
        if number >= network.head_from:
            steps.append(f"lwnn_float_join({target}, {outputs}, joined + {start});")
            start += outputs
    steps.append(c.layer("head", start, network.classes, "linear", "joined", "scores"))
    more = [Buffer("joined", "float", start), Buffer("sums", "float", network.hidden[0])]
    constants = _constants(model, network.layers, labels)
    return c.finish(constants, (network.inputs, *network.hidden), steps, more)


def _goodness(model):
    network = model.network
    hidden, units = network.layers[:-1], network.hidden[0]
    labels = np.eye(network.classes)
    steps = [
        "int label;",
        *_first(model, labels),
        "for (label = 0; label < @CLASSES; label++) {",
        "    " + _add(model, f"@layer1_label + (lwnn_count)label * {units}"),
    ]
    for number, (name, inputs, outputs) in enumerate(hidden):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number:
            steps.append(f"    (void){c.level(source, inputs)};")
            steps.append("    " + c.layer(name, inputs, outputs, "relu", source, target))
        weight = c.real(model.goals[number, _READOUT_WEIGHT])
        steps.append(
            f"    scores[label] {'+=' if number else '='} {weight} * "
            f"lwnn_float_{network.goodness}({target}, {outputs});"
        )
    steps.append("}")
    more = [Buffer("sums", "float", units)]
    constants = _constants(model, hidden, labels)
    return c.finish(constants, (network.inputs, *network.hidden), steps, more, "Goodness.")

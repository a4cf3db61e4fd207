"""Top-down Forward-Forward float nets as programs: states that settle, the head, or both.

See `lwnn.export.int8_td`; the biases of the top layer come in rows here as well, one for each label
and one without.
"""

import numpy as np

from lwnn.export import float_builder as c
from lwnn.export import float_un
from lwnn.export.program import Array, Buffer
from lwnn.network import DYNAMICS
from lwnn.quantization.tensors import used_layers
from lwnn.quantization.topdown import biases


def program(model):
    """Build the program of a top-down float model; see `lwnn.export.float_dense.program`."""
    if model.readout == "head":
        return float_un.program(model)
    network, states = model.network, _states(model)
    steps = [
        *c.START,
        *(f"float *const {buffer.name} = scratch->part.{buffer.name};" for buffer in states),
        "int label, step;",
        c.scale_row(model),
        *([f"(void){c.level('a', network.inputs)};"] if network.level else []),
        *_start(network),
        *_labels(network),
        *(_head(network) if model.readout == "both" else []),
    ]
    widths = (network.inputs, max(network.hidden))
    runtime = ["lwnn_float_settle.h"]
    return c.finish(model, _arrays(model), widths, steps, states, "Goodness.", runtime)


def _arrays(model):
    layers = used_layers(model.network, model.readout)
    found = c.arrays(model, layers)
    top = len(model.network.hidden)
    rows = biases(model, top).astype(np.float32)
    changed = {f"layer{top}_bias": Array(f"layer{top}_bias", "float", rows)}
    return [changed.get(array.name, array) for array in found]


def _start(network):
    """Statements: upwards without a label."""
    hidden = network.hidden
    steps = [f"lwnn_float_sums(@layer1_weight, {network.inputs}, {hidden[0]}, a, base);"]
    for n, units in enumerate(hidden, start=1):
        if n == 1:
            steps.append(f"lwnn_float_join(base, {units}, start1);")
        else:
            below = hidden[n - 2]
            steps.append(f"lwnn_float_join(start{n - 1}, {below}, b);")
            steps.append(f"(void){c.level('b', below)};")
            steps.append(f"lwnn_float_sums(@layer{n}_weight, {below}, {units}, b, start{n});")
        bias = _bias(network, n, "@CLASSES")
        steps.append(f"lwnn_float_rectify({bias}, {units}, start{n});")
    return steps


def _labels(network):
    """Statements: the goodness of every label, of the steps that count."""
    hidden = network.hidden
    steps = ["for (label = 0; label < @CLASSES; label++) {", "    scores[label] = 0.0f;"]
    for n, units in enumerate(hidden, start=1):
        steps.append(f"    lwnn_float_join(start{n}, {units}, state{n});")
    steps.append(f"    for (step = 1; step <= {DYNAMICS.last}; step++) {{")
    for n, units in enumerate(hidden, start=1):
        steps.append(f"        lwnn_float_join(state{n}, {units}, normal{n});")
        steps.append(f"        (void){c.level(f'normal{n}', units)};")
    for n in range(1, len(hidden) + 1):
        steps += [f"        {step}" for step in _step(network, n)]
    return [*steps, "    }", "}"]


def _step(network, n):
    """Statements: a layer's outputs, their goodness, and its state."""
    hidden, units = network.hidden, network.hidden[n - 1]
    share = DYNAMICS.sharpness / (units * len(hidden) * DYNAMICS.steps)
    steps = [
        f"lwnn_float_join(base, {units}, b);"
        if n == 1
        else f"lwnn_float_sums(@layer{n}_weight, {hidden[n - 2]}, {units}, normal{n - 1}, b);"
    ]
    if n < len(hidden):
        weight = f"@above{n}_weight, {hidden[n]}, {units}"
        steps.append(f"lwnn_float_add_sums({weight}, normal{n + 1}, b);")
    return [
        *steps,
        f"lwnn_float_rectify({_bias(network, n, '(lwnn_count)label')}, {units}, b);",
        f"if (step >= {DYNAMICS.first})",
        f"    scores[label] += {c.real(share)} * lwnn_float_squares(b, {units});",
        f"lwnn_float_settle(b, {units}, {c.real(DYNAMICS.keep)}, state{n});",
    ]


def _head(network):
    """Statements: what the head makes of the start, averaged with the goodness."""
    steps, at = [], 0
    for n, units in enumerate(network.hidden, start=1):
        steps.append(f"lwnn_float_join(start{n}, {units}, joined + {at});")
        steps.append(f"(void){c.level(f'joined + {at}', units)};")
        at += units
    steps.append(c.layer("head", at, network.classes, "linear", "joined", "head"))
    return [*steps, "lwnn_float_mean(head, @CLASSES, scores);"]


def _bias(network, n, row):
    """Expression: the biases of a layer, of the top one this row."""
    top = n == len(network.hidden)
    return f"@layer{n}_bias + {row} * {network.hidden[-1]}" if top else f"@layer{n}_bias"


def _states(model):
    """Buffers beside a and b.

    Sums of the input; where each layer starts, is, and is normalised; what the head reads and says.
    """
    network = model.network
    found = [Buffer("base", "float", network.hidden[0])] + [
        Buffer(f"{name}{n}", "float", units)
        for name in ("start", "state", "normal")
        for n, units in enumerate(network.hidden, start=1)
    ]
    if model.readout == "both":
        found.append(Buffer("joined", "float", network.head_inputs))
        found.append(Buffer("head", "float", network.classes))
    return found

"""Float nets as programs: a function per readout.

Two buffers of numbers, a and b, take turns: a layer reads one and writes the other.
"""

import numpy as np

from lwnn.export.program import Array, Buffer, Program

_READOUT_WEIGHT = 2


def program(model):
    """Build the program of a float model.

    Parameters
    ----------
    model : lwnn.model.Model

    Returns
    -------
    Program
    """
    return {"output": _dense, "goodness": _goodness, "head": _head, "both": _both}[model.readout](
        model
    )


def _arrays(model):
    """Scaler and layers that the readout needs, with one row of biases per pass."""
    network, arrays = model.network, []
    arrays.append(Array("input_offset", "float", model.offset))
    arrays.append(Array("input_scale", "float", model.scale))
    for name, _, _ in network.layers[:-1] if model.readout == "goodness" else network.layers:
        arrays.append(Array(f"{name}_weight", "float", model.params[f"{name}.weight"]))
        arrays.append(Array(f"{name}_bias", "float", _biases(model, name)))
    return tuple(arrays)


def _biases(model, name):
    """Bias of a layer under every label that the readout tries, the neutral one last."""
    bias = model.params[f"{name}.bias"]
    if f"{name}.label" not in model.network.shapes:
        return bias
    by_label = model.network.label_scale * model.params[f"{name}.label"].astype(np.float64).T
    neutral = by_label.mean(axis=0)
    labels = {
        "goodness": by_label,
        "head": neutral,
        "both": np.vstack([by_label, neutral]),
    }[model.readout]
    return (bias + labels).astype(np.float32)


def _layer(name, inputs, outputs, activation, source, target):
    return (
        f"lwnn_float_dense(@{name}_weight, @{name}_bias, {inputs}, {outputs}, "
        f"LWNN_{activation.upper().replace('-', '_')}, {source}, {target});"
    )


def _scale_row(model):
    clip = f"{np.float32(model.clip):.9g}"
    clip += "f" if {".", "e"} & set(clip) else ".0f"
    return f"lwnn_scale_row(features, @input_offset, @input_scale, @INPUTS, {clip}, a);"


_START = ("float *const a = scratch->part.a;", "float *const b = scratch->part.b;")


def _normalize(buffer, units):
    return f"lwnn_float_normalize({buffer}, {units}, {buffer});"


def _finish(model, widths, steps, more=()):
    buffers = [Buffer("a", "float", max(widths[0::2])), Buffer("b", "float", max(widths[1::2]))]
    meaning = "Before softmax or sigmoid."
    if model.readout in ("goodness", "both"):
        meaning = "Goodness." if model.readout == "goodness" else "Mean of goodness and head."
    return Program(
        template="float.c",
        runtime=("lwnn_float.h", "lwnn_runtime.h"),
        includes=1,
        arrays=_arrays(model),
        buffers=(*buffers, *more),
        steps=tuple(steps),
        score_type="float",
        score_meaning=meaning,
    )


def _dense(model):
    network = model.network
    steps = [*_START, _scale_row(model)]
    source = "a"
    for number, (name, inputs, outputs) in enumerate(network.layers):
        last = name == "output"
        target = "scores" if last else "ba"[number % 2]
        activation = "linear" if last else network.activation
        steps.append(_layer(name, inputs, outputs, activation, source, target))
        source = target
    steps.append("return lwnn_float_greatest(scores, @CLASSES);")
    return _finish(model, (network.inputs, *(network.hidden or (1,))), _used(steps))


def _used(steps):
    """Without the declaration of b where nothing reads or writes it."""
    return [s for s in steps if s != _START[1] or any(", b)" in step for step in steps)]


def _head(model):
    network = model.network
    hidden = network.layers[:-1]
    steps = [*_START, "float *const joined = scratch->part.joined;", _scale_row(model)]
    steps += [_normalize("a", network.inputs)] * network.level
    source, start = "a", 0
    for number, (name, inputs, outputs) in enumerate(hidden):
        target = "ba"[number % 2]
        steps.append(_layer(name, inputs, outputs, "relu", source, target))
        steps.append(_normalize(target, outputs))
        if number >= network.head_from:
            steps.append(f"lwnn_float_join({target}, {outputs}, joined + {start});")
            start += outputs
        source = target
    steps.append(_layer("head", start, network.classes, "linear", "joined", "scores"))
    steps.append("return lwnn_float_greatest(scores, @CLASSES);")
    more = [Buffer("joined", "float", network.head_inputs)]
    return _finish(model, (network.inputs, *network.hidden), steps, more)


def _goodness(model):
    steps = [*_labels(model, 0), "return lwnn_float_greatest(scores, @CLASSES);"]
    more = [Buffer("sums", "float", model.network.hidden[0])]
    return _finish(model, (model.network.inputs, *model.network.hidden), steps, more)


def _both(model):
    """The pass behind those of the labels is that of the neutral one; the head reads its states."""
    network = model.network
    names = ("joined", "head")
    steps = _labels(model, 1)
    steps[2:2] = [f"float *const {name} = scratch->part.{name};" for name in names]
    steps += [
        _layer("head", network.head_inputs, network.classes, "linear", "joined", "head"),
        "for (label = 0; label < @CLASSES; label++)",
        "    scores[label] = 0.5f * (scores[label] + head[label]);",
        "return lwnn_float_greatest(scores, @CLASSES);",
    ]
    more = [
        Buffer("sums", "float", network.hidden[0]),
        Buffer("joined", "float", network.head_inputs),
        Buffer("head", "float", network.classes),
    ]
    return _finish(model, (network.inputs, *network.hidden), steps, more)


def _labels(model, neutral):
    """Steps that add up the goodness of labels; with `neutral` they join what the head reads."""
    network = model.network
    hidden = network.layers[:-1]
    name, inputs, outputs = hidden[0]
    passes = "@CLASSES + 1" if neutral else "@CLASSES"
    only_labels = "if (label < @CLASSES) " if neutral else ""
    steps = [
        *_START,
        "float *const sums = scratch->part.sums;",
        "int label;",
        _scale_row(model),
        *[_normalize("a", inputs)] * network.level,
        f"lwnn_float_sums(@{name}_weight, {inputs}, {outputs}, a, sums);",
        f"for (label = 0; label < {passes}; label++) {{",
        f"    lwnn_float_add(sums, @{name}_bias + (lwnn_count)label * {outputs}, {outputs}, b);",
    ]
    start = 0
    for number, (name, inputs, outputs) in enumerate(hidden):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number:
            steps += [] if neutral else ["    " + _normalize(source, inputs)]
            steps.append("    " + _layer(name, inputs, outputs, "relu", source, target))
        weight = f"{model.goals[number, _READOUT_WEIGHT]:.9e}f"
        sign = "+=" if number else "="
        steps.append(
            f"    {only_labels}scores[label] {sign} {weight} * "
            f"lwnn_float_squares({target}, {outputs});"
        )
        if neutral:
            steps.append("    " + _normalize(target, outputs))
        if neutral and number >= network.head_from:
            steps.append(f"    lwnn_float_join({target}, {outputs}, joined + {start});")
            start += outputs
    return [*steps, "}"]

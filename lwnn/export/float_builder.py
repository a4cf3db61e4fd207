"""What the float nets of all kinds share: constants, and statements for layers.

Two buffers of numbers, a and b, take turns: a layer reads one and writes the other.
"""

import numpy as np

from lwnn.export import columns
from lwnn.export.program import Array, Buffer, Program

#: Statements with which a prediction begins.
START = ("float *const a = scratch->part.a;", "float *const b = scratch->part.b;")


def real(value):
    """A number as C spells it, to the last bit.

    >>> real(0.1), real(3)
    ('0.100000001f', '3.0f')
    """
    text = f"{np.float32(value):.9g}"
    return text + ("f" if {".", "e"} & set(text) else ".0f")


def scale_row(model):
    """Statement: the inputs, scaled and clipped, in a."""
    if columns.are_encoded(model.recipe):
        return "lwnn_float_encode_row(&@columns, features, a);"
    return f"lwnn_scale_row(features, @input_offset, @input_scale, @INPUTS, {real(model.clip)}, a);"


def layer(name, inputs, outputs, activation, source, target):
    """Statement: all of a layer."""
    return (
        f"lwnn_float_dense(@{name}_weight, @{name}_bias, {inputs}, {outputs}, "
        f"LWNN_{activation.upper().replace('-', '_')}, {source}, {target});"
    )


def level(buffer, units, more="0.0f"):
    """Expression: divide a row by its root mean square."""
    return f"lwnn_float_level({buffer}, {units}, {more})"


def arrays(model, layers):
    """What makes the inputs, and weights and biases of these layers."""
    if columns.are_encoded(model.recipe):
        found = columns.float_arrays(model)
    else:
        found = [
            Array("input_offset", "float", model.offset),
            Array("input_scale", "float", model.scale),
        ]
    for name, _, _ in layers:
        for part in ("weight", "bias"):
            # Weights from above have no bias.
            if f"{name}.{part}" in model.params.views:
                found.append(Array(f"{name}_{part}", "float", model.params[f"{name}.{part}"]))
    return found


def finish(
    model, constants, widths, steps, more=(), meaning="Before softmax or sigmoid.", runtime=()
):
    """The `Program`; `widths` are those of the tensors in a and b, from the input on."""
    own, declared, always = ["lwnn_float.h", *runtime], (), ("lwnn_runtime.h",)
    if columns.are_encoded(model.recipe):
        own.append("lwnn_float_columns.h")
        always = ("lwnn_columns.h", *always)
        kind = "lwnn_float_columns"
        declared = (columns.declaration(kind, constants, "scale", model.recipe),)
    b = max(widths[1::2], default=0)
    buffers = [Buffer("a", "float", max(widths[0::2]))]
    buffers += [Buffer("b", "float", b)] if b else []
    return Program(
        template="float.c",
        runtime=(*own, *always),
        includes=len(own),
        arrays=tuple(constants),
        layers=declared,
        buffers=(*buffers, *more),
        steps=(*steps, "return lwnn_float_greatest(scores, @CLASSES);"),
        score_type="float",
        score_meaning=meaning,
    )

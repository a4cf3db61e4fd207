"""int8 nets as programs: a function per readout, on layers that are all built alike.

Two buffers of activations, a and b, take turns: a layer reads one and writes the other.
"""

import numpy as np

from lwnn.export.layouts import pairs_fit
from lwnn.export.program import Array, Buffer, Program
from lwnn.quantization.tensors import used_layers

_INT8 = "From -128 to 127."
_WIDEST_SHIFT = 33


def program(model, layout):
    """Build the program of an int8 model.

    Parameters
    ----------
    model : lwnn.quantization.QuantizedModel
    layout : Layout

    Returns
    -------
    Program
    """
    builder = _Builder(model, layout)
    return {"output": _dense, "goodness": _goodness, "head": _head, "both": _both}[model.readout](
        builder
    )


class _Builder:
    """Collects what the layers of a model need."""

    def __init__(self, model, layout):
        self.model = model
        self.network = model.network
        self.layout = layout
        self.arrays, self.layers, self.defines = [], [], {}
        self.array("input_offset", "float", model.tensors["input.offset"])
        self.array("input_multiplier", "float", model.tensors["input.multiplier"])
        for name, inputs, outputs in used_layers(model.network, model.readout):
            self._layer(name, inputs, outputs)

    def scalar(self, name):
        return int(self.model.tensors[name][0])

    def array(self, name, ctype, values):
        self.arrays.append(Array(name, ctype, np.ascontiguousarray(values)))

    def _layer(self, name, inputs, outputs):
        tensors = {
            part: self.model.tensors.get(f"{name}.{part}")
            for part in ("weight", "bias", "multiplier", "shift", "table")
        }
        weight, bias = tensors["weight"], tensors["bias"]
        if self.layout.header == "lwnn_pairs.h" and not pairs_fit(weight, bias):
            self.defines["LWNN_STEP"] = "512"
        right = 31 - tensors["shift"].astype(np.int32)
        # Nothing times anything is nothing, however far it is shifted.
        right[tensors["multiplier"] == 0] = _WIDEST_SHIFT
        if (right < _WIDEST_SHIFT).any():
            self.defines["LWNN_WIDE"] = "1"
        self.array(f"{name}_weight", self.layout.weight_type, self.layout.pack(weight))
        self.array(f"{name}_bias", "int32_t", self.layout.bias(bias, weight))
        self.array(f"{name}_multiplier", "int32_t", tensors["multiplier"])
        self.array(f"{name}_right", "uint8_t", right.astype(np.uint8))
        if tensors["table"] is not None:
            self.array(f"{name}_table", "int8_t", tensors["table"])
        table = "0" if tensors["table"] is None else f"@{name}_table"
        parts = ", ".join(f"@{name}_{part}" for part in ("weight", "bias", "multiplier"))
        self.layers.append(
            f"static const lwnn_layer @{name} LWNN_FLASH = {{\n"
            f"    {parts},\n    @{name}_right, {table}, {inputs}, {outputs}, "
            f"{self.scalar(f'{name}.zero_point')}}};"
        )

    def normalize(self, name, buffer, units):
        zero, factor, zero_out = (
            self.scalar(f"{name}.{part}") for part in ("zero_point", "norm", "norm_zero_point")
        )
        return f"lwnn_normalize({buffer}, {units}, {zero}, {factor}, {zero_out});"

    def activations(self, name, widths):
        return Buffer(name, self.layout.act_type, max(map(self.layout.acts, widths)))

    def finish(self, buffers, steps, score_type="int8_t", meaning=_INT8, runtime=()):
        return Program(
            template="int8.c",
            runtime=(self.layout.header, *runtime, "lwnn_runtime.h", "lwnn_layers.h"),
            includes=1 + len(runtime),
            defines=tuple(f"{name} {value}" for name, value in self.defines.items()),
            arrays=tuple(self.arrays),
            layers=tuple(self.layers),
            buffers=tuple(buffers),
            steps=tuple(steps),
            score_type=score_type,
            score_meaning=meaning,
            zero_point=self.scalar("input.zero_point"),
        )


_START = (
    "lwnn_act *const a = scratch->part.a;",
    "lwnn_act *const b = scratch->part.b;",
)


def _dense(builder):
    layers = builder.network.layers
    widths = (builder.network.inputs, *(outputs for _, _, outputs in layers))
    steps = [*_START, "const lwnn_act *x = lwnn_prepare(input, @INPUTS, a);"]
    source = "x"
    for number, (name, _, _) in enumerate(layers):
        target = "ba"[number % 2]
        steps.append(f"lwnn_dense(&@{name}, {source}, {target});")
        source = target
    steps.append(f"return lwnn_finish({source}, @CLASSES, scores);")
    return builder.finish(
        [builder.activations("a", widths[0::2]), builder.activations("b", widths[1::2])], steps
    )


def _copied_input(builder):
    """Steps that bring the input into a, normalised where the net is such."""
    copied = "lwnn_join(lwnn_prepare(input, @INPUTS, a), @INPUTS, a, 0);"
    if not builder.network.level:
        return [copied]
    return [copied, builder.normalize("input", "a", builder.network.inputs)]


def _head(builder):
    network = builder.network
    hidden, first = network.layers[:-1], network.head_from
    steps = [*_START, "lwnn_act *const joined = scratch->part.joined;", *_copied_input(builder)]
    source, start = "a", 0
    for number, (name, _, outputs) in enumerate(hidden):
        target = "ba"[number % 2]
        steps.append(f"lwnn_dense(&@{name}, {source}, {target});")
        steps.append(builder.normalize(name, target, outputs))
        if number >= first:
            steps.append(f"lwnn_join({target}, {outputs}, joined, {start});")
            start += outputs
        source = target
    steps.append(f"lwnn_dense(&@head, joined, {'ba'[len(hidden) % 2]});")
    steps.append(f"return lwnn_finish({'ba'[len(hidden) % 2]}, @CLASSES, scores);")
    widths = (network.inputs, *network.hidden, network.classes)
    buffers = [
        builder.activations("a", widths[0::2]),
        builder.activations("b", widths[1::2]),
        builder.activations("joined", [network.head_inputs]),
    ]
    return builder.finish(buffers, steps, runtime=("lwnn_ff.h",))


def _goodness(builder):
    steps = [*_labels(builder, False), "return lwnn_greatest(scores, @CLASSES);"]
    return _finish_labels(builder, steps, "Goodness, in units of its own.")


def _both(builder):
    """The pass behind those of the labels is that of the neutral one; the head reads its states."""
    network, factor = builder.network, int(builder.model.tensors["readout.factor"][-1])
    zero = builder.scalar("head.zero_point")
    steps = _labels(builder, True)
    steps[2:2] = ["lwnn_act *const joined = scratch->part.joined;"]
    steps += [
        "lwnn_dense(&@head, joined, a);",
        "for (label = 0; label < @CLASSES; label++)",
        f"    scores[label] += (int64_t){factor} * (lwnn_value(a[label]) - {zero});",
        "return lwnn_greatest(scores, @CLASSES);",
    ]
    more = [builder.activations("joined", [network.head_inputs])]
    return _finish_labels(builder, steps, "Goodness and head, in units of their own.", more)


def _labels(builder, neutral):
    """Steps that add up the goodness of labels; with `neutral` they join what the head reads."""
    network, factors = builder.network, builder.model.tensors["readout.factor"].tolist()
    hidden = network.layers[:-1]
    passes = "@CLASSES + 1" if neutral else "@CLASSES"
    only_labels = "if (label < @CLASSES) " if neutral else ""
    steps = [
        *_START,
        "int32_t *const sums = scratch->part.sums;",
        "int label;",
        *_copied_input(builder),
        f"lwnn_sums(&@{hidden[0][0]}, a, sums);",
        f"for (label = 0; label < {passes}; label++) {{",
    ]
    start = 0
    for number, (name, _, outputs) in enumerate(hidden):
        target, source = "ba"[number % 2], "ab"[number % 2]
        if number:
            below, _, units = hidden[number - 1]
            steps += [] if neutral else ["    " + builder.normalize(below, source, units)]
            steps.append(f"    lwnn_dense(&@{name}, {source}, {target});")
        else:
            steps.append(f"    lwnn_outputs(&@{name}, sums, (lwnn_count)label, {target});")
        zero = builder.scalar(f"{name}.zero_point")
        sign = "+=" if number else "="
        steps.append(
            f"    {only_labels}scores[label] {sign} (int64_t){factors[number]} * "
            f"(int64_t)lwnn_squares({target}, {outputs}, {zero});"
        )
        if neutral:
            steps.append("    " + builder.normalize(name, target, outputs))
        if neutral and number >= network.head_from:
            steps.append(f"    lwnn_join({target}, {outputs}, joined, {start});")
            start += outputs
    return [*steps, "}"]


def _finish_labels(builder, steps, meaning, more=()):
    widths = (builder.network.inputs, *builder.network.hidden)
    # The head writes to a as well, where there is one.
    first = (*widths[0::2], builder.network.classes) if more else widths[0::2]
    buffers = [
        Buffer("sums", "int32_t", widths[1]),
        builder.activations("a", first),
        builder.activations("b", widths[1::2]),
        *more,
    ]
    return builder.finish(buffers, steps, "int64_t", meaning, runtime=("lwnn_ff.h",))

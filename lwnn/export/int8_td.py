"""Top-down Forward-Forward int8 nets as programs: states that settle, the head, or both.

For goodness the states settle under each label in turn, every time from where they stand without
one. What layer 1 makes of the input is the same in every step.
"""

import numpy as np

from lwnn.export import int8_ff
from lwnn.export.int8_builder import START, Builder
from lwnn.export.program import Buffer
from lwnn.network import DYNAMICS
from lwnn.quantization.tensors import used_layers
from lwnn.quantization.topdown import KEEP

_RUNTIME = ("lwnn_norm.h", "lwnn_ff.h", "lwnn_settle.h")


def program(model, layout, nonzero=1.0):
    """Build the program of a top-down int8 model; see `lwnn.export.int8_ff.program`."""
    if model.readout == "head":
        return int8_ff.program(model, layout, nonzero)
    builder = _Settling(model, layout, used_layers(model.network, model.readout))
    steps = [
        *START,
        *(f"int32_t *const {name} = scratch->part.{name};" for name in ("base", "sums")),
        *(f"lwnn_act *const {name} = scratch->part.{name};" for name, _ in _states(builder)),
        "int label, step;",
        *builder.level(),
        *_start(builder),
        *_labels(builder),
        *(_head(builder) if model.readout == "both" else []),
        "return lwnn_greatest(scores, @CLASSES);",
    ]
    meaning = "Goodness, in units of its own."
    return builder.finish(_buffers(builder), steps, "int64_t", meaning, runtime=_RUNTIME)


class _Settling(Builder):
    """Knows of weights from above.

    Biases of a layer come in rows: of the top one a row for each label, of any other one that also
    holds what the weights from above need. The last row is that of the start, which has neither.
    """

    # The head takes the functions that the other layers need anyway.
    fuses = False

    def _layer(self, name, inputs, outputs):
        if not name.startswith("above"):
            super()._layer(name, inputs, outputs)
            return
        weight = self.model.tensors[f"{name}.weight"]
        self.array(f"{name}_weight", self.layout.weight_type, self.layout.pack(weight))
        self.declare(name, [f"@{name}_weight", *"0000"], inputs, outputs)

    def biases(self, name, weight):
        alone, above = super().biases(name, weight), name.replace("layer", "above")
        if above == name or f"{above}.weight" not in self.model.tensors:
            return alone
        # Modulo 2^32, as on the device.
        return np.vstack(
            [alone + super().biases(above, self.model.tensors[f"{above}.weight"]), alone]
        )


def _start(builder):
    """Statements: upwards without a label."""
    hidden = builder.network.hidden
    steps = ["lwnn_sums(&@layer1, a, base);"]
    for n in range(1, len(hidden) + 1):
        sums = "sums" if n > 1 else "base"
        if n > 1:
            below = hidden[n - 2]
            steps.append(f"lwnn_join(start{n - 1}, {below}, b, 0);")
            steps.append(builder.normalize(f"layer{n - 1}", "b", below))
            steps.append(f"lwnn_sums(&@layer{n}, b, sums);")
        last = 1 if n < len(hidden) else builder.network.classes
        steps.append(f"lwnn_outputs(&@layer{n}, {sums}, {last}, start{n});")
    return steps


def _labels(builder):
    """Statements: the goodness of every label, of the steps that count."""
    hidden = builder.network.hidden
    steps = ["for (label = 0; label < @CLASSES; label++) {", "    scores[label] = 0;"]
    for n, units in enumerate(hidden, start=1):
        steps.append(f"    lwnn_join(start{n}, {units}, state{n}, 0);")
    steps.append(f"    for (step = 1; step <= {DYNAMICS.last}; step++) {{")
    for n, units in enumerate(hidden, start=1):
        steps.append(f"        lwnn_join(state{n}, {units}, normal{n}, 0);")
        steps.append("        " + builder.normalize(f"layer{n}", f"normal{n}", units))
    for n in range(1, len(hidden) + 1):
        steps += [f"        {step}" for step in _step(builder, n)]
    return [*steps, "    }", "}"]


def _step(builder, n):
    """Statements: a layer's outputs, their goodness, and its state."""
    hidden, units = builder.network.hidden, builder.network.hidden[n - 1]
    top = n == len(hidden)
    factor = builder.model.tensors["readout.factor"].tolist()[n - 1]
    squares = f"lwnn_squares(b, {units}, {builder.scalar(f'layer{n}.zero_point')})"
    first = f"lwnn_copy_sums(base, {units}, sums);"
    steps = [first if n == 1 else f"lwnn_sums(&@layer{n}, normal{n - 1}, sums);"]
    if not top:
        steps.append(f"lwnn_add_sums(&@above{n}, normal{n + 1}, sums);")
    return [
        *steps,
        f"lwnn_outputs(&@layer{n}, sums, {'(lwnn_count)label' if top else 0}, b);",
        f"if (step >= {DYNAMICS.first})",
        f"    scores[label] += (int64_t){factor} * (int64_t){squares};",
        f"lwnn_settle(b, {units}, {KEEP}, state{n});",
    ]


def _head(builder):
    """Statements: what the head makes of the start, weighted and added."""
    steps, at, joined = [], 0, "scratch->part.joined"
    for n, units in enumerate(builder.network.hidden, start=1):
        steps.append(f"lwnn_join(start{n}, {units}, b, 0);")
        steps.append(builder.normalize(f"layer{n}", "b", units))
        steps.append(f"lwnn_join(b, {units}, {joined}, {at});")
        at += units
    factor = builder.model.tensors["readout.factor"].tolist()[-1]
    how = f"@CLASSES, {builder.scalar('head.zero_point')}, {factor}, scores"
    return [
        *steps,
        f"lwnn_sums(&@head, {joined}, sums);",
        "lwnn_outputs(&@head, sums, 0, b);",
        f"lwnn_add_head(b, {how});",
    ]


def _states(builder):
    """Name and width of what is kept of every layer: where it starts, is, and is normalised."""
    return [
        (f"{name}{n}", units)
        for name in ("start", "state", "normal")
        for n, units in enumerate(builder.network.hidden, start=1)
    ]


def _buffers(builder):
    network, hidden = builder.network, builder.network.hidden
    both = builder.model.readout == "both"
    widths = [*hidden, network.classes] if both else hidden
    buffers = [Buffer("base", "int32_t", hidden[0]), Buffer("sums", "int32_t", max(widths))]
    buffers += [
        builder.activations("a", [network.inputs]),
        builder.activations("b", widths),
        *([builder.activations("joined", [network.head_inputs])] if both else []),
    ]
    return [*buffers, *(builder.activations(name, [units]) for name, units in _states(builder))]

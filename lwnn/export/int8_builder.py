"""What the int8 nets of all kinds share: constants and layers, built from a model's tensors.

Two buffers of activations, a and b, take turns: a layer reads one and writes the other.
"""

import numpy as np

from lwnn.errors import ModelFileError
from lwnn.export import columns
from lwnn.export.layouts import without_offset
from lwnn.export.program import Array, Buffer, Program, round_up
from lwnn.quantization.arithmetic import LOW

_INT8 = "From -128 to 127."
_ALWAYS = ("lwnn_runtime.h", "lwnn_layers.h")
#: Statements with which a prediction begins.
START = (
    "lwnn_act *const a = scratch->part.a;",
    "lwnn_act *const b = scratch->part.b;",
)


class Builder:
    """Collects what the layers of a model need.

    Parameters
    ----------
    model : lwnn.quantization.QuantizedModel
    layout : Layout
    layers : sequence of (str, int, int)
        Name, inputs and outputs of the layers that are needed.
    direct : bool
        Whether the first of them reads the quantized input as it is.
    nonzero : float
        Share of the inputs that are not zero, as far as is known.
    """

    #: Whether a layer may be one that `dense` alone can compute.
    fuses = True

    def __init__(self, model, layout, layers, direct=False, nonzero=1.0):
        self.model = model
        self.network = model.network
        self.layout = layout
        self.arrays, self.layers, self.defines = [], [], {}
        self._scaler()
        self.fused = set()
        if model.rounding == "double":
            self.defines["LWNN_DOUBLE"] = "1"
        self._direct = layers[0][0] if direct else None
        self.skips = self._direct and self._skipping(nonzero)
        for name, inputs, outputs in layers:
            self._layer(name, inputs, outputs)
        widths = [inputs for name, inputs, _ in layers if name in self.fused]
        if widths and not any(round_up(width, layout.pad) % 16 for width in widths):
            self.defines["LWNN_SIXTEENS"] = "1"

    def scalar(self, name):
        """A tensor of one number."""
        return int(self.model.tensors[name][0])

    def array(self, name, ctype, values):
        """Add a constant."""
        self.arrays.append(Array(name, ctype, np.ascontiguousarray(values)))

    def _scaler(self):
        """The constants of the input, and `quantize`, the statement that makes it."""
        self.encodes = columns.are_encoded(self.model.recipe)
        if self.encodes:
            self.arrays += columns.int8_arrays(self.model)
            more = ("multiplier", self.model.recipe, self.scalar("input.zero_point"))
            self.layers.append(columns.declaration("lwnn_columns", self.arrays, *more))
            self.quantize = "lwnn_encode_row(&@columns, features, input);"
            return
        parts = [self.model.tensors[f"input.{part}"] for part in ("offset", "multiplier")]
        # Where all readings are scaled alike, the arrays hold one number each.
        step = 0 if all((part == part[0]).all() for part in parts) else 1
        for name, part in zip(("input_offset", "input_multiplier"), parts, strict=True):
            self.array(name, "float", part if step else part[:1])
        self.quantize = (
            f"lwnn_quantize_row(features, @input_offset, @input_multiplier, {step}, @INPUTS, "
            f"{self.scalar('input.zero_point')}, input);"
        )

    def _layer(self, name, inputs, outputs):
        weight, bias, multiplier, shift = (
            self.model.tensors[f"{name}.{part}"]
            for part in ("weight", "bias", "multiplier", "shift")
        )
        if (multiplier < 0).any():
            raise ModelFileError(f"tensor {name + '.multiplier'!r} holds a value below 0")
        table = self.model.tensors.get(f"{name}.table")
        skips = name == self._direct and self.skips
        if name == self._direct and not skips:
            weight = self.layout.order(weight)
        right = -1 - shift
        # Nothing times anything is nothing, however far it is shifted.
        right[multiplier == 0] = 1
        pack = self.layout.skip.pack if skips else self.layout.pack
        self.array(f"{name}_weight", self.layout.weight_type, pack(weight))
        bias = without_offset(bias, weight) if skips else self.biases(name, weight)
        single = self.model.rounding == "single" and len(bias) == 1 and not skips
        if single and self.fuses and self.layout.fuses(weight, bias[0], right):
            self.fused.add(name)
            constants = self.layout.constants(bias[0], multiplier, right)
            self.array(f"{name}_constants", "int32_t", constants)
            pointers = [f"@{name}_weight", f"@{name}_constants", "0", "0"]
        else:
            self._constants(name, bias, multiplier, right)
            pointers = [f"@{name}_{part}" for part in ("weight", "bias", "multiplier", "right")]
        if table is not None:
            self.array(f"{name}_table", "int8_t", table)
        pointers.append("0" if table is None else f"@{name}_table")
        self.declare(name, pointers, inputs, outputs, self.scalar(f"{name}.zero_point"))

    def declare(self, name, pointers, inputs, outputs, zero_point=0):
        """Add a layer to the declarations; `pointers` are to its constants, or 0."""
        self.layers.append(
            f"static const lwnn_layer @{name} LWNN_FLASH = {{\n    {', '.join(pointers)},\n"
            f"    {inputs}, {outputs}, {zero_point}}};"
        )

    def biases(self, name, weight):
        """Biases of a layer as the layout's sums need them, a row for each pass."""
        return self.layout.bias(self.model.tensors[f"{name}.bias"], weight)

    def _constants(self, name, bias, multiplier, right):
        if (right < 1).any():
            self.defines["LWNN_WIDE"] = "1"
        self.array(f"{name}_bias", "int32_t", bias)
        self.array(f"{name}_multiplier", "int32_t", multiplier)
        self.array(f"{name}_right", "int8_t", right)

    def _skipping(self, nonzero):
        """Whether the first layer passes over zeros: it pays, and the kernel can."""
        skip = self.layout.skip
        return bool(
            skip
            and nonzero <= skip.most
            and self.scalar("input.zero_point") == LOW
            and self.network.inputs < 2**16
            and skip.fits(self.model.tensors[f"{self._direct}.weight"])
        )

    def first(self, name):
        """Statements: from the input to the outputs of the layer that reads it, in b."""
        if not self.skips:
            prepare = "const lwnn_act *x = lwnn_prepare(input, @INPUTS, a);"
            return [*START, prepare, self.dense(name, "x", "b")]
        lists = "scratch->part.index, scratch->part.value"
        return [
            *START,
            f"const lwnn_count count = lwnn_list(input, @INPUTS, {lists});",
            f"lwnn_skip(&@{name}, {lists}, count, b);",
        ]

    def dense(self, name, source, target):
        """Statement: all of a layer."""
        return f"lwnn_{'fused' if name in self.fused else 'dense'}(&@{name}, {source}, {target});"

    def normalize(self, name, buffer, units):
        """Statement: divide a tensor by its root mean square, in place."""
        zero, factor, zero_out = (
            self.scalar(f"{name}.{part}") for part in ("zero_point", "norm", "norm_zero_point")
        )
        return f"lwnn_normalize({buffer}, {units}, {zero}, {factor}, {zero_out});"

    def level(self):
        """Statements that bring the input into a, normalised where the net is such."""
        widened = "lwnn_widen(input, @INPUTS, a);"
        if not self.network.level:
            return [widened]
        return [widened, self.normalize("input", "a", self.network.inputs)]

    def both(self, widths):
        """Buffers a and b for tensors of these widths, from the input on."""
        first, *others = widths
        if self.skips:
            # The input stays as it is; what is listed of it has room of its own.
            first = -(-first // self.layout.act_bytes)
        a = self.activations("a", [first, *others[1::2]])
        return [a, self.activations("b", others[0::2]), *self._lists()]

    def _lists(self):
        count = round_up(self.network.inputs, 2)
        if not self.skips:
            return []
        return [Buffer("index", "uint16_t", count), Buffer("value", "int16_t", count)]

    def activations(self, name, widths):
        """A buffer for activations of any of these widths."""
        return Buffer(name, self.layout.act_type, max(map(self.layout.acts, widths)))

    def finish(self, buffers, steps, score_type="int8_t", meaning=_INT8, runtime=()):
        """The `Program` with all that was collected."""
        own, more = [self.layout.header, *runtime], self.layout.more
        if self.encodes:
            own.append("lwnn_columns.h")
        if self.skips:
            own.append(self.layout.skip.header)
            more = (*more, "lwnn_skip.h")
        return Program(
            template="int8.c",
            runtime=(*own, *_ALWAYS, *more),
            includes=len(own),
            defines=tuple(f"{name} {value}" for name, value in self.defines.items()),
            arrays=tuple(self.arrays),
            layers=tuple(self.layers),
            buffers=tuple(buffers),
            steps=tuple(steps),
            score_type=score_type,
            score_meaning=meaning,
            zero_point=self.scalar("input.zero_point"),
            quantize=self.quantize,
        )

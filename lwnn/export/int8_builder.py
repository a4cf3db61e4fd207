"""What the int8 nets of all kinds share: constants and layers, built from a model's tensors.

Two buffers of activations, a and b, take turns: a layer reads one and writes the other.
"""

import numpy as np

from lwnn.errors import ModelFileError
from lwnn.export.program import Array, Buffer, Program, round_up

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
    """

    def __init__(self, model, layout, layers, direct=False):
        self.model = model
        self.network = model.network
        self.layout = layout
        self.arrays, self.layers, self.defines = [], [], {}
        self._scaler()
        self.fused = set()
        if model.rounding == "double":
            self.defines["LWNN_DOUBLE"] = "1"
        self._direct = layers[0][0] if direct else None
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
        parts = [self.model.tensors[f"input.{part}"] for part in ("offset", "multiplier")]
        self.input_step = 0 if all((part == part[0]).all() for part in parts) else 1
        for name, part in zip(("input_offset", "input_multiplier"), parts, strict=True):
            self.array(name, "float", part if self.input_step else part[:1])

    def _layer(self, name, inputs, outputs):
        weight, bias, multiplier, shift = (
            self.model.tensors[f"{name}.{part}"]
            for part in ("weight", "bias", "multiplier", "shift")
        )
        if (multiplier < 0).any():
            raise ModelFileError(f"tensor {name + '.multiplier'!r} holds a value below 0")
        table = self.model.tensors.get(f"{name}.table")
        if name == self._direct:
            weight = self.layout.order(weight)
        right = -1 - shift
        # Nothing times anything is nothing, however far it is shifted.
        right[multiplier == 0] = 1
        self.array(f"{name}_weight", self.layout.weight_type, self.layout.pack(weight))
        bias = self.layout.bias(bias, weight)
        single = self.model.rounding == "single" and len(bias) == 1
        if single and self.layout.fuses(weight, bias[0], right):
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
        self.layers.append(
            f"static const lwnn_layer @{name} LWNN_FLASH = {{\n    {', '.join(pointers)},\n"
            f"    {inputs}, {outputs}, {self.scalar(f'{name}.zero_point')}}};"
        )

    def _constants(self, name, bias, multiplier, right):
        if (right < 1).any():
            self.defines["LWNN_WIDE"] = "1"
        self.array(f"{name}_bias", "int32_t", bias)
        self.array(f"{name}_multiplier", "int32_t", multiplier)
        self.array(f"{name}_right", "int8_t", right)

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
        return [self.activations("a", widths[0::2]), self.activations("b", widths[1::2])]

    def activations(self, name, widths):
        """A buffer for activations of any of these widths."""
        return Buffer(name, self.layout.act_type, max(map(self.layout.acts, widths)))

    def finish(self, buffers, steps, score_type="int8_t", meaning=_INT8, runtime=()):
        """The `Program` with all that was collected."""
        return Program(
            template="int8.c",
            runtime=(self.layout.header, *runtime, *_ALWAYS, *self.layout.more),
            includes=1 + len(runtime),
            defines=tuple(f"{name} {value}" for name, value in self.defines.items()),
            arrays=tuple(self.arrays),
            layers=tuple(self.layers),
            buffers=tuple(buffers),
            steps=tuple(steps),
            score_type=score_type,
            score_meaning=meaning,
            zero_point=self.scalar("input.zero_point"),
            input_step=self.input_step,
        )

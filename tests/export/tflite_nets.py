"""int8 models of dense layers as .tflite, for the programs that others compute them with."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_TYPES = {"int8": schema.TensorType.INT8, "int32": schema.TensorType.INT32}


def flatbuffer(model, rows, per_tensor):
    """A dense `QuantizedModel` as the bytes of a .tflite file.

    Parameters
    ----------
    model : QuantizedModel
        Of ReLU or linear layers.
    rows : int
        How many it takes at a time, from int8 input on.
    per_tensor : bool
        Whether a layer's weights have one scale, which all outputs must share then.

    Returns
    -------
    bytes
    """
    t, graph = model.tensors, _Graph()
    scale, zero = t["input.scale"], t["input.zero_point"]
    source = graph.tensor("int8", (rows, model.network.inputs), scale, zero)
    first = source
    for name, inputs, outputs in model.network.layers:
        weight, scales = t[f"{name}.weight"], t[f"{name}.weight_scale"]
        if per_tensor:
            assert (scales == scales[0]).all()
            scales = scales[:1]
        # lwnn keeps the inputs' zero point in the bias.
        bias = t[f"{name}.bias"][0] + zero[0] * weight.sum(axis=1, dtype=np.int32)
        operands = (
            source,
            graph.tensor("int8", (outputs, inputs), scales, 0 * scales, weight),
            graph.tensor("int32", (outputs,), scale * scales, 0 * scales, bias),
        )
        scale, zero = t[f"{name}.scale"], t[f"{name}.zero_point"]
        source = graph.tensor("int8", (rows, outputs), scale, zero)
        hidden = name != model.network.layers[-1][0]
        graph.fully_connected(operands, source, hidden and model.network.activation == "relu")
    return graph.pack(first, source)


class _Graph:
    """What the tables of a .tflite file list, while it is built."""

    def __init__(self):
        # By convention the first buffer is empty: that of tensors without constants.
        self.buffers = [schema.BufferT()]
        self.tensors, self.operators = [], []

    def tensor(self, dtype, shape, scale, zero_point, values=None):
        """Add a tensor; returns its index."""
        quantization = schema.QuantizationParametersT(
            scale=scale.tolist(), zeroPoint=zero_point.astype(int).tolist(), quantizedDimension=0
        )
        buffer = 0
        if values is not None:
            buffer = len(self.buffers)
            content = np.frombuffer(values.astype(dtype).tobytes(), np.uint8)
            self.buffers.append(schema.BufferT(data=content))
        self.tensors.append(
            schema.TensorT(
                shape=list(shape),
                type=_TYPES[dtype],
                buffer=buffer,
                name=f"tensor{len(self.tensors)}",
                quantization=quantization,
            )
        )
        return len(self.tensors) - 1

    def fully_connected(self, inputs, output, relu):
        """Add a layer."""
        kinds = schema.ActivationFunctionType
        options = schema.FullyConnectedOptionsT(
            fusedActivationFunction=kinds.RELU if relu else kinds.NONE
        )
        self.operators.append(
            schema.OperatorT(
                opcodeIndex=0,
                inputs=list(inputs),
                outputs=[output],
                builtinOptionsType=schema.BuiltinOptions.FullyConnectedOptions,
                builtinOptions=options,
            )
        )

    def pack(self, first, last):
        """The file, from the input to the output tensor."""
        code = schema.BuiltinOperator.FULLY_CONNECTED
        model = schema.ModelT(
            version=3,
            # Readers old and new look for the operator in different fields.
            operatorCodes=[
                schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=code, version=4)
            ],
            subgraphs=[
                schema.SubGraphT(
                    tensors=self.tensors,
                    inputs=[first],
                    outputs=[last],
                    operators=self.operators,
                )
            ],
            buffers=self.buffers,
        )
        builder = flatbuffers.Builder()
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

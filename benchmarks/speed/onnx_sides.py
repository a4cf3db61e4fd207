"""ONNX Runtime's side: the same net as an ONNX graph, in float32 and in int8."""

import logging
import tempfile
from pathlib import Path

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

from benchmarks.speed.side import Predictor

OPSET, IR_VERSION = 17, 9
ERRORS_ONLY = 3


def graph_of(problem):
    """The net as an ONNX model: a Gemm a layer, Relu between; float32 rows `x` to `scores`."""
    nodes, tensors, last = [], [], "x"
    names = [name for name, _, _ in problem.network.layers]
    for name in names:
        for part in ("weight", "bias"):
            key = f"{name}.{part}"
            tensors.append(numpy_helper.from_array(problem.start[key], key))
        out = "scores" if name == names[-1] else f"{name}.z"
        nodes.append(
            helper.make_node("Gemm", [last, f"{name}.weight", f"{name}.bias"], [out], transB=1)
        )
        if out != "scores":
            last = f"{name}.a"
            nodes.append(helper.make_node("Relu", [out], [last]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width])
        for name, width in (("x", problem.inputs), ("scores", problem.network.classes))
    ]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], tensors)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


class Prediction(Predictor):
    """`InferenceSession.run` with as many threads inside an operator as the case has."""

    def __init__(self, problem, threads):
        super().__init__(problem)
        self.options = onnxruntime.SessionOptions()
        self.options.intra_op_num_threads = threads
        self.options.inter_op_num_threads = 1
        self.options.log_severity_level = ERRORS_ONLY
        self.session = self.open(problem)

    def open(self, problem):
        return self.start_session(graph_of(problem).SerializeToString())

    def start_session(self, model):
        return onnxruntime.InferenceSession(model, self.options, providers=["CPUExecutionProvider"])

    def score(self, part):
        return self.session.run(None, {"x": part})[0]


class Int8Prediction(Prediction):
    """The net quantized by ONNX Runtime's own tool: uint8 activations, int8 weights, one scale a
    tensor, which is the fastest of the forms it runs in integers."""

    def open(self, problem):
        logging.disable(logging.WARNING)
        with tempfile.TemporaryDirectory() as folder:
            path, optimized = str(Path(folder, "int8.onnx")), str(Path(folder, "optimized.onnx"))
            quantize_static(
                graph_of(problem),
                path,
                _Calibration(problem.scaled),
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            self.options.optimized_model_filepath = optimized
            session = self.start_session(path)
            operators = [node.op_type for node in onnx.load(optimized).graph.node]
        layers = len(problem.network.layers)
        if operators.count("QGemm") != layers:
            raise RuntimeError(f"not {layers} products in integers: {', '.join(operators)}")
        self.note = ", ".join(operators)
        return session


class _Calibration(CalibrationDataReader):
    """All rows at once."""

    def __init__(self, x):
        self.feeds = iter([{"x": x}])

    def get_next(self):
        return next(self.feeds, None)

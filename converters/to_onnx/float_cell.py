"""The FastGRNN cell in floats: the equations of converters/real_model.py as ONNX nodes."""

import numpy as np

from converters.real_model import RealMatrix, RealModel, real_model
from converters.to_onnx.graph import Graph, TensorProto
from tinygmp.graph.window_chain import WindowChain


class FloatCell:
    """Emits float32 nodes; the state is float32 in fractions of full scale, -1..1."""

    state_dtype = TensorProto.FLOAT
    inner_dtype = TensorProto.FLOAT
    extra_outputs: tuple[tuple[str, int], ...] = ()

    def __init__(self, model: WindowChain) -> None:
        self.real: RealModel = real_model(model)

    def prepare(self, graph: Graph, counts: str) -> str:
        """Append the folded normalisation: int16 counts [..., channels] to float32 -1..1."""
        real = self.real
        centred = graph.op(
            "Sub",
            graph.op("Cast", counts, to=TensorProto.FLOAT),
            graph.constant("sensor.offset", real.offset, np.float32),
        )
        scaled = graph.op("Mul", centred, graph.constant("sensor.gain", real.input_gain, np.float32))
        return clip(graph, graph.op("Mul", graph.op("Round", scaled), one_unit(graph, real)))

    def step(self, graph: Graph, x: str, state: str) -> str:
        """Append one step: x [batch, channels] and state [batch, hidden] to the next state."""
        real = self.real
        pre = graph.op("Add", apply_map(graph, real.w, x), apply_map(graph, real.u, state))
        gate_bias = graph.constant("rnn.bias_gate", real.bias_gate, np.float32)
        update_bias = graph.constant("rnn.bias_update", real.bias_update, np.float32)
        z = graph.op("Sigmoid", graph.op("Add", pre, gate_bias))
        c = graph.op("Tanh", graph.op("Add", pre, update_bias))
        zeta = graph.constant("rnn.zeta", real.zeta, np.float32)
        zeta_plus_nu = graph.constant("rnn.zeta_plus_nu", real.zeta + real.nu, np.float32)
        gain = graph.op("Sub", zeta_plus_nu, graph.op("Mul", z, zeta))
        kept = graph.op("Mul", z, state)
        return clip(graph, graph.op("Add", kept, graph.op("Mul", gain, c)))

    def classify(self, graph: Graph, state: str) -> None:
        """Append the outputs 'logits' float32 [batch, classes] and 'class' int64 [batch]."""
        real = self.real
        weights = graph.constant(real.classifier.name, real.classifier.float32)
        bias = graph.constant("classifier.bias", real.classifier_bias, np.float32)
        graph.op("Gemm", state, weights, bias, output="logits", transB=1)
        graph.op("ArgMax", "logits", output="class", axis=1, keepdims=0)


def apply_map(graph: Graph, matrices: tuple[RealMatrix, ...], x: str) -> str:
    for position, matrix in enumerate(matrices):
        x = graph.op("MatMul", clip(graph, x) if position else x, transposed(graph, matrix))
    return x


def transposed(graph: Graph, matrix: RealMatrix) -> str:
    return graph.constant(f"{matrix.name}.transposed", np.ascontiguousarray(matrix.float32.T))


def one_unit(graph: Graph, real: RealModel) -> str:
    return graph.constant("sensor.unit", 1 / real.input_limit, np.float32)


def clip(graph: Graph, x: str) -> str:
    low, high = graph.constant("minus_one", -1.0, np.float32), graph.constant("one", 1.0, np.float32)
    return graph.op("Clip", x, low, high)

"""Recurrent cells in floats: the equations of converters/real_model.py as ONNX nodes."""

from collections.abc import Sequence

import numpy as np

from converters.carried import carried_by, next_fraction
from converters.real_model import RealCell, RealEnds, RealMatrix, real_cell, real_ends, real_gated_cell
from converters.to_onnx.graph import Graph, TensorProto
from tinygmp.graph.model import Node
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.operators.gated_cell import GatedCell, Lstm
from tinygmp.graph.window_chain import WindowChain


class FloatCell:
    """Emits float32 nodes; the state is float32 in fractions of full scale, -1..1."""

    state_dtype = TensorProto.FLOAT
    inner_dtype = TensorProto.FLOAT
    extra_outputs: tuple[tuple[str, int], ...] = ()

    def __init__(self, model: WindowChain) -> None:
        self.model, self.real = model, real_ends(model)

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

    def step(self, graph: Graph, x: str, states: Sequence[str]) -> list[str]:
        """Append one step: x [batch, channels] and states [batch, hidden] to the next states."""
        made: list[str] = []
        for node in self.model.cells:
            mine = states[len(made) : len(made) + carried_by(node)]
            if isinstance(node.operator, FastGrnn):
                made.append(fastgrnn_step(graph, node.name, real_cell(node.operator), x, mine[0]))
            else:
                made += gated_step(graph, node, x, mine)
            if node is not self.model.cells[-1]:
                fraction = graph.constant(f"{node.name}.fraction", next_fraction(node), np.float32)
                x = graph.op("Mul", made[-len(mine)], fraction)
        return made

    def classify(self, graph: Graph, state: str) -> None:
        """Append the outputs 'logits' float32 [batch, classes] and 'class' int64 [batch]."""
        real = self.real
        for layer in real.hidden:
            bias = graph.constant(f"{layer.matrix.name}.bias", layer.bias, np.float32)
            weights = graph.constant(layer.matrix.name, layer.matrix.float32)
            ends = [
                graph.constant(f"{layer.matrix.name}.{end}", getattr(layer, end), np.float32)
                for end in ("low", "high")
            ]
            state = graph.op("Clip", graph.op("Gemm", state, weights, bias, transB=1), *ends)
        weights = graph.constant(real.classifier.name, real.classifier.float32)
        bias = graph.constant("classifier.bias", real.classifier_bias, np.float32)
        graph.op("Gemm", state, weights, bias, output="logits", transB=1)
        graph.op("ArgMax", "logits", output="class", axis=1, keepdims=0)


def fastgrnn_step(graph: Graph, name: str, real: RealCell, x: str, state: str) -> str:
    """Append a FastGRNN; its state is a fraction of full scale."""
    pre = graph.op("Add", apply_map(graph, real.w, x), apply_map(graph, real.u, state))
    gate_bias = graph.constant(f"{name}.bias_gate", real.bias_gate, np.float32)
    update_bias = graph.constant(f"{name}.bias_update", real.bias_update, np.float32)
    z = graph.op("Sigmoid", graph.op("Add", pre, gate_bias))
    c = graph.op("Tanh", graph.op("Add", pre, update_bias))
    zeta = graph.constant(f"{name}.zeta", real.zeta, np.float32)
    zeta_plus_nu = graph.constant(f"{name}.zeta_plus_nu", real.zeta + real.nu, np.float32)
    gain = graph.op("Sub", zeta_plus_nu, graph.op("Mul", z, zeta))
    kept = graph.op("Mul", z, state)
    return clip(graph, graph.op("Add", kept, graph.op("Mul", gain, c)))


def gated_step(graph: Graph, node: Node, x: str, states: Sequence[str]) -> list[str]:
    """Append a GRU or LSTM of real states and return the next ones, h first."""
    cell = node.operator
    assert isinstance(cell, GatedCell)
    real = real_gated_cell(cell)
    w = [graph.op("MatMul", x, transposed(graph, matrix)) for matrix in real.w]
    u = [graph.op("MatMul", states[0], transposed(graph, matrix)) for matrix in real.u]
    bias = [graph.constant(f"{node.name}.bias.{at}", each, np.float32) for at, each in enumerate(real.bias)]
    if isinstance(cell, Lstm):
        i, f, g, o = (
            graph.op("Add", graph.op("Add", *parts), each) for *parts, each in zip(w, u, bias, strict=True)
        )
        kept = graph.op("Mul", graph.op("Sigmoid", f), states[1])
        after = graph.op("Add", kept, graph.op("Mul", graph.op("Sigmoid", i), graph.op("Tanh", g)))
        return [graph.op("Mul", graph.op("Sigmoid", o), graph.op("Tanh", after)), after]
    r, z = (graph.op("Sigmoid", graph.op("Add", graph.op("Add", w[at], u[at]), bias[at])) for at in (0, 1))
    inner = graph.op("Mul", r, graph.op("Add", u[2], bias[3]))
    n = graph.op("Tanh", graph.op("Add", graph.op("Add", w[2], bias[2]), inner))
    # (1 - z) n + z h = n + z (h - n)
    return [graph.op("Add", n, graph.op("Mul", z, graph.op("Sub", states[0], n)))]


def apply_map(graph: Graph, matrices: tuple[RealMatrix, ...], x: str) -> str:
    for position, matrix in enumerate(matrices):
        x = graph.op("MatMul", clip(graph, x) if position else x, transposed(graph, matrix))
    return x


def transposed(graph: Graph, matrix: RealMatrix) -> str:
    return graph.constant(f"{matrix.name}.transposed", np.ascontiguousarray(matrix.float32.T))


def one_unit(graph: Graph, real: RealEnds) -> str:
    return graph.constant("sensor.unit", 1 / real.input_limit, np.float32)


def clip(graph: Graph, x: str) -> str:
    low, high = graph.constant("minus_one", -1.0, np.float32), graph.constant("one", 1.0, np.float32)
    return graph.op("Clip", x, low, high)

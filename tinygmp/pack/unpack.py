"""A packed classifier of windows back as a float graph: to fine-tune what was packed, or to pack it in another way."""

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.window_classifier import window_classifier
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators import fastgrnn, fully_connected
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.quant.gate_table import PRE_FRACTION_BITS
from tinygmp.sparse.tensor import PackedTensor


def unpack(model: PackedModel) -> FloatGraph:
    """Return the graph of normalised windows that the integers stand for, float32, pruned weights exactly 0.

    Raises UnsupportedError for a model that is not one cell and one matrix of its state.
    """
    nodes = [node for node in model.nodes if not isinstance(node.operator, SensorInput)]
    kinds = [type(node.operator) for node in nodes]
    if kinds != [fastgrnn.FastGrnn, fully_connected.FullyConnected]:
        raise UnsupportedError(
            f"model '{model.name}' has layers {[kind.__name__ for kind in kinds]}; only a FastGRNN cell and one "
            "matrix can be unpacked"
        )
    return window_classifier(real_cell(model, nodes[0]), real_matrix(model, nodes[1]), model.name)


def real_cell(model: PackedModel, node: Node) -> FastGrnn:
    cell = node.operator
    assert isinstance(cell, fastgrnn.FastGrnn)
    state_units = 1 / model.values[node.reads[1]].scale
    return FastGrnn(
        w=tuple(real(tensor) for tensor in fastgrnn.factors(cell.w)),
        u=tuple(real(tensor) for tensor in fastgrnn.factors(cell.u)),
        bias_gate=real_bias(cell.bias_gate, cell.bias_gate_shift),
        bias_update=real_bias(cell.bias_update, cell.bias_update_shift),
        zeta=cell.zeta * 2.0**-cell.zeta_shift * 1024 / state_units,
        nu=2 * cell.nu / state_units,
    )


def real_matrix(model: PackedModel, node: Node) -> FullyConnected:
    layer = node.operator
    assert isinstance(layer, fully_connected.FullyConnected)
    if model.output.dtype != "int32":
        raise UnsupportedError(
            f"model '{model.name}': its logits are {model.output.dtype}, expected int32 sums"
        )
    bias = (layer.bias * model.output.scale).astype(np.float32)
    return FullyConnected(real(layer.weights), bias)


def real(tensor: PackedTensor) -> np.ndarray:
    return (tensor.decode() * np.float64(tensor.scale)).astype(np.float32)


def real_bias(bias: np.ndarray, shift: int) -> np.ndarray:
    return (bias * 2.0 ** (shift - PRE_FRACTION_BITS)).astype(np.float32)

"""Biases of a recurrent graph, shifted by the mean error that rounding leaves (Nagel et al. 2019, section 4.2)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.base import Operator
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.linear import Linear
from tinygmp.floats.window_classifier import cell_of
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators import fastgrnn
from tinygmp.graph.reference.fastgrnn import ExactCell
from tinygmp.graph.reference.run import run, run_steps
from tinygmp.pack.cell_ranges import CellOutput
from tinygmp.quant.gate_table import PRE_FRACTION_BITS


def correct_cell_biases(
    graph: FloatGraph, model: PackedModel, inputs: Sequence[np.ndarray], expected: CellOutput, share: float
) -> FloatGraph:
    """Return the graph with biases that bring the packed model's mean pre-activations and logits to the float ones.

    inputs: as the model takes them, the windows of `expected`. Both biases of a unit move alike, by that share of the
    difference: the whole of it can be too much where a state feeds back into itself.
    """
    node = cell_of(graph)
    cell, last = node.operator, graph.writer(graph.outputs[0])
    assert isinstance(cell, FastGrnn)
    mean_pre = mean_pre_activation(model, node.name, inputs) * 2.0**-PRE_FRACTION_BITS
    shift = share * (expected.mean_pre - mean_pre)
    changed: dict[str, Operator] = {
        node.name: replace(
            cell,
            bias_gate=(cell.bias_gate + shift).astype(np.float32),
            bias_update=(cell.bias_update + shift).astype(np.float32),
        )
    }
    if last is not None and isinstance(last.operator, Linear):
        error = (expected.logits - real_logits(model, inputs)).mean(axis=0).astype(np.float32)
        changed[last.name] = replace(last.operator, bias=last.operator.bias + error)
    return graph.with_operators(changed)


def mean_pre_activation(model: PackedModel, node: str, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean over windows and steps of a cell's sums in Q11, without biases: float64 [hidden]."""
    packed = model.node(node)
    assert isinstance(packed.operator, fastgrnn.FastGrnn)
    cell, total = ExactCell(packed.operator), np.zeros(packed.operator.hidden_size)
    state = np.zeros((len(inputs[0]), packed.operator.hidden_size), np.int16)
    for values in run_steps(model, *inputs):
        total += cell.pre_activation(values[packed.reads[0]], state).mean(axis=0)
        state = values[packed.writes[-1]]
    return total / inputs[0].shape[1]


def real_logits(model: PackedModel, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Return the packed model's logits as reals, [windows, classes]."""
    return run(model, *inputs).logits * model.output.scale - model.output.zero_point * model.output.scale

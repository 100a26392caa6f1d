"""GRU and LSTM cells: int8 weights, 16 bits for everything else."""

from typing import Any

import numpy as np

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators import gated_cell
from tinygmp.graph.model import State
from tinygmp.graph.operators.gated_cell import (
    CELL_FRACTION_BITS,
    HIDDEN_SCALE,
    GatedCell,
    Gru,
    Lstm,
    largest_sum,
)
from tinygmp.graph.values import Value
from tinygmp.pack.assembly import Assembly
from tinygmp.pack.cell_scalars import bias_int16
from tinygmp.quant.gate_table import PRE_FRACTION_BITS, half_tanh_table
from tinygmp.quant.requantize import INT16_MAX, Requantizer, fit_requantizer
from tinygmp.sparse.tensor import PackedTensor

PRE_LIMIT = 16.0  # int16 Q11 saturates here


def pack_gated_cell(assembly: Assembly, node: FloatNode) -> None:
    """Add the cell; its states are int16, h with a scale of 2**-15, c with the power of two that holds its range."""
    cell = node.operator
    assert isinstance(cell, gated_cell.GatedCell)
    read = assembly.read(node.reads[0])
    w, u = (
        assembly.storage.pack(f"{node.name}.{name}", by_unit(matrix, cell.gates))
        for name, matrix in cell.weights_by_name().items()
    )
    bias, _ = bias_int16(by_unit(cell.bias, cell.biases), PRE_FRACTION_BITS)
    fields: dict[str, Any] = {
        "w": w,
        "u": u,
        "w_requantizer": to_q11(w, read.scale),
        "u_requantizer": to_q11(u, HIDDEN_SCALE),
        "bias": bias.reshape(cell.hidden_size, cell.biases),
        "table": half_tanh_table(),
    }
    packed: GatedCell
    scales = [HIDDEN_SCALE]
    if isinstance(cell, gated_cell.Lstm):
        bits = cell_bits(assembly.cell_ranges[node.name])
        packed = Lstm(**fields, cell_bits=bits)
        scales.append(2.0**-bits)
    else:
        packed = Gru(**fields)
    for before, after, scale in zip(node.reads[1:], node.writes, scales, strict=True):
        for name in (before, after):
            assembly.add_value(Value(name, (cell.hidden_size,), "int16", scale))
        assembly.states.append(State(before, after))
    assembly.add_node(node.name, packed, (read.name, *node.reads[1:]), node.writes)


def by_unit(array: np.ndarray, gates: int) -> np.ndarray:
    """Return rows gate after gate as rows unit after unit."""
    gated = array.reshape(gates, -1, *array.shape[1:])
    return np.ascontiguousarray(np.swapaxes(gated, 0, 1)).reshape(array.shape)


def to_q11(tensor: PackedTensor, input_scale: float) -> Requantizer:
    """Bring sums to Q11; those beyond +-16 saturate there anyway and need no bits."""
    unit = tensor.scale * input_scale
    return fit_requantizer(
        unit * 2.0**PRE_FRACTION_BITS, max(1, min(largest_sum(tensor), int(PRE_LIMIT / unit)))
    )


def cell_bits(largest: float) -> int:
    """Return the most fraction bits at which a cell of that magnitude fits int16."""
    low, high = CELL_FRACTION_BITS
    return int(np.clip(np.floor(np.log2(INT16_MAX / max(largest, 1e-6))), low, high))

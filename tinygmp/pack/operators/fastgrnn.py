"""The FastGRNN cell."""

from dataclasses import replace

import numpy as np

from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators import fastgrnn
from tinygmp.graph.model import State
from tinygmp.graph.operators.base import INT8_LIMIT
from tinygmp.graph.operators.fastgrnn import (
    STATE_LIMIT,
    FastGrnn,
    LinearMap,
    LowRank,
    factors,
    largest_sum,
)
from tinygmp.graph.values import Value
from tinygmp.pack.assembly import Assembly
from tinygmp.pack.cell_scalars import bias_int8, bias_int16, update_gain
from tinygmp.pack.cell_scales import CellScales, map_factors
from tinygmp.quant.gate_table import PRE_FRACTION_BITS, half_tanh_table
from tinygmp.quant.requantize import INT16_MAX, Requantizer, fit_requantizer
from tinygmp.sparse.tensor import PackedTensor

PRE_LIMIT = 16.0  # int16 Q11 saturates here


def pack_fastgrnn(assembly: Assembly, node: FloatNode) -> None:
    """Add the cell; its state becomes two values, the int16 one and its upper bytes, which others read."""
    cell, scales = node.operator, assembly.cells[node.name]
    assert isinstance(cell, fastgrnn.FastGrnn)
    state_limit, input_limit = (STATE_LIMIT, INT16_MAX) if scales.wide else (INT8_LIMIT, INT8_LIMIT)
    u, u_unit = pack_map(
        map_factors(assembly.tensors, node.name, "U"), scales.entering, scales.u_rank_vector, state_limit
    )
    w, w_unit = pack_map(
        map_factors(assembly.tensors, node.name, "W"), scales.input, scales.w_rank_vector, input_limit
    )
    packed = pack_cell(cell, w, u, (w_unit, u_unit), scales)
    names = [(name, top_name(name)) for name in (node.reads[1], node.writes[0])]
    state_scale = 1 / scales.state_units
    if scales.wide:
        for name, _ in names:
            assembly.add_value(Value(name, (cell.hidden_size,), "int16", state_scale))
        assembly.states.append(State(names[0][0], names[1][0]))
        entered = assembly.read(node.reads[0]).name
        assembly.add_node(node.name, packed, (entered, names[0][0]), (names[1][0],))
        return
    for name, top in names:
        assembly.add_value(Value(name, (cell.hidden_size,), "int16", state_scale))
        assembly.add_value(Value(top, (cell.hidden_size,), "int8", 256 * state_scale))
        assembly.read_as[name] = top
    (state, top), (next_state, next_top) = names
    assembly.states += [State(state, next_state), State(top, next_top)]
    reads = (assembly.read(node.reads[0]).name, state, top)
    assembly.add_node(node.name, packed, reads, (next_state, next_top))


def top_name(state: str) -> str:
    return state.replace("state", "top") if "state" in state else f"{state}_top"


def pack_map(
    parts: tuple[PackedTensor, ...], input_scale: float, vector_scale: float, input_limit: int
) -> tuple[LinearMap, float]:
    """Return a packed map and the real value of one unit of its accumulator."""
    if len(parts) == 1:
        return parts[0], parts[0].scale * input_scale
    first, second = parts
    requantizer = fit_requantizer(
        first.scale * input_scale / vector_scale, max(largest_sum(first, input_limit), 1)
    )
    return LowRank(first, requantizer, second), second.scale * vector_scale


def pack_cell(
    cell: fastgrnn.FastGrnn, w: LinearMap, u: LinearMap, units: tuple[float, float], scales: CellScales
) -> FastGrnn:
    """Return the cell; `units` are the real values of one unit of the W and the U accumulator."""
    accumulator_unit = min(units)
    w_shift, u_shift = (round(np.log2(unit / accumulator_unit)) for unit in units)
    to_integers = bias_int16 if scales.wide else bias_int8
    bias_gate, bias_gate_shift = to_integers(cell.bias_gate, PRE_FRACTION_BITS)
    bias_update, bias_update_shift = to_integers(cell.bias_update, PRE_FRACTION_BITS)
    zeta, zeta_shift = update_gain(cell.zeta, scales.state_units)
    packed = FastGrnn(
        w=w,
        u=u,
        w_shift=w_shift,
        u_shift=u_shift,
        pre_requantizer=Requantizer(0, 1, 1),
        bias_gate=bias_gate,
        bias_gate_shift=bias_gate_shift,
        bias_update=bias_update,
        bias_update_shift=bias_update_shift,
        table=half_tanh_table(),
        zeta=zeta,
        zeta_shift=zeta_shift,
        nu=round(cell.nu * scales.state_units / 2),
        state_bits=scales.state_bits,
    )
    return replace(packed, pre_requantizer=pre_requantizer(packed, accumulator_unit))


def pre_requantizer(cell: FastGrnn, unit: float) -> Requantizer:
    """Bring the accumulator to Q11; sums beyond +-16 saturate there anyway and need no bits."""
    bound = sum(
        cell.largest_sum(factors(linear)[-1]) << shift
        for linear, shift in ((cell.w, cell.w_shift), (cell.u, cell.u_shift))
    )
    return fit_requantizer(unit * 2.0**PRE_FRACTION_BITS, max(1, min(bound, int(PRE_LIMIT / unit))))

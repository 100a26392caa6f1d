"""The scales of a FastGRNN cell: what its integers stand for, from ranges and packed matrices."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT
from tinygmp.pack.cell_ranges import CellRanges
from tinygmp.quant.requantize import INT16_MAX
from tinygmp.quant.symmetric import INT8_LIMIT
from tinygmp.sparse.tensor import PackedTensor

TOP_BYTE = 256  # units of the int16 state in one of its upper byte
LARGEST_GAIN = 32766  # of zeta + nu in state units


@dataclass(frozen=True)
class CellScales:
    """Real values of one unit of the input and the rank vectors (0 when full rank); state units in a real one."""

    input: float
    state_units: float
    w_rank_vector: float
    u_rank_vector: float
    state_bits: int = 8

    @property
    def top(self) -> float:
        """Real value of one unit of the state's upper byte."""
        return TOP_BYTE / self.state_units

    @property
    def wide(self) -> bool:
        return self.state_bits == 16

    @property
    def entering(self) -> float:
        """Real value of one unit of the state as U and the classifier take it."""
        return 1 / self.state_units if self.wide else self.top


def cell_scales(
    node: str,
    cell: FastGrnn,
    tensors: Mapping[str, PackedTensor],
    ranges: CellRanges,
    input_scale: float,
    state_bits: int = 8,
) -> CellScales:
    """Return the scales for ranges; that of the input, or of W's rank vector, is bent to a power of two."""
    state_units = min(STATE_LIMIT / ranges.state, LARGEST_GAIN / (cell.zeta + cell.nu))
    entering = 1 / state_units if state_bits == 16 else TOP_BYTE / state_units
    limit = INT16_MAX if state_bits == 16 else INT8_LIMIT
    u, w = map_factors(tensors, node, "U"), map_factors(tensors, node, "W")
    u_vector = ranges.u_rank_vector / limit if len(u) == 2 else 0.0
    u_unit = u[-1].scale * (u_vector or entering)
    if len(w) == 1:
        return CellScales(bend(input_scale, u_unit / w[-1].scale), state_units, 0.0, u_vector, state_bits)
    w_vector = bend(ranges.w_rank_vector / limit, u_unit / w[-1].scale)
    return CellScales(input_scale, state_units, w_vector, u_vector, state_bits)


def map_factors(tensors: Mapping[str, PackedTensor], node: str, letter: str) -> tuple[PackedTensor, ...]:
    """Return the packed factors of W or U in the order in which they are applied."""
    name = f"{node}.{letter}"
    return (tensors[name],) if name in tensors else (tensors[f"{name}2"], tensors[f"{name}1"])


def bend(scale: float, reference: float) -> float:
    """Return the scale nearest to `scale` that is `reference` times a power of two."""
    return float(reference * 2.0 ** round(np.log2(scale / reference)))

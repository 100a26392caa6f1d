"""What the fastest builds of whole steps read: rows, and both biases of each hidden unit, in one run of bytes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from converters.to_c.arrays import ConstantArray, symbol_of
from tinygmp.graph.operators.fastgrnn import FastGrnn, LowRank, factors, largest_sum
from tinygmp.graph.window_chain import WindowChain
from tinygmp.quant.requantize import Requantizer
from tinygmp.sparse.tensor import PackedTensor

LARGEST_VECTORS = 128  # both fit half a page of 256 bytes, wherever the stack is
MOST_UNITS = 127  # told apart by the lower byte of their state's address
MOST_UNITS_32 = 1000  # within reach of one addition
Row = tuple[np.ndarray, np.ndarray]
LONGEST_RUN = 56  # survivors of a row that the code may jump into: 18 bytes each
LEVEL = 16384 + 127 * 64  # from here on both gates are level, whatever their biases
LARGEST_PRE = 32767 - 127 * 64  # up to here a bias may be added in 16 bits


@dataclass(frozen=True)
class Units:
    """The run of bytes, the arrays that it stands for, and what the assembler is told about the cell."""

    array: ConstantArray
    replaced: frozenset[str]
    arguments: tuple[int, ...]


def units_in_order(model: WindowChain) -> Units | None:
    """Return what tg_units_avr.c needs, pairs of column and value; None where the cell is beyond it."""
    cell = model.cell
    tensors = outer_factors(cell)
    clip = narrow_clip(cell.pre_requantizer, largest_narrow(cell))
    if clip is None or not takes_cell(cell) or not all(map(takes_tensor, tensors)):
        return None
    columns = [tensor.shape[1] for tensor in tensors]
    if sum(columns) > LARGEST_VECTORS or cell.hidden_size > MOST_UNITS:
        return None
    longest, by = longest_row(tensors[1]), cell.pre_requantizer
    arguments = (
        *(cell.hidden_size, *columns, longest if longest <= LONGEST_RUN else 0, *shifts(cell)),
        *(by.pre_shift, by.multiplier, by.post_shift, clip, int(largest_narrow(cell) > 32767)),
        *(cell.bias_gate_shift, cell.bias_update_shift, cell.zeta, cell.zeta_shift, cell.nu),
    )
    return Units(units_array(model, tensors, pairs), replaced(model, tensors), arguments)


def units_apart(model: WindowChain) -> Units | None:
    """Return what tg_units_arm.c and tg_units_riscv.c need, columns before values; None for a cell beyond them."""
    cell = model.cell
    tensors, by = outer_factors(cell), cell.pre_requantizer
    between, late = shifts(cell)
    runs = [max(8, -(-longest_row(tensor) // 8) * 8) for tensor in tensors]
    if not all(map(takes_tensor, tensors)) or max(runs) > LONGEST_RUN or by.pre_shift < late:
        return None
    if cell.hidden_size > MOST_UNITS_32:
        return None
    arguments = (
        *(cell.hidden_size, *runs, between, late, by.pre_shift, by.multiplier, by.post_shift),
        int(largest_narrow(cell) > 32767),
        *(cell.bias_gate_shift, cell.bias_update_shift, cell.zeta, cell.zeta_shift, cell.nu),
    )
    return Units(units_array(model, tensors, apart), replaced(model, tensors), arguments)


def outer_factors(cell: FastGrnn) -> list[PackedTensor]:
    """Return what is applied last of both maps, the map with the larger shift first."""
    maps = (cell.w, cell.u) if cell.w_shift >= cell.u_shift else (cell.u, cell.w)
    return [factors(linear)[-1] for linear in maps]


def shifts(cell: FastGrnn) -> tuple[int, int]:
    """Return the left shifts of a sum after the first map and after both."""
    late = min(cell.w_shift, cell.u_shift)
    return max(cell.w_shift, cell.u_shift) - late, late


def replaced(model: WindowChain, tensors: list[PackedTensor]) -> frozenset[str]:
    symbols = {
        f"{symbol_of(model, tensor.name)}_{part}" for tensor in tensors for part in ("index", "values")
    }
    return frozenset(symbols | {f"{model.name}_bias_gate", f"{model.name}_bias_update"})


@dataclass(frozen=True)
class InnerRows:
    """The first factor of a low-rank map: its run of bytes, the arrays it stands for, what the assembler is told."""

    array: ConstantArray
    replaced: frozenset[str]
    arguments: tuple[int, ...]


def inner_rows(model: WindowChain, letter: str) -> InnerRows | None:
    """Return what the AVR's assembler needs for a low-rank map's first factor, or None where it cannot do it."""
    linear = {"w": model.cell.w, "u": model.cell.u}[letter]
    if not isinstance(linear, LowRank) or not takes_tensor(linear.first):
        return None
    by, symbol = linear.requantizer, symbol_of(model, linear.first.name)
    sums = largest_sum(linear.first)
    largest = -(-sums // 2**by.pre_shift)
    clip = narrow_clip(by, largest, level=128, limit=32767)
    if clip is None or sums >= 2**23 or max(linear.first.shape) > 255:
        return None
    data = b"".join(map(pairs, rows_of(linear.first)))
    return InnerRows(
        ConstantArray(f"{symbol}_rows", np.frombuffer(data, np.uint8), f"{linear.first.name}, row by row"),
        frozenset({f"{symbol}_index", f"{symbol}_values"}),
        (linear.rank, by.pre_shift, by.multiplier, by.post_shift, clip, int(largest > 32767)),
    )


def takes_tensor(tensor: PackedTensor) -> bool:
    return tensor.index_format == "csr8" and tensor.value_format == "int8" and tensor.nnz > 0


def takes_cell(cell: FastGrnn) -> bool:
    """Return whether sums fit 24 bits, biases stay below 2^13, and the update's gain has a shift that it can share."""
    return (
        cell.largest_accumulator < 2**23
        and max(cell.bias_gate_shift, cell.bias_update_shift) <= 6
        and 2 <= cell.zeta_shift <= 8
    )


def largest_narrow(cell: FastGrnn) -> int:
    """Return the largest magnitude of an accumulator after the requantiser's first shift."""
    return -(-cell.largest_accumulator // 2**cell.pre_requantizer.pre_shift)


def narrow_clip(by: Requantizer, largest: int, level: int = LEVEL, limit: int = LARGEST_PRE) -> int | None:
    """Return where the multiplicand may be cut without any effect, 0 where it never gets there.

    level: the result from which on larger ones mean the same; limit: the largest result that may be handed on. None
    where one step of the multiplicand is too coarse to end between the two.
    """
    half = 1 << (by.post_shift - 1)
    largest = min(largest, 32768)  # the requantiser's own saturation
    if (largest * by.multiplier + half) >> by.post_shift <= limit:
        return 0
    least = -((half - (level << by.post_shift)) // by.multiplier)
    for clip in (least, least + 1):  # rounding half up may leave the negative end one short
        lowest, highest = ((end * by.multiplier + half) >> by.post_shift for end in (-clip, clip))
        if level <= highest <= limit and -limit <= lowest <= -level and clip < 32768:
            return clip
    return None


def rows_of(tensor: PackedTensor) -> list[Row]:
    """Return columns (uint8) and values (int8) of each row's survivors."""
    return [(np.flatnonzero(row).astype(np.uint8), row[row != 0].astype(np.int8)) for row in tensor.decode()]


def longest_row(tensor: PackedTensor) -> int:
    return int((tensor.decode() != 0).sum(axis=1).max())


def pairs(row: Row) -> bytes:
    """Return a count and that many pairs of column and value."""
    columns, values = row
    return bytes([len(columns)]) + np.stack([columns, values.view(np.uint8)], axis=1).tobytes()


def apart(row: Row) -> bytes:
    """Return a count, that many columns, that many values."""
    columns, values = row
    return bytes([len(columns)]) + columns.tobytes() + values.tobytes()


def units_array(
    model: WindowChain, tensors: list[PackedTensor], row_bytes: Callable[[Row], bytes]
) -> ConstantArray:
    """Return uint8: of each unit its row of every map, then its two biases."""
    by_tensor, cell = [rows_of(tensor) for tensor in tensors], model.cell
    data = bytearray()
    for unit in range(cell.hidden_size):
        for rows in by_tensor:
            data += row_bytes(rows[unit])
        data += bytes([int(cell.bias_gate[unit]) & 255, int(cell.bias_update[unit]) & 255])
    values = np.frombuffer(bytes(data), np.uint8)
    return ConstantArray(f"{model.name}_units", values, "of each unit both rows and biases")

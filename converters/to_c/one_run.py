"""What a bitmask model is on AVR: every mask, weight and bias of a step in one run of bytes."""

from dataclasses import dataclass, field

import numpy as np

from converters.to_c.arrays import ConstantArray
from converters.to_c.units import largest_narrow, narrow_clip, outer_factors, shifts, takes_cell
from tinygmp.graph.operators.fastgrnn import LinearMap, LowRank, largest_sum
from tinygmp.graph.window_chain import WindowChain
from tinygmp.quant.requantize import Requantizer
from tinygmp.sparse.tensor import PackedTensor

LARGEST_COUNT = 255  # units, columns and rows are counted in a byte
LARGEST_SUM = 2**23 - 1
LEAST_POST_SHIFT = 9  # the lowest byte of a product is not kept
LARGEST_MULTIPLIER = 65535
LEAST_SENSOR_SHIFT = 15  # what is left fits 16 bits
Arguments = tuple[int, ...]


@dataclass(frozen=True)
class OneRun:
    """Both runs of bytes in the smallest build and in the others, and what the assembler is told of the model."""

    smallest: tuple[ConstantArray, ConstantArray]
    faster: tuple[ConstantArray, ConstantArray]
    hidden: int
    pieces: tuple[Arguments, ...]
    predict: Arguments
    table: str


@dataclass
class RunWriter:
    """Writes bits and bytes in the order of use: a byte of eight bits stands where its first bit is needed.

    in_eights: as many columns of a row as bytes of bits hold have theirs to themselves.
    """

    in_eights: bool = False
    data: bytearray = field(default_factory=bytearray)
    place: int = 0
    bits: int = 8

    def write_row(self, row: np.ndarray) -> None:
        """Write a bit for each int8 of a row and, where it is 1, the value."""
        whole = len(row) // 8 * 8 if self.in_eights else 0
        for start in range(0, whole, 8):
            eight = row[start : start + 8]
            self.data += np.packbits(eight != 0, bitorder="little").tobytes() + eight[eight != 0].tobytes()
        for value in row[whole:].tolist():
            if self.bits == 8:
                self.place, self.bits = len(self.data), 0
                self.data.append(0)
            if value:
                self.data[self.place] |= 1 << self.bits
                self.data.append(value & 255)
            self.bits += 1

    def write(self, values: np.ndarray) -> None:
        """Write an array's bytes, little-endian."""
        self.data += values.astype(values.dtype.newbyteorder("<")).tobytes()


def one_run(model: WindowChain) -> OneRun | None:
    """Return what tg_one_run_avr.c needs; None where the model is beyond it."""
    cell, hidden = model.cell, model.cell.hidden_size
    clip, by = narrow_clip(cell.pre_requantizer, largest_narrow(cell)), scaling(cell.pre_requantizer)
    if clip is None or by is None or not takes_cell(cell) or not takes_shapes(model):
        return None
    inner = [inner_arguments(linear, place) for linear, place in ((cell.w, 3 * hidden), (cell.u, 2 * hidden))]
    if None in inner:
        return None
    return OneRun(
        smallest=run_arrays(model, in_eights=False),
        faster=run_arrays(model, in_eights=True),
        hidden=hidden,
        pieces=(
            (model.input.channels, model.input.shift),
            *(arguments for arguments in inner if arguments is not None),
            (*outer_arguments(model), *by, clip, int(largest_narrow(cell) > 32767)),
            (cell.bias_gate_shift, cell.bias_update_shift, cell.zeta, cell.zeta_shift, cell.nu),
        ),
        predict=(hidden, len(model.labels), model.classifier.bias.dtype.itemsize),
        table=f"{model.name}_gate_table",
    )


def takes_shapes(model: WindowChain) -> bool:
    """Return whether every tensor is a bitmask of int8 values whose rows a byte counts and whose sums fit 24 bits,
    and the input one whose result needs no cut to 16 bits.
    """
    if model.input.channels > LARGEST_COUNT or model.input.shift < LEAST_SENSOR_SHIFT:
        return False
    return all(
        tensor.index_format == "bitmask"
        and tensor.value_format == "int8"
        and max(tensor.shape) <= LARGEST_COUNT
        and largest_sum(tensor) <= LARGEST_SUM
        for tensor in model.tensors()
    )


def inner_arguments(linear: LinearMap, place: int) -> Arguments | None:
    """Return what a first factor's rows need, zeros where a map has full rank, None where they are beyond it."""
    if not isinstance(linear, LowRank):
        return (0,) * 8
    pre_shift, by = linear.requantizer.pre_shift, scaling(linear.requantizer)
    largest = -(-largest_sum(linear.first) // 2**pre_shift)
    clip = narrow_clip(linear.requantizer, largest, level=128, limit=32767)
    if clip is None or by is None:
        return None
    rows, columns = linear.first.shape
    return (rows, place, columns, pre_shift, *by, clip, int(largest > 32767))


def scaling(by: Requantizer) -> Arguments | None:
    """Return an equal unsigned multiplier of 16 bits and a shift that drops the lowest byte, None without such."""
    more = max(0, LEAST_POST_SHIFT - by.post_shift)
    multiplier = by.multiplier << more
    return (multiplier, by.post_shift + more) if multiplier <= LARGEST_MULTIPLIER else None


def outer_arguments(model: WindowChain) -> Arguments:
    """Return columns and place of both vectors, and the shifts of their sums: between, after both, down again."""
    cell, places = model.cell, outer_places(model)
    columns = [tensor.shape[1] for tensor in outer_factors(cell)]
    between, late = shifts(cell)
    both = min(late, cell.pre_requantizer.pre_shift)  # a shift to the left that the next one undoes
    if rows_make_one(model):
        columns = [sum(columns), 0]
    return (
        columns[0],
        places[0],
        columns[1],
        places[1],
        between,
        late - both,
        cell.pre_requantizer.pre_shift - both,
    )


def rows_make_one(model: WindowChain) -> bool:
    """Return whether a unit's rows of both maps are one row: their vectors adjoin and nothing is shifted between."""
    places, columns = outer_places(model), [tensor.shape[1] for tensor in outer_factors(model.cell)]
    return (
        shifts(model.cell)[0] == 0 and places[0] + columns[0] == places[1] and sum(columns) <= LARGEST_COUNT
    )


def outer_places(model: WindowChain) -> list[int]:
    """Return where in the state lies what outer_factors multiply; see model.h.j2."""
    cell, hidden = model.cell, model.cell.hidden_size
    inner = 3 * hidden + model.input.channels
    w_place = inner if rank_of(cell.w) else 3 * hidden
    u_place = inner + rank_of(cell.w) if rank_of(cell.u) else 2 * hidden
    return [w_place, u_place] if cell.w_shift >= cell.u_shift else [u_place, w_place]


def rank_of(linear: LinearMap) -> int:
    return linear.rank if isinstance(linear, LowRank) else 0


def run_arrays(model: WindowChain, in_eights: bool) -> tuple[ConstantArray, ConstantArray]:
    """Return uint8: what a step reads, and what the classifier reads."""
    step, classes = step_bytes(model, in_eights), class_bytes(model, in_eights)
    return (
        ConstantArray(f"{model.name}_run", np.frombuffer(step, np.uint8), "a step, in the order of use"),
        ConstantArray(
            f"{model.name}_classes", np.frombuffer(classes, np.uint8), "of each class row and bias"
        ),
    )


def step_bytes(model: WindowChain, in_eights: bool) -> bytes:
    """Return what a step reads: channels, the rows of first factors, rows and biases of each unit."""
    run, cell = RunWriter(in_eights), model.cell
    for offset, multiplier in zip(model.input.offset, model.input.multiplier, strict=True):
        run.write(np.array([offset, multiplier], np.int16))
    for linear in (cell.w, cell.u):
        if isinstance(linear, LowRank):
            write_rows(run, linear.first)
    outer = [tensor.decode() for tensor in outer_factors(cell)]
    for unit in range(cell.hidden_size):
        rows = [matrix[unit] for matrix in outer]
        for row in [np.concatenate(rows)] if rows_make_one(model) else rows:
            run.write_row(row)
        run.write(np.array([cell.bias_gate[unit], cell.bias_update[unit]], np.int8))
    return bytes(run.data)


def write_rows(run: RunWriter, tensor: PackedTensor) -> None:
    for row in tensor.decode():
        run.write_row(row)


def class_bytes(model: WindowChain, in_eights: bool) -> bytes:
    """Return what the classifier reads: of each class its row and its bias."""
    run = RunWriter(in_eights)
    for row, bias in zip(model.classifier.weights.decode(), model.classifier.bias, strict=True):
        run.write_row(row)
        run.write(np.array([bias]))
    return bytes(run.data)

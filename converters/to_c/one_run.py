"""What the smallest build on AVR reads: every mask, weight and bias of a step in one run of bytes."""

from dataclasses import dataclass, field

import numpy as np

from converters.to_c.arrays import ConstantArray
from converters.to_c.units import largest_narrow, narrow_clip, outer_factors, shifts, takes_cell
from tinygmp.packed.layers import LinearMap, LowRank
from tinygmp.packed.model import PackedModel
from tinygmp.packed.ranges import largest_sum
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
    """Both runs of bytes, what tg_one_run_avr.c is told about the model, and the array that it reads besides."""

    arrays: tuple[ConstantArray, ConstantArray]
    hidden: int
    pieces: tuple[Arguments, ...]
    predict: Arguments
    table: str


@dataclass
class RunWriter:
    """Writes bits and bytes in the order of use: a byte of eight bits stands where its first bit is needed."""

    data: bytearray = field(default_factory=bytearray)
    place: int = 0
    bits: int = 8

    def write_row(self, row: np.ndarray) -> None:
        """Write a bit for each int8 of a row and, where it is 1, the value."""
        for value in row.tolist():
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


def one_run(model: PackedModel) -> OneRun | None:
    """Return what the assembler of the smallest build needs; None where the model is beyond it."""
    cell, hidden = model.cell, model.cell.hidden_size
    clip, by = narrow_clip(cell.pre_requantizer, largest_narrow(cell)), scaling(cell.pre_requantizer)
    if clip is None or by is None or not takes_cell(cell) or not takes_shapes(model):
        return None
    places = vector_places(model)
    inner = [inner_arguments(linear, place) for linear, place in ((cell.w, 3 * hidden), (cell.u, 2 * hidden))]
    if None in inner:
        return None
    return OneRun(
        arrays=(
            constant_array(model, "run", step_bytes(model), "a step, in the order of use"),
            constant_array(model, "classes", class_bytes(model), "of each class its row and its bias"),
        ),
        hidden=hidden,
        pieces=(
            (model.input.channels, model.input.shift),
            *(arguments for arguments in inner if arguments is not None),
            (*outer_arguments(model, places), *by, clip, int(largest_narrow(cell) > 32767)),
            (cell.bias_gate_shift, cell.bias_update_shift, cell.zeta, cell.zeta_shift, cell.nu),
        ),
        predict=(hidden, len(model.labels), model.classifier.bias.dtype.itemsize),
        table=f"{model.name}_gate_table",
    )


def takes_shapes(model: PackedModel) -> bool:
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


def vector_places(model: PackedModel) -> dict[str, int]:
    """Return where in the state lies what the outer factor of each map multiplies; see model.h.j2."""
    hidden, channels = model.cell.hidden_size, model.input.channels
    w_rank, place = rank_of(model.cell.w), 3 * hidden + channels
    return {
        "w": place if w_rank else 3 * hidden,
        "u": place + w_rank if rank_of(model.cell.u) else 2 * hidden,
    }


def rank_of(linear: LinearMap) -> int:
    return linear.rank if isinstance(linear, LowRank) else 0


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


def outer_arguments(model: PackedModel, places: dict[str, int]) -> Arguments:
    """Return columns and place of both vectors, and the shifts of their sums: between, after both, down again."""
    cell = model.cell
    letters = ("w", "u") if cell.w_shift >= cell.u_shift else ("u", "w")
    (first, second), (between, late) = outer_factors(cell), shifts(cell)
    both = min(late, cell.pre_requantizer.pre_shift)  # a shift to the left that the next one undoes
    return (
        *(first.shape[1], places[letters[0]], second.shape[1], places[letters[1]]),
        *(between, late - both, cell.pre_requantizer.pre_shift - both),
    )


def step_bytes(model: PackedModel) -> bytes:
    """Return what a step reads: channels, the rows of first factors, rows and biases of each unit."""
    run, cell = RunWriter(), model.cell
    for offset, multiplier in zip(model.input.offset, model.input.multiplier, strict=True):
        run.write(np.array([offset, multiplier], np.int16))
    for linear in (cell.w, cell.u):
        if isinstance(linear, LowRank):
            write_rows(run, linear.first)
    outer = [tensor.decode() for tensor in outer_factors(cell)]
    for unit in range(cell.hidden_size):
        for matrix in outer:
            run.write_row(matrix[unit])
        run.write(np.array([cell.bias_gate[unit], cell.bias_update[unit]], np.int8))
    return bytes(run.data)


def write_rows(run: RunWriter, tensor: PackedTensor) -> None:
    for row in tensor.decode():
        run.write_row(row)


def class_bytes(model: PackedModel) -> bytes:
    """Return what the classifier reads: of each class its row and its bias."""
    run = RunWriter()
    for row, bias in zip(model.classifier.weights.decode(), model.classifier.bias, strict=True):
        run.write_row(row)
        run.write(np.array([bias]))
    return bytes(run.data)


def constant_array(model: PackedModel, part: str, data: bytes, comment: str) -> ConstantArray:
    return ConstantArray(f"{model.name}_{part}", np.frombuffer(data, np.uint8), comment)

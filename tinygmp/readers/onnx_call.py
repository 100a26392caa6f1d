"""One node of an ONNX file: what it reads, in the file's own order of axes, and what it was told."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygmp.errors import UnsupportedError
from tinygmp.graph.operators.window import Window
from tinygmp.readers.builder import GraphBuilder

SEVERAL = ("Add", "Mul", "Concat")  # which may read several computed values
AUTOMATIC = {"NOTSET": "", "VALID": "", "SAME_UPPER": "same", "SAME_LOWER": "same_lower"}


@dataclass
class OnnxFile:
    """What is known of a file so far: constants by name, and the rank, batch included, of every computed value.

    batch: the first side of the inputs, 0 where it is open. last_of: cells' last outputs, and of how many.
    """

    builder: GraphBuilder
    arrays: dict[str, np.ndarray]
    opset: int
    ranks: dict[str, int] = field(default_factory=dict)
    batch: int = 0
    last_of: dict[str, int] = field(default_factory=dict)


class Call:
    """One node: where it stands, its attributes, its constants, and the names that it reads and writes."""

    def __init__(self, file: OnnxFile, node: Any) -> None:
        self.file, self.builder, self.kind = file, file.builder, str(node.op_type)
        self.place = f"node '{node.name or node.output[0]}' ({node.op_type})"
        self.at = attributes(node)
        self.names = list(node.input)
        self.reads = [name for name in node.input if name and name not in file.arrays]
        self.constants = [file.arrays.get(name) for name in node.input if name in file.arrays or not name]
        self.written, *self.further = node.output

    def expect_usual(self) -> None:
        """Raise UnsupportedError for a second output that is used, and for a computed value where weights belong."""
        used = [name for name in self.further if name and self.builder.uses.get(name)]
        if used:
            raise self.unsupported(f"its further output '{used[0]}'")
        if self.kind not in SEVERAL and self.reads != self.names[:1]:
            raise self.unsupported(
                "a computed value, or one that is not in the file, in place of its weights"
            )

    @property
    def read(self) -> str:
        return self.reads[0]

    @property
    def rank(self) -> int:
        """Axes of the first value that it reads, the batch's included."""
        self.builder.held(self.place, self.read)
        return self.file.ranks[self.read]

    def sides(self, name: str = "") -> tuple[int, ...]:
        """Return the sides of one sample as the file orders them: channels, rows, columns."""
        held = self.builder.held(self.place, name or self.read)
        rank = self.file.ranks[name or self.read]
        rows, columns, channels = self.builder.map_shape(held.value)
        top, bottom, left, right = held.padding
        rows, columns = rows + top + bottom, columns + left + right
        if rank == 2 or held.flat:
            return (rows * columns * channels, *(1,) * (rank - 2))
        return (channels, rows, columns) if rank == 4 else (channels, columns)

    def shape(self) -> np.ndarray:
        """Return what a Shape node answers, of one sample where the batch is open."""
        whole = [self.file.batch or 1, *self.sides()]
        return np.array(whole[self.at.get("start", 0) : self.at.get("end")], np.int64)

    def writes_rank(self, rank: int) -> None:
        """Tell the rank of what it writes where that differs from what it reads."""
        self.file.ranks[self.written] = rank

    def maybe(self, at: int) -> np.ndarray | None:
        """Return a constant, None where the file does not hold it."""
        return self.constants[at] if len(self.constants) > at else None

    def given(self, at: int) -> np.ndarray:
        constant = self.maybe(at)
        if constant is None:
            raise self.unsupported("weights that are not in the file")
        return constant

    def axis(self, axis: Any, rank: int) -> int:
        """Return an axis counted from the first; raises UnsupportedError for one that a value does not have."""
        if not -rank <= int(axis) < rank:
            raise self.unsupported(f"axis {int(axis)} of a value of {rank} axes")
        return int(axis) % rank

    def two(self, name: str, default: int = 1) -> tuple[int, int]:
        """Return rows and columns of an attribute; one number, of a series, is columns."""
        values = [int(side) for side in self.at.get(name, [default] * (self.rank - 2))]
        if len(values) != self.rank - 2 or not values:
            raise self.unsupported(f"{name} {values} for a value of {self.rank} axes")
        return (1, values[0]) if len(values) == 1 else (values[0], values[1])

    def window(self, kernel: tuple[int, int]) -> tuple[Window, str]:
        auto = self.at.get("auto_pad", b"NOTSET").decode()
        if auto not in AUTOMATIC:
            raise self.unsupported(f"padding '{auto}'")
        half = self.rank - 2
        pads = (
            [int(side) for side in self.at.get("pads", [0] * 2 * half)]
            if auto == "NOTSET"
            else [0] * 2 * half
        )
        if len(pads) != 2 * half:
            raise self.unsupported(f"pads {pads} for a value of {self.rank} axes")
        top, left = (0, pads[0]) if half == 1 else (pads[0], pads[1])
        bottom, right = (0, pads[1]) if half == 1 else (pads[2], pads[3])
        window = Window(kernel, self.two("strides"), self.two("dilations"), (top, bottom, left, right))
        return window, AUTOMATIC[auto]

    @property
    def rounds_up(self) -> bool:
        """True where a pool's size is rounded up; padding that is told by a word settles the size itself."""
        return bool(self.at.get("ceil_mode")) and self.at.get("auto_pad", b"NOTSET") == b"NOTSET"

    def by_channel(self) -> np.ndarray:
        """Return a constant of one number, or of one a channel, which stand second in the file."""
        constant, rank = np.asarray(self.given(0)), self.rank
        shape = constant.shape
        if "axis" in self.at and self.file.opset < 7:  # which aligned constants at an axis of their own
            shape = (*shape, *(1,) * (rank - self.axis(self.at["axis"], rank) - constant.ndim))
        aligned = (*(1,) * (rank - len(shape)), *shape)
        channels = self.builder.map_shape(self.builder.held(self.place, self.read).value)[-1]
        whole = len(aligned) == rank and math.prod(aligned) == aligned[1]
        if not whole or aligned[1] not in {1, *({channels} & {self.sides()[0]})}:
            raise self.unsupported(f"a constant of {constant.shape}, other than one a channel,")
        return constant.reshape(-1)

    def unsupported(self, why: str) -> UnsupportedError:
        return self.builder.unsupported(self.place, why)


def attributes(node: Any) -> dict[str, Any]:
    import onnx

    found = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    return {
        name: onnx.numpy_helper.to_array(value) if hasattr(value, "raw_data") else value
        for name, value in found.items()
    }

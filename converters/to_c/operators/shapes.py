"""What moves elements and changes none."""

import math
from collections.abc import Sequence

from converters.to_c.kernel import Kernel
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.pad import Pad


def concatenate(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to join values: blocks of each, side by side."""
    operator, written = node.operator, model.written_by(node)[0]
    assert isinstance(operator, Concatenate)
    blocks = math.prod(written.shape[: operator.axis])
    sizes = [value.size // blocks for value in model.read_by(node)]

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        lines, place = "", 0
        for read, size in zip(reads, sizes, strict=True):
            to = f"{writes[0]} + {place}" if place else writes[0]
            lines += f"tg_move_blocks({read}, {to}, {blocks}u, {size}u, {sum(sizes)}u);\n"
            place += size
        return lines

    return [Kernel(("tg_move_blocks.c",), (), call, overlap=(None,) * len(sizes))]


def pad(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to put a border around a map."""
    operator, read, written = node.operator, model.read_by(node)[0], model.written_by(node)[0]
    assert isinstance(operator, Pad)
    top, bottom, left, _ = operator.padding
    rows, columns, channels = read.map_shape
    width = written.map_shape[1] * channels
    sizes = (rows, columns * channels, left * channels, width, top * width, bottom * width)

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        numbers = ", ".join(f"{size}u" for size in sizes)
        return f"tg_pad({reads[0]}, {writes[0]}, {numbers}, {read.zero_point});\n"

    return [Kernel(("tg_pad.c",), (), call, overlap=(0,))]


def reshape(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the way to rename a shape: a copy where the value may not stay in its place."""
    written = model.written_by(node)[0]
    plain = written.dtype == "int8"

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        if reads == writes:
            return ""
        places = (
            (reads[0], writes[0]) if plain else (f"(const int8_t *)({reads[0]})", f"(int8_t *)({writes[0]})")
        )
        return f"tg_move({', '.join(places)}, {written.bytes}u);\n"

    return [Kernel(("tg_move.c",), (), call, overlap=(0,))]

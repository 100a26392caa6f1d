"""An operator without a kernel for planes: laid out as the portable kernel reads it, run there, and laid back."""

from collections.abc import Sequence
from dataclasses import replace

from converters.to_c.kernel import Kernel, round4, words
from converters.to_c.neon.layout import in_planes
from converters.to_c.operators.registry import kernels_of
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.values import Value


def by_portable(model: PackedModel, node: Node) -> list[Kernel]:
    """Return the portable engine's fastest way between two changes of layout."""
    portable = kernels_of(model, node)[0]
    read, written = model.read_by(node), model.written_by(node)
    sizes = [round4(value.bytes) if in_planes(value) else 0 for value in (*read, *written)]
    starts = [sum(sizes[:at]) for at in range(len(sizes) + 1)]

    def call(reads: Sequence[str], writes: Sequence[str], work: str) -> str:
        laid = [f"(int8_t *)({words(work, start)})" for start in starts[:-1]]
        inner_reads = [
            there if in_planes(value) else given
            for value, there, given in zip(read, laid, reads, strict=False)
        ]
        inner_writes = [
            there if in_planes(value) else given
            for value, there, given in zip(written, laid[len(read) :], writes, strict=True)
        ]
        before = "".join(
            from_planes(value, given, there)
            for value, given, there in zip(read, reads, inner_reads, strict=True)
            if in_planes(value)
        )
        after = "".join(
            to_planes(value, there, given)
            for value, there, given in zip(written, inner_writes, writes, strict=True)
            if in_planes(value)
        )
        return before + portable.call(inner_reads, inner_writes, words(work, starts[-1])) + after

    return [
        replace(
            portable,
            sources=(*portable.sources, "tg_neon_planes.c"),
            call=call,
            work_bytes=starts[-1] + portable.work_bytes,
            overlap=(None,) * len(read),
        )
    ]


def from_planes(value: Value, planes: str, to: str) -> str:
    return f"tg_neon_from_planes({planes}, {to}, {value.positions}u, {value.channels}u);\n"


def to_planes(value: Value, map_: str, planes: str) -> str:
    return f"tg_neon_to_planes({map_}, {planes}, {value.positions}u, {value.channels}u, 0);\n"

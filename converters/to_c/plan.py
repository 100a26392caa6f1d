"""The static memory plan of a graph: where in one block of RAM every value and work space lies, and when.

A kernel that can work in place lets its input and output share memory. The plan places the largest first, each as low
as its lifetime allows, and takes the fastest kernels among the plans of the smallest block.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from converters.to_c.kernel import Kernel, round4

SPARE = 256  # faster kernels may take this part of the block more


@dataclass(frozen=True)
class Step:
    """One node to run, or several at once: the ways to run it, the faster first, and the values it reads and writes."""

    name: str
    kernels: tuple[Kernel, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    nodes: tuple[str, ...] = ()  # their names, where they are several


@dataclass(frozen=True)
class MemoryPlan:
    """A kernel and the offset of its work space for each step; offsets of the planned values, in bytes."""

    kernels: tuple[Kernel, ...]
    work: tuple[int, ...]
    values: Mapping[str, int]
    scratch_bytes: int
    least_bytes: int  # that no plan of these kernels can go below: what is alive at once


@dataclass
class Block:
    """Values that share memory, at fixed distances, or one work space: (name, distance, bytes, first, last step)."""

    parts: list[tuple[str, int, int, int, int]] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return max(distance + size for _, distance, size, _, _ in self.parts)


def plan_memory(steps: Sequence[Step], sizes: Mapping[str, int], kept: Sequence[str] = ()) -> MemoryPlan:
    """Return the plan of the smallest block that was found, or hardly larger, with the fastest kernels that fit it.

    sizes: bytes of the values that lie in the block; all others lie elsewhere. kept: values that live to the end.
    """
    chosen = [min(step.kernels, key=partial(extra_bytes, step, sizes)) for step in steps]
    best = place(steps, chosen, sizes, kept)
    smallest = best.scratch_bytes
    for index, step in enumerate(steps):
        for kernel in step.kernels:
            if kernel is chosen[index]:
                break
            candidate = [*chosen[:index], kernel, *chosen[index + 1 :]]
            found = place(steps, candidate, sizes, kept)
            if found.scratch_bytes <= smallest + smallest // SPARE:
                chosen, best, smallest = candidate, found, min(smallest, found.scratch_bytes)
                break
    return best


def extra_bytes(step: Step, sizes: Mapping[str, int], kernel: Kernel) -> int:
    """Return what a kernel takes besides the larger of its maps: work space, and the other map where they are apart."""
    apart = all(distance is None for distance in kernel.overlap)
    return kernel.work_bytes + apart * min(sizes.get(name, 0) for name in (step.reads[0], step.writes[0]))


def place(
    steps: Sequence[Step], kernels: Sequence[Kernel], sizes: Mapping[str, int], kept: Sequence[str]
) -> MemoryPlan:
    """Return the better of two plans: sharing memory wherever a kernel allows it, and only in place."""
    return min(
        (place_blocks(steps, kernels, sizes, kept, shifted) for shifted in (True, False)),
        key=lambda plan: plan.scratch_bytes,
    )


def place_blocks(
    steps: Sequence[Step],
    kernels: Sequence[Kernel],
    sizes: Mapping[str, int],
    kept: Sequence[str],
    shifted: bool,
) -> MemoryPlan:
    lives = lifetimes(steps, sizes, kept)
    blocks = list(shared_blocks(steps, kernels, sizes, lives, shifted))
    for index, kernel in enumerate(kernels):
        if kernel.work_bytes:
            blocks.append(Block([(f"{index} work", 0, round4(kernel.work_bytes), index, index)]))
    placed: list[tuple[int, int, int, int]] = []
    offsets: dict[str, int] = {}
    for block in sorted(blocks, key=lambda each: -each.bytes):
        base = lowest(block, placed)
        for name, distance, size, first, last in block.parts:
            offsets[name] = base + distance
            placed.append((base + distance, size, first, last))
    return MemoryPlan(
        kernels=tuple(kernels),
        work=tuple(offsets.get(f"{index} work", 0) for index in range(len(steps))),
        values={name: offsets[name] for name in sizes if name in offsets},
        scratch_bytes=max((round4(start + size) for start, size, _, _ in placed), default=0),
        least_bytes=least(steps, kernels, sizes, lives),
    )


def lifetimes(
    steps: Sequence[Step], sizes: Mapping[str, int], kept: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Return the first and the last step of each planned value; one that no step writes is there from the start."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for index, step in enumerate(steps):
        for name in step.writes:
            first[name] = index
            last[name] = index
        for name in step.reads:
            last[name] = index
    end = len(steps) - 1
    return {name: (first.get(name, 0), end if name in kept else last[name]) for name in sizes if name in last}


def shared_blocks(
    steps: Sequence[Step],
    kernels: Sequence[Kernel],
    sizes: Mapping[str, int],
    lives: Mapping[str, tuple[int, int]],
    shifted: bool,
) -> Iterator[Block]:
    """Yield chains of values in which each takes the place of the one before it."""
    before: dict[
        str, tuple[str, int]
    ] = {}  # written value -> the value whose place it takes, and how far before it
    for index, (step, kernel) in enumerate(zip(steps, kernels, strict=True)):
        written = step.writes[0]
        for name, distance in zip(step.reads, kernel.overlap, strict=False):
            if distance is None or (distance and not shifted) or written not in lives or name not in lives:
                continue
            if lives[name][1] == index:
                before[written] = (name, distance)
                break
    followed = {name for name, _ in before.values()}
    after = {name: (written, distance) for written, (name, distance) in before.items()}
    for name in lives:
        if name in before:
            continue
        chain, place = [(name, 0)], 0
        while chain[-1][0] in followed:
            written, distance = after[chain[-1][0]]
            place -= distance
            chain.append((written, place))
        lowest_place = min(place for _, place in chain)
        yield Block([(each, place - lowest_place, sizes[each], *lives[each]) for each, place in chain])


def lowest(block: Block, placed: Sequence[tuple[int, int, int, int]]) -> int:
    """Return the lowest offset at which no part of the block meets what is placed and alive at the same time."""
    base = 0
    while True:
        moved = base
        for _, distance, size, first, last in block.parts:
            for start, taken, begin, end in placed:
                if (
                    begin <= last
                    and first <= end
                    and start < moved + distance + size
                    and moved + distance < start + taken
                ):
                    moved = max(moved, round4(start + taken - distance))
        if moved == base:
            return base
        base = moved


def least(
    steps: Sequence[Step],
    kernels: Sequence[Kernel],
    sizes: Mapping[str, int],
    lives: Mapping[str, tuple[int, int]],
) -> int:
    """Return the most bytes that are alive at once, an output in the place of an input counted once where allowed."""
    most = 0
    for index, (step, kernel) in enumerate(zip(steps, kernels, strict=True)):
        alive = sum(sizes[name] for name, (first, last) in lives.items() if first <= index <= last)
        shareable = [
            sizes[name]
            for name, distance in zip(step.reads, kernel.overlap, strict=False)
            if distance is not None and name in lives and lives[name][1] == index
        ]
        written = step.writes[0]
        if shareable and written in lives:
            alive -= min(max(shareable), sizes[written])
        most = max(most, alive + kernel.work_bytes)
    return most

"""Does a .tflite file fit a board under TFLite Micro: the model, the interpreter with its kernels, the arena.

Nothing is built: flash and RAM are bounded from both sides, and where the bounds disagree the verdict says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.budget.micro_arena import Arena, micro_arena
from tinygmp.budget.packed import limits_of
from tinygmp.budget.result import BoardBudget, Budget, Reserve
from tinygmp.device.board import Board
from tinygmp.device.cores import CORES
from tinygmp.errors import MissingToolError
from tinygmp.inspect.file import largest_first
from tinygmp.inspect.tflite_file import DTYPES, Graph, read_tflite

# Flash of TFLite Micro with CMSIS-NN linked with the MLPerf Tiny person-detection network, the model's file taken
# off: 386,204 - 333,288 B on a Cortex-M4F, 390,984 - 333,288 B on a Cortex-M0+.
INTERPRETER_BYTES = {"cortex-m4f": 52_916, "cortex-m0plus": 57_696}
MEASURED_KERNELS = frozenset(
    ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "FULLY_CONNECTED", "RESHAPE", "SOFTMAX")
)
ALLOWANCE = 2  # half to twice the figure where core or kernels were not measured
# Kernels that read their whole input while they write: input and output lie in the arena together.
NOT_IN_PLACE = frozenset(
    ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "MAX_POOL_2D")
)
MICRO_FAMILIES = ("arm", "riscv", "xtensa")


@dataclass(frozen=True)
class Bounds:
    """Bytes between which the truth lies, and the figure to show; all are equal where it was measured."""

    least: int
    shown: int
    most: int

    def plus(self, count: int) -> "Bounds":
        return Bounds(self.least + count, self.shown + count, self.most + count)

    def __str__(self) -> str:
        return f"{self.least:,}" if self.least >= self.most else f"{self.least:,} to {self.most:,}"


def budget_tflite(
    path: Path, boards: Sequence[str | Board], reserve: Reserve | None = None, cached: bool = True
) -> Budget:
    """Bound what a .tflite file takes under TFLite Micro on boards, less the reserve.

    A board is told in `missing` when its verdict hangs on the arena and tflite-micro is absent. Raises
    FileFormatError for another or a damaged file.
    """
    limits = limits_of(boards, reserve or Reserve())
    graph = read_tflite(path)
    arena: Arena | None = None
    absent = ""
    if any(CORES[board.core].family in MICRO_FAMILIES for board, _ in limits):
        try:
            arena = micro_arena(path, cached)
        except MissingToolError as error:
            absent = str(error)
    results, missing = [], {}
    for board, limit in limits:
        found = budget_on(graph, board, limit, arena)
        if found is None:
            missing[board.name] = absent
        else:
            results.append(found)
    tensors = sum(tensor.stored_bytes for tensor in graph.tensors)
    parts = {"constant tensors": tensors, "graph, names and padding": graph.file_bytes - tensors}
    return Budget(graph.name, False, None, tuple(results), missing, "tflite", parts, notes_of(graph, arena))


def notes_of(graph: Graph, arena: Arena | None) -> tuple[str, ...]:
    kernels = sorted(set(graph.operator_names) - MEASURED_KERNELS)
    notes = [
        "flash = the file + TFLite Micro with CMSIS-NN as measured around the MLPerf Tiny person-detection network: "
        + ", ".join(f"{count:,} B on {core}" for core, count in INTERPRETER_BYTES.items())
        + f"; with other kernels or on another core it may be from 1/{ALLOWANCE} to {ALLOWANCE} times that",
    ]
    if kernels or is_float(graph):
        notes.append(f"kernels that were not measured: {', '.join(kernels) or 'floating-point ones'}")
    if arena is not None and arena.bytes is not None:
        notes.append(
            f"arena at most {arena.bytes:,} B (64-bit build), at least {least_arena_bytes(graph):,} B (one layer's "
            "input and output); neither stack nor the application is in it"
        )
    if graph.outside:
        notes.append(
            "some data lie behind the flatbuffer, where TFLite Micro reads garbage: write the file again"
        )
    return tuple(notes)


def budget_on(graph: Graph, board: Board, limit: Board, arena: Arena | None) -> BoardBudget | None:
    """Return the verdict on one board; None where it hangs on an arena that could not be measured."""
    if CORES[board.core].family not in MICRO_FAMILIES:
        return refused(graph, board, limit, f"TFLite Micro needs a 32-bit core, and {board.core} is none")
    if arena is not None and arena.bytes is None:
        return refused(graph, board, limit, f"TFLite Micro refuses the model: {arena.refusal}")
    if graph.outside:
        return refused(graph, board, limit, "TFLite Micro cannot read data that lie behind the flatbuffer")
    code, least = code_bounds(graph, board), least_arena_bytes(graph)
    most = max((arena and arena.bytes) or 0, least)
    flash, ram = code.plus(graph.file_bytes), Bounds(least, most, most)
    beyond = flash.least > limit.flash_bytes or ram.least > limit.ram_bytes
    if arena is None and not beyond:
        return None
    sure = flash.most <= limit.flash_bytes and arena is not None and ram.most <= limit.ram_bytes
    verdict = "does not fit" if beyond else "fits" if sure else "not certain"
    return board_result(graph, board, limit, flash, ram, verdict)


def board_result(
    graph: Graph, board: Board, limit: Board, flash: Bounds, ram: Bounds, verdict: str
) -> BoardBudget:
    code = flash.plus(-graph.file_bytes)
    return BoardBudget(
        board=board.name,
        core=board.core,
        fits=verdict == "fits",
        flash_bytes=flash.shown,
        flash_limit_bytes=limit.flash_bytes,
        ram_bytes=ram.shown,
        ram_limit_bytes=limit.ram_bytes,
        stack_bytes=None,
        weights_bytes=graph.file_bytes,
        engine_bytes=code.shown,
        support_bytes=0,
        by_symbol=tensor_bytes(graph),
        sentence=(
            f"{board.title}: flash {flash} of {limit.flash_bytes:,} B (model {graph.file_bytes:,}, interpreter and "
            f"kernels {code}, estimated); arena {ram} of {limit.ram_bytes:,} B"
        ),
        measured_by="estimate; arena is an upper bound (64-bit TFLite Micro)",
        verdict=verdict,
        by_section={"model file": graph.file_bytes, "interpreter and kernels (estimate)": code.shown},
        remedies=remedies(graph, limit, flash, ram) if verdict != "fits" else (),
    )


def refused(graph: Graph, board: Board, limit: Board, why: str) -> BoardBudget:
    return BoardBudget(
        board=board.name,
        core=board.core,
        fits=False,
        flash_bytes=graph.file_bytes,
        flash_limit_bytes=limit.flash_bytes,
        ram_bytes=0,
        ram_limit_bytes=limit.ram_bytes,
        stack_bytes=None,
        weights_bytes=graph.file_bytes,
        engine_bytes=0,
        support_bytes=0,
        by_symbol=tensor_bytes(graph),
        sentence=f"{board.title}: {why}; the file is {graph.file_bytes:,} B",
        measured_by="size of the file",
        verdict="not for boards",
    )


def code_bounds(graph: Graph, board: Board) -> Bounds:
    """Return the interpreter with its kernels; a core without a figure takes that of its nearest relative.

    The same kernels on a measured core are the figure itself, some of them at most the figure.
    """
    near = "cortex-m0plus" if board.core in ("cortex-m0", "cortex-m0plus") else "cortex-m4f"
    figure, kernels = INTERPRETER_BYTES[near], set(graph.operator_names)
    measured = board.core in INTERPRETER_BYTES and kernels <= MEASURED_KERNELS and not is_float(graph)
    if measured and kernels == MEASURED_KERNELS:
        return Bounds(figure, figure, figure)
    return Bounds(figure // ALLOWANCE, figure, figure if measured else ALLOWANCE * figure)


def is_float(graph: Graph) -> bool:
    return any(graph.tensors[place].dtype == "float32" for op in graph.operators for place in op.outputs)


def tensor_bytes(graph: Graph) -> dict[str, int]:
    return largest_first(
        {tensor.name: tensor.stored_bytes for tensor in graph.tensors if tensor.stored_bytes}
    )


def run_time_bytes(graph: Graph, place: int) -> int:
    """Return the bytes of a tensor that is computed; dimensions left open count as one."""
    tensor = graph.tensors[place]
    dtype = tensor.dtype.upper()
    if place < 0 or tensor.constant or dtype not in DTYPES:
        return 0
    return (
        int(np.prod([max(size, 1) for size in tensor.shape], dtype=np.int64))
        * np.dtype(DTYPES[dtype]).itemsize
    )


def least_arena_bytes(graph: Graph) -> int:
    """Return what any arena must hold: the largest input and output of one layer that cannot share their place."""
    most = 0
    for operator in graph.operators:
        if operator.op in NOT_IN_PLACE:
            places = {*operator.inputs, *operator.outputs}
            most = max(most, sum(run_time_bytes(graph, place) for place in places))
    return most


def remedies(graph: Graph, limit: Board, flash: Bounds, ram: Bounds) -> tuple[str, ...]:
    """Return what would make it fit, from the bytes of its tensors."""
    sentences = []
    over = flash.least - limit.flash_bytes
    floats = sum(tensor.stored_bytes for tensor in graph.tensors if tensor.dtype == "float32")
    if over > 0:
        left = graph.file_bytes - over
        sentences.append(
            f"flash is at least {over:,} B over: the file would have to shrink from {graph.file_bytes:,} to {left:,} B"
            if left > 0
            else f"flash is at least {over:,} B over: the interpreter alone leaves no room; use `--to c` in its place"
        )
        if floats:
            sentences.append(
                f"its {floats:,} B of float32 constants would be about {floats // 4:,} B as int8"
            )
    if ram.least > limit.ram_bytes:
        sentences.append(
            f"RAM is at least {ram.least - limit.ram_bytes:,} B over: one layer's input and output take "
            f"{ram.least:,} B; a smaller picture or fewer channels would have to make them smaller"
        )
    if not sentences:
        sentences.append(
            "the bounds do not decide: build TFLite Micro for the board and give the ELF file instead"
        )
    return tuple(sentences)

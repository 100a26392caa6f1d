"""Does a packed model fit a board: built for it, measured, and told with what takes the space."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from converters.base import converter
from tinygmp.budget.remedy import remedies
from tinygmp.budget.result import BoardBudget, Budget, Reserve, board_budget
from tinygmp.device.board import Board, find_board
from tinygmp.device.budget import check_budget
from tinygmp.device.elf_sizes import Sizes
from tinygmp.device.measured import measured
from tinygmp.errors import BuildError, ConfigError
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.progress import OnStep, Steps, silent
from tinygmp.side_by_side import run_side_by_side

if TYPE_CHECKING:
    import numpy as np

    from tinygmp.artifact import Artifact

# What compilers and linkers say of programs beyond a core's addresses; other errors are faults of the C.
TOO_LARGE = re.compile(
    r"size of array .* is too large|array is too large|does not fit by far|relocation .* out of range"
)
# What the generated C says of a core that it cannot run on: its own #error, as gcc and clang quote it.
REFUSED = re.compile(r'error: (?:#error )?"([^"]+)"')
STACK_WINDOWS, STACK_STEPS = 2, 3  # a step takes the same way through the code each time


def budget(
    model: PackedModel,
    boards: Sequence[str | Board],
    reserve: Reserve | None = None,
    on_step: OnStep = silent,
    cached: bool = True,
) -> Budget:
    """Build a model for each board and compare it with the board's memory less the reserve.

    What was built before is taken from the user's cache unless `cached` is False. Raises ConfigError for an unknown
    board or too large a reserve, BuildError; a board whose compiler is absent is told in `missing`.
    """
    limits = limits_of(boards, reserve or Reserve())
    artifact = converter("c")(model)
    book = ledger(model)
    results, missing = budgets_of(artifact, limits, probe(model), book.payload_bytes, on_step, cached)
    told = tuple(replace(found, remedies=found.remedies or remedies(model, found)) for found in results)
    return Budget(model.name, model.synthetic, book, told, missing, "packed", book.by_part())


def limits_of(boards: Sequence[str | Board], reserve: Reserve) -> list[tuple[Board, Board]]:
    """Return each board and what of it the reserve leaves; raises ConfigError when no board was given."""
    found = [board if isinstance(board, Board) else find_board(board) for board in boards]
    if not found:
        raise ConfigError("no board was given; `tinygmp boards` lists them")
    return [(board, reserve.taken_from(board)) for board in found]


def budgets_of(
    artifact: "Artifact",
    limits: Sequence[tuple[Board, Board]],
    counts: "np.ndarray",
    payload_bytes: int,
    on_step: OnStep,
    cached: bool,
) -> tuple[tuple[BoardBudget, ...], Mapping[str, str]]:
    """Return the budgets of a C artifact, and board -> reason where a tool is absent.

    `payload_bytes` are what its weights take, which is told where the program is too large to be built.
    """
    steps = Steps(on_step, len(limits))
    steps.begin(f"building for {len(limits)} boards")
    jobs = {
        board.name: partial(budget_of, artifact, board, limit, counts, payload_bytes, cached)
        for board, limit in limits
    }
    results, missing = run_side_by_side(jobs, steps, "built for")
    return tuple(results.values()), missing


def probe(model: PackedModel) -> "np.ndarray":
    """Return a little input that takes every way through the code: some steps of windows, or one run of a graph."""
    from tinygmp.device.words import words_of

    if model.recurrent:
        from tinygmp.data.windows import random_windows

        return random_windows(model, STACK_WINDOWS).first[:, :STACK_STEPS]
    from tinygmp.graph.random_graph import random_inputs

    return words_of(model, random_inputs(model, 1))


def budget_of(
    artifact: "Artifact",
    board: Board,
    limit: Board,
    counts: "np.ndarray",
    payload_bytes: int = 0,
    cached: bool = True,
) -> BoardBudget:
    """Return the budget of a C artifact on one board, of whose memory `limit` says how much it may have.

    A few steps are simulated on the whole board for the stack's peak.
    """
    try:
        found = measured(artifact, board, counts, cached)
    except BuildError as error:
        if refused := REFUSED.search(str(error)):
            return not_built(board, limit, payload_bytes, refused[1])
        if not TOO_LARGE.search(str(error)):
            raise
        return too_large(board, limit, payload_bytes, str(error))
    sentence = check_budget(found.sizes, limit, found.stack_bytes).sentence
    return board_budget(
        board, limit, found.sizes, found.stack_bytes, found.links, found.measured_by, sentence
    )


def not_built(board: Board, limit: Board, payload_bytes: int, why: str) -> BoardBudget:
    """Return the verdict on a board whose core the generated C refuses, with the C's own sentence."""
    sizes = Sizes(payload_bytes, 0, payload_bytes, 0)
    sentence = f"{board.title}: does not build: {why}, and {board.core} is none; the weights take {payload_bytes:,} B"
    found = board_budget(board, limit, sizes, None, False, "payload alone; not built", sentence)
    remedy = "choose a board with a 32-bit core: `tinygmp boards` lists them"
    return replace(found, verdict="does not build", remedies=(remedy,))


def too_large(board: Board, limit: Board, payload_bytes: int, why: str) -> BoardBudget:
    """Return the budget of what a core's compiler cannot hold: its weights, without the code around them."""
    sizes = Sizes(payload_bytes, 0, payload_bytes, 0)
    verdict = "does not fit" if payload_bytes > limit.flash_bytes else "does not build"
    sentence = (
        f"{board.title}: the weights alone take {payload_bytes:,} of {limit.flash_bytes:,} B flash, and the "
        f"compiler of {board.core} cannot take them: {why.splitlines()[0]}"
    )
    found = board_budget(board, limit, sizes, None, False, "payload alone; the compiler refused it", sentence)
    return replace(found, verdict=verdict)

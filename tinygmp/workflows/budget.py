"""Does a packed model fit a board: built for it, measured, and told with what takes the space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from converters.base import converter
from tinygmp.artifact import Artifact
from tinygmp.device.board import Board, find_board
from tinygmp.device.budget import check_budget
from tinygmp.device.images import image_words
from tinygmp.device.lab import simulate
from tinygmp.device.toolchain import Firmware, build
from tinygmp.errors import ConfigError, MissingToolError
from tinygmp.packed.image_model import PackedImageModel
from tinygmp.packed.model import PackedModel
from tinygmp.packed.network import PackedNetwork
from tinygmp.packed.sizes import Ledger, ledger
from tinygmp.workflows.image_data import random_images
from tinygmp.workflows.progress import OnStep, Steps, silent
from tinygmp.workflows.side_by_side import run_side_by_side
from tinygmp.workflows.windows import random_windows

STACK_WINDOWS, STACK_STEPS = 2, 3  # a step takes the same way through the code each time


@dataclass(frozen=True)
class Reserve:
    """Bytes of a board that the rest of an application needs."""

    flash_bytes: int = 0
    ram_bytes: int = 0

    def taken_from(self, board: Board) -> Board:
        """Return the board with what is left; raises ConfigError when nothing is."""
        if min(self.flash_bytes, self.ram_bytes) < 0:
            raise ConfigError(
                f"reserve {self.flash_bytes} B flash, {self.ram_bytes} B RAM: must not be negative"
            )
        if self.flash_bytes >= board.flash_bytes or self.ram_bytes >= board.ram_bytes:
            raise ConfigError(
                f"board '{board.name}' has {board.flash_bytes:,} B flash and {board.ram_bytes:,} "
                f"B RAM; reserving "
                f"{self.flash_bytes:,} and {self.ram_bytes:,} leaves none for the model"
            )
        return replace(
            board,
            flash_bytes=board.flash_bytes - self.flash_bytes,
            ram_bytes=board.ram_bytes - self.ram_bytes,
        )


@dataclass(frozen=True)
class BoardBudget:
    """A model's program against one board; `ram_bytes` leaves out the stack, whose peak is None where not
    measured.
    """

    board: str
    core: str
    fits: bool
    flash_bytes: int
    flash_limit_bytes: int
    ram_bytes: int
    ram_limit_bytes: int
    stack_bytes: int | None
    weights_bytes: int
    engine_bytes: int
    support_bytes: int
    by_symbol: Mapping[str, int]  # of the model, largest first
    sentence: str
    measured_by: str


@dataclass(frozen=True)
class Budget:
    """Verdicts of all boards, and the byte ledger of the model; `missing` maps a board to the tool that it
    lacks.
    """

    model: str
    synthetic: bool
    book: Ledger
    boards: tuple[BoardBudget, ...]
    missing: Mapping[str, str]

    @property
    def fits(self) -> bool:
        return all(board.fits for board in self.boards)


def budget(
    model: PackedNetwork,
    boards: Sequence[str | Board],
    reserve: Reserve | None = None,
    on_step: OnStep = silent,
) -> Budget:
    """Build a model for each board and compare it with the board's memory less the reserve.

    Raises ConfigError for an unknown board or too large a reserve, BuildError; a board whose compiler is
    absent is told in `missing`.
    """
    reserve = reserve or Reserve()
    found = [board if isinstance(board, Board) else find_board(board) for board in boards]
    limits = [reserve.taken_from(board) for board in found]
    if not found:
        raise ConfigError("no board was given; `tinygmp boards` lists them")
    artifact = converter("c")(model)
    counts = probe(model)
    steps = Steps(on_step, len(found))
    steps.begin(f"building for {len(found)} boards")
    jobs = {
        board.name: partial(budget_of, artifact, board, limit, counts)
        for board, limit in zip(found, limits, strict=True)
    }
    results, missing = run_side_by_side(jobs, steps, "built for")
    return Budget(model.name, model.synthetic, ledger(model), tuple(results.values()), missing)


def probe(model: PackedNetwork) -> np.ndarray:
    """Return a little input that takes every way through the code: some steps of windows, or one image."""
    if isinstance(model, PackedModel):
        return random_windows(model, STACK_WINDOWS).counts[:, :STACK_STEPS]
    assert isinstance(model, PackedImageModel)  # the C converter took it
    return image_words(random_images(model, 1).pixels)


def budget_of(artifact: Artifact, board: Board, limit: Board, counts: np.ndarray) -> BoardBudget:
    """Return the budget of a C artifact on one board, of whose memory `limit` says how much it may have.

    A few steps are simulated on the whole board for the stack's peak.
    """
    firmware = build(artifact, board)
    stack_bytes, measured_by = peak_stack(firmware, counts)
    result = check_budget(firmware.sizes, limit, stack_bytes)
    sizes = firmware.sizes
    return BoardBudget(
        board=board.name,
        core=board.core,
        fits=firmware.links and result.fits,
        flash_bytes=sizes.flash_bytes,
        flash_limit_bytes=limit.flash_bytes,
        ram_bytes=sizes.ram_bytes,
        ram_limit_bytes=limit.ram_bytes,
        stack_bytes=stack_bytes,
        weights_bytes=sizes.weights_bytes,
        engine_bytes=sizes.engine_bytes,
        support_bytes=sizes.support_bytes,
        by_symbol=dict(sorted(sizes.by_symbol.items(), key=lambda item: -item[1])),
        sentence=result.sentence,
        measured_by=measured_by,
    )


def peak_stack(firmware: Firmware, counts: np.ndarray) -> tuple[int | None, str]:
    """Return the peak stack and what measured it; None where the program does not fit or no simulator is
    there.
    """
    if not firmware.links:
        return None, f"{firmware.compiler}, linked without limits"
    try:
        result = simulate(firmware, counts)
    except MissingToolError:
        return None, f"{firmware.compiler}, stack not measured"
    return result.stack_bytes, f"{firmware.compiler}, {result.simulator}"

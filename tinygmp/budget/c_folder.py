"""Does a folder of generated C fit a board: built with the board's compiler, measured as a packed model is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinygmp.artifact import Artifact
from tinygmp.budget.packed import STACK_STEPS, STACK_WINDOWS, budgets_of, limits_of
from tinygmp.budget.result import BoardBudget, Budget, Reserve
from tinygmp.device.board import Board
from tinygmp.device.interface import graph_call, model_sources
from tinygmp.errors import FileFormatError
from tinygmp.inspect.c_folder import REMEDY, read_c_folder
from tinygmp.inspect.file import largest_first
from tinygmp.progress import OnStep, silent


def budget_c(
    folder: Path,
    boards: Sequence[str | Board],
    reserve: Reserve | None = None,
    on_step: OnStep = silent,
    cached: bool = True,
) -> Budget:
    """Build a C folder of `tinygmp convert` for boards and compare it with their memory less the reserve.

    Raises FileFormatError for a folder without exactly one model, BuildError for C that does not compile.
    """
    limits = limits_of(boards, reserve or Reserve())
    artifact, constants = read_c_folder(folder)
    results, missing = budgets_of(
        artifact, limits, probe_of(artifact, constants), constants.get("PAYLOAD_BYTES", 0), on_step, cached
    )
    parts = {"weights": results[0].weights_bytes, "code": results[0].engine_bytes} if results else {}
    synthetic = bool(constants.get("SYNTHETIC", 0))
    return Budget(artifact.name, synthetic, None, tuple(map(without_ledger, results)), missing, "c",
                  largest_first(parts))  # fmt: skip


def without_ledger(found: BoardBudget) -> BoardBudget:
    """Return the budget; what would make it fit is known only of a packed model."""
    if found.fits or found.remedies:
        return found
    return replace(found, remedies=("for what would make it fit, give the packed model (.tgmp) instead",))


def probe_of(artifact: Artifact, constants: dict[str, int]) -> np.ndarray:
    """Return a little random input of the size that the header states."""
    rng = np.random.default_rng(0)
    if artifact.interface == "stream":
        channels = stated(artifact, constants, "CHANNELS")
        return rng.integers(-32768, 32768, (STACK_WINDOWS, STACK_STEPS, channels), np.int16)
    inputs = graph_call(model_sources(artifact))[1]
    words = [
        rng.integers(
            np.iinfo(kind).min, np.iinfo(kind).max, stated(artifact, constants, f"{name.upper()}_SIZE")
        )
        for kind, name in ((c_type.removesuffix("_t"), name) for c_type, name in inputs)
    ]
    return np.concatenate(words).astype(np.int16)[None, None]


def stated(artifact: Artifact, constants: dict[str, int], name: str) -> int:
    """Return a size that the header defines; raises FileFormatError where it does not."""
    size = constants.get(name, 0)
    if size <= 0:
        raise FileFormatError(
            f"header of '{artifact.name}' defines no {artifact.name.upper()}_{name}; {REMEDY}"
        )
    return size

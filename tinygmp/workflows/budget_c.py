"""Does a folder of generated C fit a board: built with the board's compiler, measured as a packed model is."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinygmp.artifact import Artifact
from tinygmp.device.board import Board
from tinygmp.errors import FileFormatError
from tinygmp.workflows.budget import STACK_STEPS, STACK_WINDOWS, budgets_of, limits_of
from tinygmp.workflows.budget_result import BoardBudget, Budget, Reserve, largest_first
from tinygmp.workflows.progress import OnStep, silent

MODEL = re.compile(r"\b(\w+)_(step|classify)\(")
MOST_FILE_BYTES = 1 << 27
REMEDY = "give the folder that `tinygmp convert --to c` wrote"


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
    if found.fits:
        return found
    return replace(found, remedies=("for what would make it fit, give the packed model (.tgmp) instead",))


def read_c_folder(folder: Path) -> tuple[Artifact, dict[str, int]]:
    """Return the artifact of a folder, and the numbers that its header defines ('CHANNELS' -> 9)."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".c", ".h") and path.is_file() and path.stat().st_size <= MOST_FILE_BYTES:
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    models = [found for name, text in files.items() if (found := model_of(name, text, files))]
    if len(models) != 1:
        named = ", ".join(name for name, _, _ in models) or "none"
        raise FileFormatError(f"folder '{folder}' must hold the C of one model, found {named}; {REMEDY}")
    name, source, interface = models[0]
    header = files[source.removesuffix(".c") + ".h"].decode(errors="replace")
    defined = re.findall(rf"^#define {name.upper()}_(\w+) (\d{{1,9}})\b", header, re.MULTILINE)
    return Artifact("c", name, files, source, interface=interface), {
        key: int(value) for key, value in defined
    }


def model_of(path: str, text: bytes, files: dict[str, bytes]) -> tuple[str, str, str] | None:
    """Return (prefix, source, interface) of a model's source: its header declares <prefix>_step and the classes."""
    if not path.endswith(".c") or (header := path.removesuffix(".c") + ".h") not in files:
        return None
    prefix = Path(path).stem
    declared = files[header].decode(errors="replace")
    for name, verb in MODEL.findall(declared):
        if name == prefix and f"#define {prefix.upper()}_CLASSES " in declared:
            return prefix, path, "windows" if verb == "step" else "images"
    return None


def probe_of(artifact: Artifact, constants: dict[str, int]) -> np.ndarray:
    """Return a little random input of the size that the header states."""
    rng = np.random.default_rng(0)
    wanted = "CHANNELS" if artifact.interface == "windows" else "IMAGE_BYTES"
    size = constants.get(wanted, 0)
    if size <= 0:
        raise FileFormatError(
            f"header of '{artifact.name}' defines no {artifact.name.upper()}_{wanted}; {REMEDY}"
        )
    if artifact.interface == "windows":
        return rng.integers(-32768, 32768, (STACK_WINDOWS, STACK_STEPS, size), np.int16)
    return rng.integers(0, 256, (1, size, 1)).astype(np.int16)

"""What a C artifact takes on a board: built, measured, a little of it simulated; kept in the user's cache.

The key is a hash of everything that the figures depend on: the artifact's files, the board, the firmware and the code
of the device lab, the compiler and the simulator, and the input that is simulated.
"""

import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinygmp.artifact import Artifact, write_atomically
from tinygmp.device.board import Board
from tinygmp.device.cache import cache_folder
from tinygmp.device.cores import CORES
from tinygmp.device.elf_sizes import Sizes
from tinygmp.device.programs import program_version
from tinygmp.errors import MissingToolError, OutputError, SimulationError

if TYPE_CHECKING:
    from tinygmp.device.toolchain import Firmware

FOLDER = Path(__file__).parent
MOST_STACK_BYTES = 1_024  # far above the engine's; a crash with more RAM left has another cause


@dataclass(frozen=True)
class Measured:
    """A build's sizes, whether the linker took it, and the peak stack (None where it was not measured)."""

    sizes: Sizes
    links: bool
    stack_bytes: int | None
    measured_by: str


def measured(artifact: Artifact, board: Board, counts: np.ndarray, cached: bool = True) -> Measured:
    """Return what an artifact takes on a board, out of the cache when it was measured before.

    `counts` is the input that is simulated for the stack's peak, on the whole board. Raises BuildError or
    MissingToolError.
    """
    if not cached:
        return measure_afresh(artifact, board, counts)
    path = cache_folder() / "builds" / f"{key_of(artifact, board, counts)}.json"
    known = recalled(path)
    if known is None:
        known = measure_afresh(artifact, board, counts)
        keep(path, known)
    return known


def measure_afresh(artifact: Artifact, board: Board, counts: np.ndarray) -> Measured:
    from tinygmp.device.lab import simulate
    from tinygmp.device.toolchain import build

    firmware = build(artifact, board)
    if not firmware.links:
        return Measured(firmware.sizes, False, None, f"{firmware.compiler}, linked without limits")
    try:
        result = simulate(firmware, counts)
    except MissingToolError:
        return Measured(firmware.sizes, True, None, f"{firmware.compiler}, stack not measured")
    except SimulationError:
        if board.ram_bytes - firmware.sizes.ram_bytes > MOST_STACK_BYTES:
            raise
        return measure_with_room(artifact, board, counts, firmware)
    return Measured(firmware.sizes, True, result.stack_bytes, f"{firmware.compiler}, {result.simulator}")


def measure_with_room(artifact: Artifact, board: Board, counts: np.ndarray, tight: "Firmware") -> Measured:
    """Measure the stack of a program that crashed where little RAM was left, on a board with more of it.

    An AVR's RAM belongs to its chip: there the crash itself is the verdict.
    """
    from tinygmp.device.lab import simulate
    from tinygmp.device.toolchain import build

    if CORES[board.core].family == "avr":
        return Measured(tight.sizes, False, None, f"{tight.compiler}, simavr: the stack runs into the data")
    roomy = replace(board, ram_bytes=tight.sizes.ram_bytes + 2 * MOST_STACK_BYTES)
    result = simulate(build(artifact, roomy), counts)
    return Measured(
        tight.sizes, True, result.stack_bytes, f"{tight.compiler}, {result.simulator} with more RAM"
    )


def key_of(artifact: Artifact, board: Board, counts: np.ndarray) -> str:
    """Return the hash of all that the figures depend on."""
    core = CORES[board.core]
    digest = hashlib.sha256()
    parts = (repr(board), artifact.target, artifact.name, artifact.interface, lab_version(),
             compiler_version(core.name), simulator_version(core.simulator), str(counts.shape))  # fmt: skip
    for part in parts:
        digest.update(part.encode() + b"\0")
    digest.update(np.ascontiguousarray(counts).tobytes())
    for path, content in sorted(artifact.files.items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


@functools.cache
def lab_version() -> str:
    """Return a hash of the lab's own code and firmware."""
    digest = hashlib.sha256()
    for path in sorted(lab_files()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def lab_files() -> Iterator[Path]:
    yield from FOLDER.glob("*.py")
    yield from (path for path in (FOLDER / "firmware").iterdir() if path.is_file())


@functools.cache
def compiler_version(core: str) -> str:
    """Return what changes when the compiler of a core does: zig's version, or the program's file."""
    return package_version("ziglang") if CORES[core].zig_flags else program_version(CORES[core].gcc)


@functools.cache
def simulator_version(simulator: str) -> str:
    """Return what changes when a simulator does; 'absent' where it is not installed."""
    if simulator == "unicorn":
        return package_version("unicorn")
    return program_version("simavr") if simulator == "simavr" else simulator


def package_version(name: str) -> str:
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{name} absent"


def recalled(path: Path) -> Measured | None:
    """Return what a file of the cache holds; None where it is absent, damaged or of another make."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return Measured(**{**held, "sizes": Sizes(**held["sizes"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep(path: Path, known: Measured) -> None:
    """Write a file of the cache; a cache that cannot be written costs only time."""
    try:
        write_atomically(path, json.dumps(asdict(known)).encode())
    except OutputError:
        return

"""Run a .tflite or .onnx file in the runtime's ARM64 build, in QEMU's user emulation."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinygmp.device.cache import cache_folder
from tinygmp.device.native_code import FOLDER, compile_shared, digest
from tinygmp.device.phone.cores import PhoneCore, write_machine
from tinygmp.device.phone.kernels import SPARSE_KERNEL, kernels_of
from tinygmp.device.programs import unpacked_root
from tinygmp.device.tools import require
from tinygmp.errors import SimulationError

PROGRAM = "arm64"
PLUGIN = "count_plugin.c"
GUEST = Path(__file__).with_name("guest.py")
TIMEOUT_S = 900.0


@dataclass(frozen=True)
class States:
    """How a step cell is run: the place of the input that holds all steps, and (input, output) places of its states."""

    steps_input: int
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PhoneRun:
    """What ran: outputs in the file's order, each [samples, ...]; kernels: name -> instructions of all samples.

    instructions: of each inference, or of each step of each sample; memory_bytes: by how much the program in RAM grew
    from before the file was opened, the largest figure seen after opening and after each sample.
    """

    core: str
    outputs: tuple[np.ndarray, ...]
    instructions: tuple[int, ...]
    kernels: Mapping[str, int] = field(default_factory=dict)
    memory_bytes: int = 0

    @property
    def instructions_per_sample(self) -> float:
        return sum(self.instructions) / len(self.outputs[0])

    @property
    def kernels_per_sample(self) -> dict[str, int]:
        """Return XNNPACK kernel -> instructions of one inference, most first."""
        return {name: round(count / len(self.outputs[0])) for name, count in self.kernels.items()}

    @property
    def sparse_kernels(self) -> tuple[str, ...]:
        """Return the kernels that skip zeros."""
        return tuple(name for name in self.kernels if SPARSE_KERNEL.match(name))


def run_on_phone(
    content: bytes,
    runtime: str,
    inputs: Sequence[np.ndarray],
    core: PhoneCore,
    states: States | None = None,
    timeout_s: float = TIMEOUT_S,
) -> PhoneRun:
    """Run a file on arrays [samples, ...], one an input, sample by sample, on one thread of an emulated core.

    runtime: 'tflite' or 'onnx'; inputs have the file's types. A first run of sample 0, which packs weights, is not
    counted. Raises MissingToolError without the lab's arm64, SimulationError with the program's last words.
    """
    root = phone_root()
    with tempfile.TemporaryDirectory(prefix="tinygmp-") as name:
        folder = Path(name)
        (folder / "model").write_bytes(content)
        named = {f"input{place}": array for place, array in enumerate(inputs)}
        np.savez(folder / "in.npz", **named)  # type: ignore[arg-type]
        job = {
            "runtime": runtime,
            "states": states.pairs if states else (),
            "steps_input": states.steps_input if states else 0,
        }
        (folder / "job.json").write_text(json.dumps(job))
        write_machine(core, root, folder / "machine")
        start(core, root, folder, timeout_s)
        told = json.loads((folder / "guest.json").read_text())
        totals, blocks = read_counts(folder / "counts.txt")
        with np.load(folder / "out.npz") as stored:
            outputs = tuple(stored[f"output{place}"] for place in range(len(stored.files)))
    kernels = kernels_of(blocks, told["libraries"]) if runtime == "tflite" else {}
    return PhoneRun(core.name, outputs, totals, kernels, max(told["memory_bytes"], 0))


def phone_root() -> Path:
    """Return the folder of the unpacked ARM64 system; raises MissingToolError with how to install it."""
    root = unpacked_root(require(PROGRAM))
    assert root is not None  # no other place than the lab holds a program of this name
    return root.parent / "guest"


def start(core: PhoneCore, root: Path, folder: Path, timeout_s: float) -> None:
    """Run the guest's program under the emulator, with the counting plugin."""
    command = [
        require(PROGRAM),
        *("-cpu", core.name, "-L", str(folder / "machine")),
        *("-plugin", f"{count_plugin()},out={folder / 'counts.txt'}", "-U", "LD_LIBRARY_PATH"),
        *("-E", f"PYTHONPATH={root / 'site'}", "-E", "PYTHONDONTWRITEBYTECODE=1"),
        str(root / "usr" / "bin" / "python3.11"),
        str(GUEST),
        str(folder),
    ]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace",
            timeout=timeout_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SimulationError(
            f"core '{core.name}': no end within {timeout_s:.0f} s; give fewer samples"
        ) from error
    if done.returncode != 0 or not (folder / "guest.json").is_file():
        words = (done.stderr.strip().splitlines() or ["no words"])[-1][:300]
        raise SimulationError(f"core '{core.name}': the runtime ended with {done.returncode}: {words}")


def count_plugin() -> Path:
    """Return the counting plugin, compiled for this machine; raises BuildError, MissingToolError."""
    source = FOLDER / PLUGIN
    path = cache_folder() / f"{source.stem}-{digest(source)}.so"
    if not path.exists():
        compile_shared(source, path)
    return path


def read_counts(path: Path) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    """Return the instructions between marks, in order, and (address, instructions) of blocks that ran between any."""
    totals, blocks = [], []
    for line in path.read_text().splitlines():
        kind, *words = line.split()
        if kind == "total":
            totals.append(int(words[0]))
        elif kind == "block":
            blocks.append((int(words[0], 16), int(words[1])))
    return tuple(totals), blocks

"""Run generated C for 64-bit ARM in QEMU's user mode: answers, and instructions of each call."""

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinygmp.artifact import Artifact
from tinygmp.device.interface import model_sources
from tinygmp.device.phone.emulator import count_plugin, read_counts
from tinygmp.device.run_result import RunResult, StepCost, input_words, split_output
from tinygmp.device.toolchain import FIRMWARE_FOLDER, invoke
from tinygmp.device.tools import require, zig
from tinygmp.errors import SimulationError

TARGET = "aarch64-linux-musl"
CORES = ("cortex-a76", "cortex-a53")  # with SDOT and without
COMPILE = ("-target", TARGET, "-O2", "-std=c99", "-I.")
# A model may leave kernels out that stand in the file of one it uses.
STRICT = ("-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wno-unused-function")
MARKS = (
    "-DTG_MARK(what)=lseek(0x7167, what, 0)",
    "-D_GNU_SOURCE",
    "-include",
    "unistd.h",
)  # see count_plugin.c
RUN_TIMEOUT_S = 1800


@dataclass(frozen=True)
class Arm64Program:
    """A static program for 64-bit ARM Linux that reads windows and writes answers; bytes of the file."""

    name: str
    program: bytes


def build_arm64(artifact: Artifact, flags: Sequence[str] = ()) -> Arm64Program:
    """Compile a C artifact, portable or for ARM64, with zig; raises BuildError or MissingToolError."""
    sources = model_sources(replace(artifact, target="c"))
    with tempfile.TemporaryDirectory(prefix="tinygmp-") as name:
        folder = Path(name)
        for path, content in sources.files.items():
            (folder / path).write_bytes(content)
        (folder / "model_interface.h").write_bytes(sources.header)
        (folder / "host_main.c").write_bytes((FIRMWARE_FOLDER / "host_main.c").read_bytes())
        compiler = [*zig("cc"), *COMPILE, *flags]
        invoke([*compiler, *STRICT, "-c", sources.source, "-o", "model.o"], folder, artifact.name)
        invoke(
            [*compiler, *MARKS, "host_main.c", "model.o", "-static", "-o", "program"], folder, artifact.name
        )
        return Arm64Program(artifact.name, (folder / "program").read_bytes())


def run_arm64(built: Arm64Program, words: np.ndarray, core: str = CORES[0], count: bool = False) -> RunResult:
    """Run int16 words [windows, steps, words] on an emulated core; `count` tells instructions of each call.

    A call is one run of a graph, or a whole window of a stream. Raises SimulationError where the program fails, and
    MissingToolError.
    """
    emulator = require("qemu-aarch64")
    with tempfile.TemporaryDirectory(prefix="tinygmp-") as name:
        folder = Path(name)
        (folder / "program").write_bytes(built.program)
        (folder / "program").chmod(0o755)
        counts = folder / "counts.txt"
        plugin = ["-plugin", f"{count_plugin()},out={counts}"] if count else []
        done = subprocess.run(
            [emulator, "-cpu", core, *plugin, str(folder / "program")],
            input=input_words(words).tobytes(),
            capture_output=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
        totals = read_counts(counts)[0] if counts.exists() else ()
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise SimulationError(
            f"'{built.name}' on {core}: exit {done.returncode}: {' | '.join(told[-3:]) or 'no words'}"
        )
    logits, classes = split_output(np.frombuffer(done.stdout, "<i2"), len(words), core)
    cost = StepCost(len(totals), float(np.mean(totals)), max(totals)) if count else None
    return RunResult(logits, classes, None, cost, "qemu-aarch64")

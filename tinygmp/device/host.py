"""Run a C artifact on this machine: the quickest proof that the generated code says what the reference says."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tinygmp.artifact import Artifact
from tinygmp.device.interface import model_sources
from tinygmp.device.run_result import LARGEST_WORD, RunResult, input_words, split_output
from tinygmp.device.toolchain import FIRMWARE_FOLDER, invoke
from tinygmp.device.tools import host_compiler, require
from tinygmp.errors import ConfigError, SimulationError

SANITIZERS = "address,undefined"
STRICT = ("-Wall", "-Wextra", "-Werror", "-Wconversion")
RUN_TIMEOUT_S = 600


def run_on_host(
    artifact: Artifact,
    counts: np.ndarray,
    sanitize: bool = False,
    strict: bool = True,
    defines: tuple[str, ...] = (),
) -> RunResult:
    """Classify int16 windows [windows, steps, channels] with the C code compiled for this machine.

    `sanitize` adds AddressSanitizer and UndefinedBehaviorSanitizer, which need the system's gcc or clang;
    `strict` makes every warning of the model's own source an error.
    Raises BuildError, SimulationError (a crash or a sanitizer's finding) or MissingToolError.
    """
    if len(counts) > LARGEST_WORD:
        raise ConfigError(f"{len(counts):,} windows: at most {LARGEST_WORD:,} in one run")
    if sanitize:
        require("gcc") if len(host_compiler()) > 1 else None  # zig links no AddressSanitizer
    with tempfile.TemporaryDirectory(prefix="tinygmp-") as name:
        program = compile_for_host(artifact, Path(name), sanitize, strict, defines)
        done = subprocess.run(
            [program],
            input=input_words(counts).tobytes(),
            capture_output=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
    if done.returncode != 0 or done.stderr:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise SimulationError(
            f"artifact '{artifact.name}' on this machine: exit {done.returncode}: {' | '.join(told[:4]) or 'no words'}"
        )
    logits, classes = split_output(np.frombuffer(done.stdout, np.int16), len(counts), "host")
    return RunResult(logits, classes, None, None, "host")


def compile_for_host(
    artifact: Artifact, folder: Path, sanitize: bool, strict: bool, defines: tuple[str, ...]
) -> Path:
    """Compile the model and the host's main into a folder and return the program."""
    sources = model_sources(artifact)
    for path, content in sources.files.items():
        (folder / path).write_bytes(content)
    (folder / "model_interface.h").write_bytes(sources.header)
    (folder / "host_main.c").write_bytes((FIRMWARE_FOLDER / "host_main.c").read_bytes())
    checks = [f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all", "-g"] if sanitize else []
    compiler = [*host_compiler(), "-O2", "-std=c99", "-I.", *(f"-D{define}" for define in defines), *checks]
    invoke(
        [*compiler, *(STRICT if strict else ()), "-c", sources.source, "-o", "model.o"], folder, artifact.name
    )
    program = folder / ("host.exe" if sys.platform == "win32" else "host")
    invoke([*compiler, "host_main.c", "model.o", "-o", program.name], folder, artifact.name)
    return program

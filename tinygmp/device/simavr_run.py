"""Run firmware of an AVR board in simavr, exact to the cycle."""

import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tinygmp.device.cache import cache_folder
from tinygmp.device.elf_sizes import Image, read_image
from tinygmp.device.native_code import digest
from tinygmp.device.programs import library_folders, program_version, unpacked_root
from tinygmp.device.run_result import RunResult, StepCost, input_words, split_output
from tinygmp.device.toolchain import FIRMWARE_FOLDER, Firmware
from tinygmp.device.tools import host_compiler, require
from tinygmp.errors import MissingToolError, SimulationError

# Data addresses of GPIOR0..2, from the data sheets; AVRs of the ATtiny x5 family have them elsewhere.
GPIO_REGISTERS = {"attiny85": (0x31, 0x32, 0x33)}
USUAL_GPIO_REGISTERS = (0x3E, 0x4A, 0x4B)
CYCLE_LIMIT = 20_000_000_000
RAM_OFFSET = 0x800000  # avr-gcc keeps data addresses apart from flash with this bit
METHOD = "simavr, exact"


def run_in_simavr(firmware: Firmware, counts: np.ndarray, timeout_s: float = 900.0) -> RunResult:
    """Classify int16 windows [windows, steps, channels] on a simulated AVR.

    Raises MissingToolError without simavr's library and a host compiler, SimulationError when the program goes wrong.
    """
    board = firmware.board
    image = read_image(firmware.elf)
    code = flash_image(image)
    registers = GPIO_REGISTERS.get(board.mcu, USUAL_GPIO_REGISTERS)
    numbers = (
        image.symbols[firmware.step_symbol],
        image.symbols["main"],
        board.ram_origin + board.ram_bytes - 1,
        *registers,
        CYCLE_LIMIT,
    )
    data = len(code).to_bytes(4, "little") + code + input_words(counts).astype("<i2").tobytes()
    command = [*simavr_runner(), board.mcu, *(str(number) for number in numbers)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise SimulationError(
            f"board '{board.name}': no end within {timeout_s:.0f} s; use fewer windows"
        ) from error
    told = done.stderr.decode(errors="replace").strip().splitlines() or ["no words"]
    if done.returncode != 0:
        raise SimulationError(f"board '{board.name}': simavr stopped: {' | '.join(told[-3:])}")
    figures = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", told[-1])}
    logits, classes = split_output(np.frombuffer(done.stdout, "<i2"), len(counts), board.name)
    return RunResult(logits, classes, figures["stack"], step_cost(figures), "simavr")


def step_cost(figures: dict[str, int]) -> StepCost | None:
    calls = figures["calls"]
    if calls == 0:
        return None
    return StepCost(
        calls=calls,
        instructions=figures["instructions"] / calls,
        most_instructions=figures["most_instructions"],
        cycles=figures["cycles"] / calls,
        most_cycles=figures["most_cycles"],
        cycles_method=METHOD,
    )


def flash_image(image: Image) -> bytes:
    """Return flash from address 0, initial values of data included."""
    segments = [(address, content) for address, content in image.segments if address < RAM_OFFSET]
    flash = bytearray(max(address + len(content) for address, content in segments))
    for address, content in segments:
        flash[address : address + len(content)] = content
    return bytes(flash)


def simavr_runner(name: str = "simavr_run.c") -> list[str]:
    """Return the command that starts a runner; it is compiled for this version of it and of simavr, once."""
    simavr = require("simavr")
    root = unpacked_root(simavr)
    path = compiled_runner(FIRMWARE_FOLDER / name, library_flags(simavr))
    if root is None:
        return [str(path)]
    # A search path in the runner would serve simavr's library, but not the libraries that that one needs.
    folders = [*map(str, library_folders(root)), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return ["env", f"LD_LIBRARY_PATH={':'.join(folders)}", str(path)]


def compiled_runner(source: Path, flags: list[str]) -> Path:
    """Return the program of a runner, compiled when there is none of this source and this simavr yet."""
    made_for = hashlib.sha256(" ".join((program_version("simavr"), *flags)).encode()).hexdigest()[:16]
    path = cache_folder() / f"{source.stem}-{digest(source)}-{made_for}"
    if path.exists():
        return path
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    os.close(handle)
    command = [*host_compiler(), "-O2", str(source), "-o", temporary, *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        os.unlink(temporary)
        raise MissingToolError(
            "simavr's library is unusable: tinygmp doctor --install simavr, or as root: apt-get install "
            f"--no-install-recommends libsimavr-dev; the compiler said: {done.stderr.strip()[:200]}"
        )
    os.chmod(temporary, 0o755)
    os.replace(temporary, path)
    return path


def library_flags(simavr: str) -> list[str]:
    """Return what a compiler needs to link simavr's library, the lab's or the system's."""
    root = unpacked_root(simavr)
    if root is None:
        return ["-I/usr/include/simavr", "-lsimavr"]
    found = [f"-I{root}/usr/include", f"-I{root}/usr/include/simavr"]
    for folder in library_folders(root):
        found += [f"-L{folder}", f"-Wl,-rpath,{folder}"]
    return [*found, "-lsimavr"]

"""Run firmware of an MSP430 board in mspdebug's simulator: a second opinion on our own model of the CPU."""

import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tinygmp.device.elf_sizes import Image, read_image
from tinygmp.device.msp430_run import MAILBOX_END, mailbox, windows_at_once
from tinygmp.device.run_result import RunResult, StepCost, split_output
from tinygmp.device.toolchain import Firmware, mailbox_address_16
from tinygmp.device.tools import require
from tinygmp.errors import SimulationError

PAINT = 0xA5
CALL_IMMEDIATE = b"\xb0\x12"
METHOD = (
    "mspdebug's simulator, an upper bound: it bills the constants of the constant generator as memory reads"
)


def run_in_mspdebug(firmware: Firmware, counts: np.ndarray, timeout_s: float = 600.0) -> RunResult:
    """Classify int16 windows [windows, steps, channels] on a simulated MSP430, some windows at a time.

    Cycles are counted in every step of the first window; the peak stack is the deepest byte written in any window.
    Raises MissingToolError without mspdebug, SimulationError when the program goes wrong.
    """
    image = read_image(firmware.elf)
    at_once = windows_at_once(firmware.board, counts)
    logits, classes, stacks, step = [], [], [], None
    for first in range(0, len(counts), at_once):
        part = counts[first : first + at_once]
        watched = part.shape[1] if first == 0 else 0
        words, told, stack = run_part(firmware, image, part, watched, timeout_s)
        part_logits, part_classes = split_output(words, len(part), firmware.board.name)
        logits.append(part_logits)
        classes.append(part_classes)
        stacks.append(stack)
        step = step or step_cost(told)
    return RunResult(np.concatenate(logits), np.concatenate(classes), max(stacks), step, "mspdebug sim")


def run_part(
    firmware: Firmware, image: Image, counts: np.ndarray, watched: int, limit_s: float
) -> tuple[np.ndarray, str, int]:
    """Run some windows; return (output words, the tracer's lines of the watched steps, peak stack in bytes)."""
    board = firmware.board
    entry, stop = image.symbols[firmware.step_symbol], image.symbols["tg_port_stop"]
    content, end = mailbox(board, counts)
    place = mailbox_address_16(board)
    with tempfile.TemporaryDirectory(prefix="tinygmp-") as name:
        folder = Path(name)
        (folder / "firmware.elf").write_bytes(firmware.elf)
        (folder / "in.bin").write_bytes(content)
        watch = ["run", "simio info tracer"] * 2 * watched
        breakpoints = (
            [f"setbreak {entry:#x} 1", f"setbreak {return_address(image, entry):#x} 2"] if watched else []
        )
        script = [
            "simio add tracer tracer",
            "prog firmware.elf",
            f"load_raw in.bin {place:#x}",
            f"fill {board.ram_origin:#x} {board.ram_bytes} {PAINT:#x}",
            "reset",
            f"setbreak {stop:#x} 0",
            *breakpoints,
            *watch,
            *(("delbreak 1", "delbreak 2") if watched else ()),
            "run",
            "regs",
            f"save_raw {place:#x} {MAILBOX_END - place} out.bin",
            f"save_raw {board.ram_origin:#x} {board.ram_bytes} ram.bin",
        ]
        (folder / "script").write_text("\n".join(script) + "\n")
        told = run_script(folder, board.name, limit_s)
        if not re.search(rf"PC: 0?{stop:04x}", told.rsplit("regs", 1)[-1]):
            raise SimulationError(f"board '{board.name}': the program did not end where it should")
        memory = (folder / "out.bin").read_bytes()
        ram = (folder / "ram.bin").read_bytes()
    written = int.from_bytes(memory[2:4], "little") - end
    answer = memory[end - place :][:written]
    free = ram[image.symbols["tg_bss_end"] - board.ram_origin :]
    return np.frombuffer(answer, "<i2"), told, len(free.lstrip(bytes([PAINT])))


def run_script(folder: Path, board: str, limit_s: float) -> str:
    command = [require("mspdebug"), "-q", "sim", "read script"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SimulationError(f"board '{board}': no end within {limit_s:.0f} s; use fewer windows") from error
    if done.returncode != 0 or "error processing" in done.stdout + done.stderr:
        told = (done.stderr.strip() or done.stdout.strip()).splitlines()[-2:]
        raise SimulationError(f"board '{board}': mspdebug stopped: {' | '.join(told)}")
    return done.stdout


def return_address(image: Image, entry: int) -> int:
    """Return the address behind the one CALL of the step function."""
    call = CALL_IMMEDIATE + entry.to_bytes(2, "little")
    for address, content in image.segments:
        if (offset := content.find(call)) >= 0:
            return address + offset + len(call)
    raise SimulationError("the call of the model's step is not found in the firmware")


def step_cost(told: str) -> StepCost | None:
    """Return the cost of a step from the tracer's counts at entry and return, in turn."""
    instructions = [int(count) for count in re.findall(r"Instruction count: (\d+)", told)]
    cycles = [int(count) for count in re.findall(r"MCLK: +(\d+)", told)]
    if not cycles:
        return None
    per_call = [[end - begin for begin, end in zip(counts[::2], counts[1::2], strict=True)]
                for counts in (instructions, cycles)]  # fmt: skip
    calls = len(per_call[0])
    return StepCost(
        calls=calls,
        instructions=sum(per_call[0]) / calls,
        most_instructions=max(per_call[0]),
        cycles=sum(per_call[1]) / calls,
        most_cycles=max(per_call[1]),
        cycles_method=METHOD,
    )

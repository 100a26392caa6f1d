"""Run an artifact on QEMU's boards: a second opinion on the answers that unicorn gives for ARM and RISC-V."""

import dataclasses
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.artifact import Artifact
from tinygmp.device.board import Board
from tinygmp.device.run_result import RunResult, input_words, split_output
from tinygmp.device.toolchain import build
from tinygmp.device.tools import require
from tinygmp.errors import SimulationError, UnsupportedError


@dataclasses.dataclass(frozen=True)
class Machine:
    """A board of QEMU: where its memories lie, and where there is room for the samples."""

    arguments: tuple[str, ...]
    flash_origin: int
    ram_origin: int
    mailbox: int


def mps2(name: str, mailbox: int = 0x21000000) -> Machine:
    return Machine(("qemu-system-arm", "-M", name), 0x00000000, 0x20000000, mailbox)


VIRT = ("qemu-system-riscv32", "-M", "virt", "-cpu", "rv32,f=false,d=false", "-bios", "none")
MACHINES = {
    "cortex-m0": mps2("mps2-an385"),
    "cortex-m0plus": mps2("mps2-an385"),
    "cortex-m3": mps2("mps2-an385"),
    "cortex-m4f": mps2("mps2-an386"),
    "cortex-m7": mps2("mps2-an500", mailbox=0x60000000),
    "cortex-m33": Machine(("qemu-system-arm", "-M", "mps2-an505"), 0x10000000, 0x38000000, 0x80000000),
    "rv32imc": Machine(VIRT, 0x80000000, 0x80400000, 0x81000000),
    "rv32ec": Machine(VIRT, 0x80000000, 0x80400000, 0x81000000),
}


def run_in_qemu(
    artifact: Artifact, board: Board, counts: np.ndarray, timeout_s: float = 600.0, **options: Any
) -> RunResult:
    """Classify int16 windows [windows, steps, channels] on the QEMU machine that has the board's core.

    The program is the board's but for its addresses and its port; `options` go to `build`.
    Raises UnsupportedError for a core that QEMU has not, MissingToolError, SimulationError.
    """
    if board.core not in MACHINES:
        raise UnsupportedError(f"core '{board.core}' has no QEMU machine here; use one of {sorted(MACHINES)}")
    machine = MACHINES[board.core]
    moved = dataclasses.replace(board, flash_origin=machine.flash_origin, ram_origin=machine.ram_origin)
    firmware = build(
        artifact,
        dataclasses.replace(moved, flash_bytes=1 << 20, ram_bytes=1 << 20),
        defines=(f"TG_MAILBOX_ADDRESS={machine.mailbox:#x}u",),
        program=("main.c", "port_semihosting.c"),
        **options,
    )
    with tempfile.TemporaryDirectory(prefix="tinygmp-") as name:
        folder = Path(name)
        (folder / "firmware.elf").write_bytes(firmware.elf)
        (folder / "in.bin").write_bytes(input_words(counts).astype("<i2").tobytes())
        command = [
            require(machine.arguments[0]),
            *machine.arguments[1:],
            *("-display", "none", "-serial", "none", "-monitor", "none"),
            *("-chardev", "file,id=answers,path=out.bin"),
            *("-semihosting-config", "enable=on,target=native,chardev=answers"),
            *("-device", f"loader,file=in.bin,addr={machine.mailbox:#x},force-raw=on"),
            *("-kernel", "firmware.elf"),
        ]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise SimulationError(
                f"core '{board.core}': QEMU did not end within {timeout_s:.0f} s"
            ) from error
        answers = (folder / "out.bin").read_bytes() if (folder / "out.bin").exists() else b""
    if done.returncode != 0:
        raise SimulationError(
            f"core '{board.core}': QEMU stopped with {done.returncode}: {done.stderr.strip()[:200]}"
        )
    logits, classes = split_output(np.frombuffer(answers, "<i2"), len(counts), board.name)
    return RunResult(logits, classes, None, None, "qemu")

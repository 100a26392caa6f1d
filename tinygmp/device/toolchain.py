"""From a C artifact to firmware: compile with the board's core flags, link against the board's real memory."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tinygmp.artifact import Artifact
from tinygmp.device.board import Board
from tinygmp.device.cores import CORES, Core
from tinygmp.device.elf_sizes import Sizes, object_symbols, read_sizes
from tinygmp.device.interface import interface_header, model_sources
from tinygmp.device.tools import require, zig_cc
from tinygmp.errors import BuildError, ConfigError

FIRMWARE_FOLDER = Path(__file__).parent / "firmware"
MAILBOX_ADDRESS = 0x60000000
LEVELS = {"smallest": "-Os", "balanced": "-O2", "fastest": "-O3"}
START = {"arm": "start_arm.c", "riscv": "start_riscv.c", "msp430": "start_msp430.c"}
PORT = {"arm": "port_memory.c", "riscv": "port_memory.c", "avr": "port_avr.c", "msp430": "port_msp430.c"}
# Names stay in the program (-g), and nothing is linked that is not called.
COMMON_FLAGS = ("-std=c99", "-g", "-ffreestanding", "-ffunction-sections", "-fdata-sections", "-I.")
BUILD_TIMEOUT_S = 300


@dataclass(frozen=True)
class Firmware:
    """A linked program for one board.

    `overflow` is empty when it fits the board's memory; otherwise the program was linked for a board of unlimited
    memory, so that its parts can be told, and `overflow` quotes the linker.
    """

    board: Board
    elf: bytes
    sizes: Sizes
    compiler: str
    step_symbol: str
    overflow: str = ""

    @property
    def links(self) -> bool:
        return not self.overflow


def build(
    artifact: Artifact,
    board: Board,
    optimise: str = "smallest",
    compiler: str = "",
    defines: tuple[str, ...] = (),
) -> Firmware:
    """Build the test firmware around a C artifact for a board.

    `optimise` is 'smallest', 'balanced' or 'fastest'; `compiler` 'zig' or 'gcc', by default the one that always works
    for the core; `defines` are passed as -D. Raises BuildError, MissingToolError or ConfigError.
    """
    if optimise not in LEVELS:
        raise ConfigError(f"optimise '{optimise}' is unknown; use one of {sorted(LEVELS)}")
    core = CORES[board.core]
    sources = model_sources(artifact)
    command = compiler_command(core, board, compiler)
    flags = [*COMMON_FLAGS, LEVELS[optimise], f"-DTG_MAILBOX_ADDRESS={MAILBOX_ADDRESS:#x}u"]
    flags += [f"-D{define}" for define in defines]
    with tempfile.TemporaryDirectory(prefix="tinygmp-") as name:
        folder = Path(name)
        for path, content in sources.files.items():
            (folder / path).write_bytes(content)
        (folder / "model_interface.h").write_bytes(interface_header(sources.prefix))
        objects = []
        for source in (sources.source, *support_files(core, folder)):
            objects.append(f"{Path(source).stem}.o")
            invoke([*command, *flags, "-c", source, "-o", objects[-1]], folder, artifact.name)
        # The level is told to the linker too: zig builds the compiler's helper functions for it.
        linked, overflow = link([*command, "-g", LEVELS[optimise]], core, board, objects, folder)
        model = object_symbols((folder / objects[0]).read_bytes())
        return Firmware(
            board=board,
            elf=linked,
            sizes=read_sizes(linked, model),
            compiler=f"{'zig cc' if 'ziglang' in command else Path(command[0]).name} {LEVELS[optimise]}",
            step_symbol=sources.step_symbol,
            overflow=overflow,
        )


def compiler_command(core: Core, board: Board, compiler: str) -> list[str]:
    if compiler not in ("", "zig", "gcc"):
        raise ConfigError(f"compiler '{compiler}' is unknown; use 'zig' or 'gcc'")
    if compiler != "gcc" and core.zig_flags:
        return [*zig_cc(), *core.zig_flags, "-fno-sanitize=undefined", "-Wno-unused-command-line-argument"]
    if compiler == "zig" or not core.gcc:
        raise ConfigError(f"core '{core.name}' cannot be built with '{compiler}'; leave the compiler open")
    machine = (f"-mmcu={board.mcu}",) if core.family == "avr" else core.gcc_flags
    return [require(core.gcc), *machine]


def support_files(core: Core, folder: Path) -> list[str]:
    """Copy the firmware's own sources next to the model's and return those to compile."""
    names = ["main.c", PORT[core.family]]
    if core.family in START:
        names.append(START[core.family])
    for name in ("port.h", *names):
        (folder / name).write_bytes((FIRMWARE_FOLDER / name).read_bytes())
    return names


def link(command: list[str], core: Core, board: Board, objects: list[str], folder: Path) -> tuple[bytes, str]:
    """Return (program, '') or, when the board is too small, (program for unlimited memory, the linker's words)."""
    attempt = try_link(command, core, board, objects, folder, board.flash_bytes, board.ram_bytes)
    if isinstance(attempt, bytes):
        return attempt, ""
    if not re.search(r"overflow|will not fit|is full", attempt):
        raise BuildError(f"board '{board.name}': the linker refused the program: {attempt}")
    roomy = try_link(command, core, board, objects, folder, *unlimited_memory(board))
    if not isinstance(roomy, bytes):
        raise BuildError(f"board '{board.name}': the program does not fit by far: {attempt}")
    return roomy, attempt


def unlimited_memory(board: Board) -> tuple[int, int]:
    """Return lengths that keep both memories inside the core's address space."""
    if CORES[board.core].family in ("arm", "riscv"):
        return 1 << 26, 1 << 25
    return (1 << 22 if CORES[board.core].family == "avr" else 1 << 16), 1 << 15


def try_link(
    command: list[str], core: Core, board: Board, objects: list[str], folder: Path, flash: int, ram: int
) -> bytes | str:
    """Return the ELF file, or what the linker said when it refused."""
    flags = ["-Wl,--gc-sections"]
    if core.family == "avr":
        flags += [
            f"-Wl,--defsym=__TEXT_REGION_LENGTH__={flash}",
            f"-Wl,--defsym=__DATA_REGION_LENGTH__={ram}",
        ]
    else:
        script = linker_script(board, flash, ram)
        (folder / "board.ld").write_text(script)
        flags += ["-Wl,-T,board.ld", "-Wl,-e,tg_reset", "-nostartfiles"]
        flags += [] if core.zig_flags and "ziglang" in command else ["-nodefaultlibs", "-lgcc"]
    done = subprocess.run(
        [*command, *objects, *flags, "-o", "firmware.elf"],
        cwd=folder, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False,
    )  # fmt: skip
    return (folder / "firmware.elf").read_bytes() if done.returncode == 0 else short(done.stderr)


def linker_script(board: Board, flash_bytes: int, ram_bytes: int) -> str:
    """Return the linker script of a board with the given lengths of memory."""
    name = "msp430.ld" if CORES[board.core].family == "msp430" else "board.ld"
    text = (FIRMWARE_FOLDER / name).read_text()
    values = {
        "flash_origin": hex(board.flash_origin),
        "flash_bytes": str(flash_bytes),
        "ram_origin": hex(board.ram_origin),
        "ram_bytes": str(ram_bytes),
    }
    return re.sub(r"@(\w+)@", lambda found: values[found[1]], text)


def invoke(command: list[str], folder: Path, name: str) -> None:
    """Run one compiler command in a folder; raises BuildError with the first lines that it wrote."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"artifact '{name}': the compiler took over {BUILD_TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise BuildError(f"artifact '{name}' does not compile: {short(done.stderr)}")


def short(text: str, lines: int = 6) -> str:
    """Return the lines that tell of errors, few enough to read."""
    told = [line for line in text.splitlines() if re.search(r"error|overflow|not fit|full|undefined", line)]
    return "\n".join((told or text.splitlines())[:lines])

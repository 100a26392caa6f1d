"""From a C artifact to firmware: compile with the board's core flags, link against the board's real memory."""

import re
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from tinygmp.artifact import Artifact
from tinygmp.device.board import Board
from tinygmp.device.cores import CORES, Core
from tinygmp.device.elf_sizes import Sizes, object_symbols, read_sizes
from tinygmp.device.interface import model_sources
from tinygmp.device.tools import require, zig
from tinygmp.errors import BuildError, ConfigError, MissingToolError

FIRMWARE_FOLDER = Path(__file__).parent / "firmware"
MAILBOX_ADDRESS = 0x60000000
LOWEST_MAILBOX_16 = 0x1000  # of cores with 16-bit addresses, above their peripherals
LEVELS = {"smallest": "-Os", "balanced": "-O2", "fastest": "-O3"}
START = {
    "arm": ("start_arm.c",),
    "riscv": ("start_riscv.c",),
    "avr": (),
    "msp430": ("start_msp430.c", "helpers_msp430.c"),
}
PORT = {"arm": "port_memory.c", "riscv": "port_memory.c", "avr": "port_avr.c", "msp430": "port_memory.c"}
# Names stay in the program (-g), and nothing is linked that is not called.
COMMON_FLAGS = (
    "-std=c99",
    "-g",
    "-ffreestanding",
    "-fomit-frame-pointer",
    "-ffunction-sections",
    "-fdata-sections",
    "-I.",
)
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
    interface: str = "stream"

    @property
    def links(self) -> bool:
        return not self.overflow


def mailbox_address_16(board: Board) -> int:
    """Return where a core with 16-bit addresses has its mailbox: the first page behind its RAM."""
    return max(LOWEST_MAILBOX_16, -(-(board.ram_origin + board.ram_bytes) // 256) * 256)


def build(
    artifact: Artifact,
    board: Board,
    optimise: str = "smallest",
    compiler: str = "",
    defines: tuple[str, ...] = (),
    program: tuple[str, ...] = (),
) -> Firmware:
    """Build the test firmware around a C artifact for a board.

    `optimise` is 'smallest', 'balanced' or 'fastest'; `compiler` 'zig' or 'gcc', by default the one that always works
    for the core; `defines` are passed as -D; `program` names other sources of firmware/ than the test loop.
    Raises BuildError, MissingToolError or ConfigError.
    """
    if optimise not in LEVELS:
        raise ConfigError(f"optimise '{optimise}' is unknown; use one of {sorted(LEVELS)}")
    core = CORES[board.core]
    sources = model_sources(artifact)
    command = compiler_command(core, board, compiler)
    mailbox = mailbox_address_16(board) if core.family == "msp430" else MAILBOX_ADDRESS
    flags = [*COMMON_FLAGS, LEVELS[optimise]]
    if not any(define.startswith("TG_MAILBOX_ADDRESS=") for define in defines):
        flags.append(f"-DTG_MAILBOX_ADDRESS={mailbox:#x}u")
    flags += [f"-D{define}" for define in defines]
    with tempfile.TemporaryDirectory(prefix="tinygmp-") as name:
        folder = Path(name)
        for path, content in sources.files.items():
            (folder / path).write_bytes(content)
        (folder / "model_interface.h").write_bytes(sources.header)
        objects = []
        for source in (
            sources.source,
            *support_files(core, folder, program or ("main.c", PORT[core.family])),
        ):
            objects.append(f"{Path(source).stem}.o")
            invoke(
                [*command, *flags, f"-fdebug-prefix-map={folder}=.", "-c", source, "-o", objects[-1]],
                folder,
                artifact.name,
            )
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
            interface=sources.interface,
        )


def compiler_command(core: Core, board: Board, compiler: str) -> list[str]:
    if compiler not in ("", "zig", "gcc"):
        raise ConfigError(f"compiler '{compiler}' is unknown; use 'zig' or 'gcc'")
    if not core.has_compiler:
        raise MissingToolError(
            f"tinygmp has no compiler for core '{core.name}' of board '{board.name}'; build the program with the "
            "vendor's tools and give its ELF file: tinygmp budget firmware.elf"
        )
    if compiler != "gcc" and core.zig_flags:
        return [*zig("cc"), *core.zig_flags, "-fno-sanitize=undefined", "-Wno-unused-command-line-argument"]
    if compiler == "zig" or not core.gcc:
        raise ConfigError(f"core '{core.name}' cannot be built with '{compiler}'; leave the compiler open")
    machine = (f"-mmcu={board.mcu}",) if core.family == "avr" else core.gcc_flags
    return [require(core.gcc), *machine]


def support_files(core: Core, folder: Path, program: tuple[str, ...]) -> list[str]:
    """Copy the firmware's own sources next to the model's and return those to compile."""
    names = [*program, *START[core.family]]
    for name in ("port.h", "serial_link.h", *names):
        (folder / name).write_bytes((FIRMWARE_FOLDER / name).read_bytes())
    return names


def link(command: list[str], core: Core, board: Board, objects: list[str], folder: Path) -> tuple[bytes, str]:
    """Return (program, '') or, when the board is too small, (program for unlimited memory, the linker's words)."""
    attempt = try_link(command, core, board, objects, folder)
    if isinstance(attempt, bytes):
        return attempt, ""
    if not re.search(r"overflow|will not fit|is full|not within region", attempt):
        raise BuildError(f"board '{board.name}': the linker refused the program: {attempt}")
    roomy = try_link(command, core, with_unlimited_memory(board), objects, folder)
    if not isinstance(roomy, bytes):
        raise BuildError(f"board '{board.name}': the program does not fit by far: {attempt}")
    return roomy, attempt


def with_unlimited_memory(board: Board) -> Board:
    """Return the board with as much memory as its core can address."""
    family = CORES[board.core].family
    if family == "msp430":
        return replace(board, flash_origin=0x4000, flash_bytes=0xC000, ram_bytes=0x3000)
    flash_bytes, ram_bytes = (1 << 22, 1 << 15) if family == "avr" else (1 << 26, 1 << 25)
    return replace(board, flash_bytes=flash_bytes, ram_bytes=ram_bytes)


def try_link(command: list[str], core: Core, board: Board, objects: list[str], folder: Path) -> bytes | str:
    """Return the ELF file, or what the linker said when it refused."""
    script = ("-T", "board.ld", "-e", "tg_reset")
    if core.family == "avr":
        regions = {"TEXT": board.flash_bytes, "DATA": board.ram_bytes}
        lengths = [f"-Wl,--defsym=__{region}_REGION_LENGTH__={size}" for region, size in regions.items()]
        full = [*command, *objects, "-Wl,--gc-sections", *lengths]
    else:
        (folder / "board.ld").write_text(linker_script(board))
        full = [*command, *objects, f"-Wl,--gc-sections,{','.join(script)}", "-nostartfiles"]
        full += [] if "ziglang" in command else ["-nodefaultlibs", "-lgcc"]
    if core.family == "msp430":  # zig's own link would build its helper library, which does not compile here
        full = [*zig("ld.lld"), "--gc-sections", *script, *objects]
    done = subprocess.run(
        [*full, "-o", "firmware.elf"],
        cwd=folder, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False,
    )  # fmt: skip
    return (folder / "firmware.elf").read_bytes() if done.returncode == 0 else short(done.stderr)


def linker_script(board: Board) -> str:
    """Return the linker script of a board."""
    name = "msp430.ld" if CORES[board.core].family == "msp430" else "board.ld"
    text = (FIRMWARE_FOLDER / name).read_text()
    return re.sub(r"@(\w+)@", lambda found: str(getattr(board, found[1])), text)


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
    told = [
        line
        for line in text.splitlines()
        if re.search(r"error|overflow|not fit|full|undefined|not within region", line)
    ]
    return "\n".join((told or text.splitlines())[:lines])

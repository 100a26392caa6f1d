"""The outside programs of the device lab: where they are, what they are for, and how to install them."""

import importlib.util
import shutil
import sys
from dataclasses import dataclass

from tinygmp.errors import MissingToolError

APT = "apt-get install --no-install-recommends"
PIP = "python -m pip install 'tinygmp[device]'"


@dataclass(frozen=True)
class Tool:
    """One program or Python package: `kind` is 'package' or 'program'."""

    name: str
    kind: str
    needed_for: str
    install: str

    @property
    def found(self) -> bool:
        if self.kind == "package":
            return importlib.util.find_spec(self.name) is not None
        return shutil.which(self.name) is not None


TOOLS = (
    Tool("ziglang", "package", "building for ARM, RISC-V and MSP430; a C compiler where there is none", PIP),
    Tool("unicorn", "package", "running Cortex-M and RISC-V programs", PIP),
    Tool("elftools", "package", "flash and RAM figures", "python -m pip install pyelftools"),
    Tool("avr-gcc", "program", "building for AVR", f"{APT} gcc-avr avr-libc"),
    Tool("simavr", "program", "running AVR programs, exact to the cycle", f"{APT} simavr libsimavr-dev"),
    Tool("mspdebug", "program", "a second simulator for MSP430", f"{APT} mspdebug"),
    Tool("arm-none-eabi-gcc", "program", "a second compiler for ARM",
         f"{APT} gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    Tool("riscv64-unknown-elf-gcc", "program", "a second compiler for RISC-V",
         f"{APT} gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"),
    Tool("qemu-system-arm", "program", "a second simulator for ARM", f"{APT} qemu-system-arm"),
    Tool("qemu-system-riscv32", "program", "a second simulator for RISC-V", f"{APT} qemu-system-misc"),
    Tool("gcc", "program", "the host build under AddressSanitizer", f"{APT} gcc libc6-dev"),
)  # fmt: skip


def doctor() -> tuple[Tool, ...]:
    """Return every tool of the lab; `found` tells which are there, `install` how to get the others."""
    return TOOLS


def require(name: str) -> str:
    """Return the path of a program (or the name of a package); raises MissingToolError with the install line."""
    tool = next(tool for tool in TOOLS if tool.name == name)
    if not tool.found:
        raise MissingToolError(f"'{name}' is missing; it is needed for {tool.needed_for}: {tool.install}")
    return name if tool.kind == "package" else str(shutil.which(name))


def zig(tool: str) -> list[str]:
    """Return the command line that starts one of zig's tools: 'cc' or 'ld.lld'."""
    require("ziglang")
    return [sys.executable, "-m", "ziglang", tool]


def host_compiler() -> list[str]:
    """Return the command line of a C compiler for this machine: the system's, or zig's where there is none."""
    for name in ("gcc", "clang", "cc"):
        if path := shutil.which(name):
            return [path]
    return zig("cc")

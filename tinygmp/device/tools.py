"""The outside programs and packages of the device lab: what for, whether they are here, how to install them."""

import importlib.util
import shutil
import sys
from dataclasses import dataclass

from tinygmp.device.programs import PROGRAMS, program_path
from tinygmp.errors import ConfigError, MissingToolError

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
        return program_path(self.name) is not None


PACKAGES = (
    Tool("ziglang", "package", "building for ARM, RISC-V and MSP430; a C compiler where there is none", PIP),
    Tool("unicorn", "package", "running Cortex-M and RISC-V programs", PIP),
    Tool("elftools", "package", "flash and RAM figures", "python -m pip install pyelftools"),
)
TOOLS = (*PACKAGES, *(Tool(each.name, "program", each.needed_for, each.install) for each in PROGRAMS))


def doctor() -> tuple[Tool, ...]:
    """Return every tool of the lab; `found` tells which are there, `install` how to get the others."""
    return TOOLS


def require(name: str) -> str:
    """Return the path of a program (or the name of a package); raises MissingToolError with the install line.

    A program is one of programs.toml or one that comes with it; raises ConfigError for another name.
    """
    owner = next((each.name for each in PROGRAMS if name in each.also), name)
    tool = next((tool for tool in TOOLS if tool.name == owner), None)
    if tool is None:
        raise ConfigError(f"tool '{name}' is unknown; use one of {', '.join(tool.name for tool in TOOLS)}")
    path = (name if tool.found else None) if tool.kind == "package" else program_path(name)
    if path is None:
        raise MissingToolError(f"'{name}' is missing; it is needed for {tool.needed_for}: {tool.install}")
    return path


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

"""The programs that the device lab can use and pip does not have: what they are, and where they are on this machine.

A program is looked for on PATH, then among those that `tinygmp doctor --install` unpacked in the user's cache:

    lab/NAME/bin/     scripts that start it, whatever the folder is called
    lab/NAME/root/    its Debian packages, unpacked
    lab/NAME/packages.txt
    lab/NAME/guest/   of an emulator: the system that its programs run in
"""

import os
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygmp.device.cache import lab_folder

APT = "apt-get install --no-install-recommends"


@dataclass(frozen=True)
class Program:
    """A program and the Debian packages that hold it; programs.toml says what each field means."""

    name: str
    needed_for: str
    packages: tuple[str, ...]
    also: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    file: str = ""
    executable: str = ""
    check: tuple[str, ...] = ("--version",)
    check_code: int = 0
    needs_root: bool = False
    guest_packages: tuple[str, ...] = ()
    guest_wheels: tuple[str, ...] = ()

    @property
    def install(self) -> str:
        """What to type to get it."""
        if self.guest_packages:
            return f"tinygmp doctor --install {self.name}"
        as_root = f"{APT} {' '.join(self.packages)}"
        return as_root if self.needs_root else f"tinygmp doctor --install {self.name}, or as root: {as_root}"

    @property
    def in_lab(self) -> bool:
        """Whether it was unpacked in the user's cache."""
        return (lab_folder() / self.name / "bin" / self.name).is_file()

    def path(self, name: str = "") -> str | None:
        """Return where it is, or where another program of its packages is; None when absent."""
        asked = name or self.name
        elsewhere = not self.guest_packages  # what an emulated system needs lies in the lab alone
        if elsewhere and (not self.file or Path("/", self.file).exists()):
            for serving in (asked, *(self.instead if asked == self.name else ())):
                if found := shutil.which(serving):
                    return found
        in_lab = lab_folder() / self.name / "bin" / asked
        return str(in_lab) if in_lab.is_file() else None


def read_programs() -> tuple[Program, ...]:
    content = tomllib.loads(Path(__file__).with_name("programs.toml").read_text(encoding="utf-8"))
    return tuple(read_program(name, fields) for name, fields in content.items())


def read_program(name: str, fields: dict[str, Any]) -> Program:
    held: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    return Program(name, **held)


PROGRAMS = read_programs()


def program_path(name: str) -> str | None:
    """Return where a program of programs.toml is, None when absent or unknown."""
    for program in PROGRAMS:
        if name in (program.name, *program.also):
            return program.path(name)
    return None


def program_version(name: str) -> str:
    """Return a text that changes when the program's file does."""
    path = program_path(name)
    if path is None:
        return f"{name} absent"
    found = os.stat(path)
    return f"{os.path.realpath(path)} {found.st_size} {found.st_mtime_ns}"


def unpacked_root(path: str) -> Path | None:
    """Return the folder that holds the unpacked packages of a program of the lab; None for one from elsewhere."""
    folder = Path(path).parent.parent
    return folder / "root" if folder.parent == lab_folder() else None


def library_folders(root: Path) -> list[Path]:
    """Return the folders of shared libraries in unpacked packages."""
    places = [
        *root.glob("usr/lib/*-linux-gnu*"),
        *root.glob("lib/*-linux-gnu*"),
        root / "usr/lib",
        root / "lib",
    ]
    inner = [folder for place in places[:-2] for folder in sorted(place.glob("pulseaudio"))]
    return [folder for folder in (*places, *inner) if any(folder.glob("lib*.so*"))]

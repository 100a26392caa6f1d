"""Boards as data: one TOML file each, read into a frozen record."""

import difflib
import os
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from tinygmp.device.cores import CORES
from tinygmp.errors import ConfigError

FOLDER = Path(__file__).parent / "boards"
LARGEST_ADDRESS = 1 << 32


@dataclass(frozen=True)
class Board:
    """A microcontroller board: its core, the memory that a program may use, and where that memory lies.

    `flash_bytes` leaves out what a boot loader keeps. `clock_hz` is the highest clock that the board runs at as sold.
    """

    name: str
    title: str
    mcu: str
    core: str
    clock_hz: int
    flash_origin: int
    flash_bytes: int
    ram_origin: int
    ram_bytes: int
    source: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        if self.core not in CORES:
            raise ConfigError(
                f"board '{self.name}': core '{self.core}' is unknown; use one of {sorted(CORES)}"
            )
        for field in ("clock_hz", "flash_bytes", "ram_bytes"):
            if getattr(self, field) <= 0:
                raise ConfigError(f"board '{self.name}': {field} {getattr(self, field)} must be above 0")
        for memory in ("flash", "ram"):
            origin, size = getattr(self, f"{memory}_origin"), getattr(self, f"{memory}_bytes")
            if origin < 0 or origin + size > LARGEST_ADDRESS:
                raise ConfigError(f"board '{self.name}': {memory} at {origin:#x} + {size:,} B leaves 32 bits")


@cache
def board_names() -> tuple[str, ...]:
    """Return the names of the boards that come with tinygmp, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def all_boards() -> tuple[Board, ...]:
    return tuple(read_board(FOLDER / f"{name}.toml") for name in board_names())


def find_board(name_or_path: str | os.PathLike[str]) -> Board:
    """Return a board by its name, or read one's own from a TOML file (anything that ends in .toml).

    Raises ConfigError that lists close names when there is no such board.
    """
    text = os.fspath(name_or_path)
    if text.endswith(".toml"):
        return read_board(Path(text))
    if text in board_names():
        return read_board(FOLDER / f"{text}.toml")
    close = difflib.get_close_matches(text.lower(), board_names(), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known boards: {', '.join(board_names())}"
    raise ConfigError(f"board '{text}' is unknown; {hint} Your own board: give the path of a .toml file")


def read_board(path: Path) -> Board:
    """Read one board file; raises ConfigError that names the file and the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"board file '{path}' cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"board file '{path}' is not valid TOML: {error}") from error
    types = {field.name: field.type for field in fields(Board) if field.name != "name"}
    for key, value in table.items():
        if key not in types:
            raise ConfigError(f"board file '{path}': key '{key}' is unknown; use {', '.join(types)}")
        if not isinstance(value, types[key]) or isinstance(value, bool):  # type: ignore[arg-type]
            raise ConfigError(f"board file '{path}': {key} = {value!r} must be of type {types[key].__name__}")  # type: ignore[union-attr]
    missing = [key for key in types if key not in table and key not in ("source", "notes")]
    if missing:
        raise ConfigError(f"board file '{path}': key '{missing[0]}' is missing; see docs/boards.md")
    return Board(name=path.stem, **table)

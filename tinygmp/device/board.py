"""Boards as data: one TOML file each, read into a frozen record."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from tinygmp.device.cores import CORES
from tinygmp.errors import ConfigError
from tinygmp.foreign import reads

FOLDER = Path(__file__).parent / "boards"
LARGEST_ADDRESS = 1 << 32


@dataclass(frozen=True)
class Board:
    """A microcontroller board: its core, the memory that a program may use, and where that memory lies.

    `flash_bytes` leaves out what a boot loader keeps. `clock_hz` is the highest clock that the board runs at as sold.
    `aliases` are other names that people give it.
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
    aliases: tuple[str, ...] = ()

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


def built_names() -> tuple[str, ...]:
    """Return the names of the boards whose core has a compiler here: what 'all' means where firmware is built."""
    return tuple(board.name for board in all_boards() if CORES[board.core].has_compiler)


def simulated_names() -> tuple[str, ...]:
    """Return the names of the boards whose core has a simulator here: what 'all' means where firmware is run."""
    return tuple(board.name for board in all_boards() if CORES[board.core].simulator)


@cache
def all_boards() -> tuple[Board, ...]:
    return tuple(read_board(FOLDER / f"{name}.toml") for name in board_names())


def boards_containing(text: str) -> tuple[Board, ...]:
    """Return the boards whose name, other name, title, chip, core or family contains a text, in any case of letters.

    Raises ConfigError where none does.
    """
    found = tuple(board for board in all_boards() if text.lower() in searchable(board))
    if not found:
        raise ConfigError(f"no board contains '{text}'; `tinygmp boards` lists all")
    return found


def searchable(board: Board) -> str:
    family = CORES[board.core].family
    return " ".join((board.name, board.title, board.mcu, board.core, family, *board.aliases)).lower()


@cache
def aliases() -> Mapping[str, str]:
    """Return other names of the boards that come with tinygmp -> their names."""
    return {alias: board.name for board in all_boards() for alias in board.aliases}


def find_board(name_or_path: str | os.PathLike[str], own: Mapping[str, Board] | None = None) -> Board:
    """Return a board by name or alias, or read one's own from a TOML file (anything that ends in .toml).

    `own` are boards of a user's file by name and alias; they come before those of tinygmp. Raises ConfigError that
    lists close names when there is no such board.
    """
    text = os.fspath(name_or_path)
    if own and text in own:
        return own[text]
    if text.endswith(".toml"):
        return read_board(Path(text))
    if text in board_names():
        return read_board(FOLDER / f"{text}.toml")
    if text.lower() in aliases():
        return read_board(FOLDER / f"{aliases()[text.lower()]}.toml")
    known = (*(own or ()), *board_names())
    close = difflib.get_close_matches(text.lower(), known, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known boards: {', '.join(known)}"
    raise ConfigError(f"board '{text}' is unknown; {hint} Your own board: give the path of a .toml file")


@reads("a board file", "see docs/boards.md", ConfigError)
def read_board(path: Path) -> Board:
    """Read one board file; raises ConfigError that names the file and the key."""
    return board_of(path.stem, read_toml(path), f"board file '{path}'")


@reads("a boards file", "see docs/boards.md", ConfigError)
def read_boards(path: Path) -> dict[str, Board]:
    """Read a user's file of several boards, one table each, and return them by name and by alias.

    A table `aliases` gives further names, 'uno-r3 = "arduino-uno"', of its own boards or of tinygmp's. Raises
    ConfigError that names the file, the board and the key.
    """
    tables, where = read_toml(path), f"boards file '{path}'"
    named = tables.pop("aliases", {})
    if not isinstance(named, dict) or not all(isinstance(name, str) for name in named.values()):
        raise ConfigError(f"{where}: aliases must be a table of 'other-name = \"board\"'")
    found: dict[str, Board] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{where}: '{name}' must be a table, [{name}], that holds one board")
        board = board_of(name, table, f"{where}, board '{name}'")
        for known in (name, *board.aliases):
            if known in found:
                raise ConfigError(f"{where}: two boards are called '{known}'; rename one")
            found[known] = board
    for alias, name in named.items():
        found[alias] = find_board(name, found)
    return found


@reads("a TOML file", "write it again in UTF-8", ConfigError)
def read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"board file '{path}' cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"board file '{path}' is not valid TOML: {error}") from error


def board_of(name: str, table: Mapping[str, Any], where: str) -> Board:
    """Return the board that a table describes."""
    types = {field.name: field.type for field in fields(Board) if field.name not in ("name", "aliases")}
    for key, value in table.items():
        if key == "aliases":
            continue
        if key not in types:
            raise ConfigError(f"{where}: key '{key}' is unknown; use {', '.join(types)}, aliases")
        if not isinstance(value, types[key]) or isinstance(value, bool):  # type: ignore[arg-type]
            raise ConfigError(f"{where}: {key} = {value!r} must be of type {types[key].__name__}")  # type: ignore[union-attr]
    missing = [key for key in types if key not in table and key not in ("source", "notes")]
    if missing:
        raise ConfigError(f"{where}: key '{missing[0]}' is missing; see docs/boards.md")
    other = table.get("aliases", [])
    if not isinstance(other, list) or not all(isinstance(alias, str) for alias in other):
        raise ConfigError(f"{where}: aliases = {other!r} must be a list of names")
    return Board(name=name, **{**table, "aliases": tuple(other)})

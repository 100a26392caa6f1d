"""The budgets of a user's project: `[tool.tinygmp.budget]` of a pyproject.toml, checked key by key."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tinygmp.budget.artifact import budget_artifact
from tinygmp.budget.baseline import Growth, Tolerance, compare, read_baseline, tolerance_of
from tinygmp.budget.result import Budget, Reserve
from tinygmp.device.board import Board, find_board, read_boards, read_toml
from tinygmp.errors import ConfigError
from tinygmp.foreign import reads
from tinygmp.inspect.artifact_kind import kind_of
from tinygmp.progress import OnStep, silent
from tinygmp.shipped import shipped_names

TABLE = "tool.tinygmp.budget"
EXAMPLE = 'write [[tool.tinygmp.budget.check]] with model = "model.tgmp" and board = "arduino-uno"'
COUNTS = ("reserve_flash_bytes", "reserve_ram_bytes", "limit_flash_bytes", "limit_ram_bytes")
KEYS = ("model", "board", *COUNTS, "baseline", "tolerance")


@dataclass(frozen=True)
class Check:
    """One budget to hold: an artifact, its boards, and what it may take and grow."""

    given: str
    boards: tuple[Board, ...]
    reserve: Reserve
    baseline: Path | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)


@dataclass(frozen=True)
class Outcome:
    """What a check found: the budget, and its growth where there was a baseline."""

    given: str
    budget: Budget
    growths: tuple[Growth, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.budget.fits and not any(growth.beyond for growth in self.growths)


def run_check(check: Check, on_step: OnStep = silent, cached: bool = True, compared: bool = True) -> Outcome:
    """Return what one check finds, `compared` with its baseline; raises what the budget of its artifact raises."""
    earlier = read_baseline(check.baseline) if check.baseline and compared else None
    found = budget_artifact(check.given, check.boards, check.reserve, on_step, cached)
    if earlier is None:
        return Outcome(check.given, found)
    growths, notes = compare(found, earlier, check.tolerance)
    return Outcome(check.given, found, growths, notes)


@reads("a project file", EXAMPLE, ConfigError)
def read_project(path: Path) -> tuple[Check, ...]:
    """Return the checks of a pyproject.toml; paths in it start from its folder.

    Raises ConfigError that names the file and the key for whatever is unknown, missing or of a wrong type.
    """
    if not path.is_file():
        raise ConfigError(f"'{path}' is absent; run in the project's folder, or give --project FILE")
    held: Any = read_toml(path)
    for key in TABLE.split("."):
        held = held.get(key) if isinstance(held, dict) else None
    if not isinstance(held, dict):
        raise ConfigError(f"'{path}' has no table [{TABLE}]; {EXAMPLE}")
    where = f"'{path}': {TABLE}"
    refuse_unknown(held, ("boards", "check"), where)
    entries = held.get("check")
    if not isinstance(entries, list) or not entries or not all(isinstance(each, dict) for each in entries):
        raise ConfigError(f"{where} holds no checks; {EXAMPLE}")
    own: Mapping[str, Board] = {}
    if "boards" in held:
        own = read_boards(path.parent / text_of(held, "boards", where))
    return tuple(
        check_of(entry, path.parent, own, f"{where}.check[{place}]") for place, entry in enumerate(entries)
    )


def check_of(entry: Mapping[str, Any], folder: Path, own: Mapping[str, Board], where: str) -> Check:
    refuse_unknown(entry, KEYS, where)
    for key in ("model", "board"):
        if key not in entry:
            raise ConfigError(f"{where}: key '{key}' is missing; {EXAMPLE}")
    names = entry["board"] if isinstance(entry["board"], list) else [entry["board"]]
    if not names or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"{where}: board = {entry['board']!r} must be a name or a list of names")
    found = []
    for name in names:
        here = folder / name if name.endswith(".toml") and name not in own else name
        found.append(find_board(here, own))
    counts = {key: count_of(entry, key, where) for key in COUNTS}
    tolerance = entry.get("tolerance", 0)
    if type(tolerance) not in (int, str):
        raise ConfigError(f"{where}: tolerance = {tolerance!r} must be bytes or a text such as '2%'")
    reserve = Reserve(
        counts["reserve_flash_bytes"] or 0,
        counts["reserve_ram_bytes"] or 0,
        counts["limit_flash_bytes"],
        counts["limit_ram_bytes"],
    )
    check = Check(place_of(text_of(entry, "model", where), folder), tuple(found), reserve)
    if "baseline" not in entry:
        return check
    baseline = folder / text_of(entry, "baseline", where)
    return replace(check, baseline=baseline, tolerance=tolerance_of(tolerance))


def place_of(model: str, folder: Path) -> str:
    """Return the path of an artifact from the project's folder, or a shipped model's name as it is."""
    here = folder / model
    if not here.exists() and model in shipped_names():
        return model
    kind_of(str(here))  # tells an absent file before anything is built
    return str(here)


def refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(f"{where}: key '{key}' is unknown; use {', '.join(known)}")


def text_of(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table[key]
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where}: {key} = {value!r} must be a text")
    return value


def count_of(table: Mapping[str, Any], key: str, where: str) -> int | None:
    value = table.get(key)
    if value is not None and (type(value) is not int or value < 0):
        raise ConfigError(f"{where}: {key} = {value!r} must be a whole number of bytes, 0 or more")
    return value

"""Did it grow: a budget against an earlier one, the JSON document that `tinygmp budget --json` printed then."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygmp.budget.result import BoardBudget, Budget
from tinygmp.errors import ConfigError, FileFormatError
from tinygmp.foreign import reads

MOST_PARTS = 5  # of what grew, the largest
REMEDY = "write it with --update-baseline"
TOLERANCE = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")


@dataclass(frozen=True)
class Tolerance:
    """How much a figure may grow: in bytes, or in per cent of what it was."""

    amount: float = 0.0
    percent: bool = False

    def allowed_bytes(self, before: int) -> int:
        return int(before * self.amount / 100) if self.percent else int(self.amount)

    def __str__(self) -> str:
        return f"{self.amount:g} %" if self.percent else f"{int(self.amount):,} B"


@dataclass(frozen=True)
class Growth:
    """One figure of a board beside its earlier value; `parts` are the symbols that changed most, in bytes."""

    board: str
    what: str  # 'flash' or 'RAM + stack'
    before_bytes: int
    after_bytes: int
    allowed_bytes: int
    parts: Mapping[str, int]

    @property
    def grown_bytes(self) -> int:
        return self.after_bytes - self.before_bytes

    @property
    def beyond(self) -> bool:
        return self.grown_bytes > self.allowed_bytes

    @property
    def sentence(self) -> str:
        named = ", ".join(f"{name} {change:+,}" for name, change in self.parts.items())
        told = f"{self.board}: {self.what} {self.before_bytes:,} to {self.after_bytes:,} B ({self.grown_bytes:+,}"
        told += f", {self.allowed_bytes:,} allowed)"
        return f"{told}: {named}" if named else told


def tolerance_of(text: str | int) -> Tolerance:
    """Read '64' or '2%'; raises ConfigError for anything else."""
    found = TOLERANCE.fullmatch(str(text).replace("_", "").strip())
    if found is None or (not found[2] and "." in found[1]):
        raise ConfigError(f"tolerance '{text}' must be whole bytes, such as 64, or per cent, such as 2%")
    return Tolerance(float(found[1]), bool(found[2]))


@reads("a baseline", REMEDY, FileFormatError)
def read_baseline(path: Path) -> list[dict[str, Any]]:
    """Return the budgets of a document of `tinygmp budget --json` or `tinygmp budget --check --json`.

    Raises FileFormatError for any other file.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(f"baseline '{path}' cannot be read: {error.strerror}; {REMEDY}") from error
    except ValueError as error:
        raise FileFormatError(f"baseline '{path}' is not JSON: {error}") from error
    several = held.get("budgets", [held]) if isinstance(held, dict) else held
    if not isinstance(several, list) or not all(map(is_budget, several)):
        raise FileFormatError(
            f"baseline '{path}' is no document of `tinygmp budget --json`; write it with --update-baseline"
        )
    return several


def is_budget(held: Any) -> bool:
    """Return whether a value has the figures that a comparison needs."""
    if not isinstance(held, dict) or not isinstance(held.get("model"), str):
        return False
    boards = held.get("boards")
    return isinstance(boards, list) and all(map(is_board, boards))


def is_board(held: Any) -> bool:
    if not isinstance(held, dict) or not isinstance(held.get("board"), str):
        return False
    counts = [held.get("flash_bytes"), held.get("ram_bytes"), held.get("stack_bytes") or 0]
    symbols = held.get("by_symbol", {})
    if not isinstance(symbols, dict):
        return False
    return all(type(count) is int for count in (*counts, *symbols.values()))


def compare(
    result: Budget, baseline: list[dict[str, Any]], tolerance: Tolerance
) -> tuple[tuple[Growth, ...], tuple[str, ...]]:
    """Return a growth for flash and RAM of each board, and sentences on what the baseline does not hold.

    A document of several budgets is searched for the model's name. Raises ConfigError when it is not there.
    """
    held = [each for each in baseline if each["model"] == result.model] or (
        baseline if len(baseline) == 1 else []
    )
    if not held:
        names = ", ".join(each["model"] for each in baseline)
        raise ConfigError(
            f"the baseline holds {names or 'no budget'}, not '{result.model}'; write it with --update-baseline"
        )
    earlier = {board["board"]: board for each in held for board in each["boards"]}
    told: list[Growth] = []
    for board in result.boards:
        if board.board in earlier:
            told += growths_of(board, earlier[board.board], tolerance)
    absent = [board.board for board in result.boards if board.board not in earlier]
    return tuple(told), tuple(f"{name} is not in the baseline and was not compared" for name in absent)


def growths_of(board: BoardBudget, earlier: Mapping[str, Any], tolerance: Tolerance) -> list[Growth]:
    # A stack that only one of the two measured would look like growth.
    both = board.stack_bytes is not None and earlier.get("stack_bytes") is not None
    ram = [
        (board.stack_bytes or 0) + board.ram_bytes,
        (earlier.get("stack_bytes") or 0) + earlier["ram_bytes"],
    ]
    if not both:
        ram = [board.ram_bytes, earlier["ram_bytes"]]
    before, after = earlier["flash_bytes"], board.flash_bytes
    parts = changes(earlier.get("by_symbol", {}), board.by_symbol)
    return [
        Growth(board.board, "flash", before, after, tolerance.allowed_bytes(before), parts),
        Growth(
            board.board, "RAM + stack" if both else "RAM", ram[1], ram[0], tolerance.allowed_bytes(ram[1]), {}
        ),
    ]


def changes(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return the symbols that changed most, the largest growth first."""
    moved = {name: after.get(name, 0) - before.get(name, 0) for name in {*before, *after}}
    order = sorted((item for item in moved.items() if item[1]), key=lambda item: (-abs(item[1]), item[0]))
    return dict(sorted(order[:MOST_PARTS], key=lambda item: (-item[1], item[0])))

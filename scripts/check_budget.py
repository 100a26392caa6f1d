"""Holds the verdicts of `tinygmp budget` against the linker's, for models around the limits of boards.

Models of graded sizes cross the flash and the RAM of small boards; on larger boards a reserve leaves as much as the
model needs, a few bytes more or less. The linker's verdict is a link of its own with the board's linker script, whose
memory is shortened by the reserve and, for RAM, by the stack's measured peak.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from converters.base import converter
from tinygmp.artifact import write_atomically
from tinygmp.budget.packed import budget
from tinygmp.budget.result import BoardBudget, Reserve
from tinygmp.device.board import find_board
from tinygmp.device.toolchain import build
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "docs" / "reports" / "check_budget.json"
SMALL_BOARDS = ("attiny85", "msp430g2553", "ch32v003", "arduino-uno")
LARGE_BOARDS = ("nucleo-g071rb", "nucleo-l432kc", "stm32f746g-discovery", "nucleo-u575zi", "blue-pill", "longan-nano",
                "arduino-mega", "microbit-v1")  # fmt: skip
STEPS_AROUND = (-1, 0, 1, 2)  # hidden units around the last that fits
BYTES_LEFT = (-4, -1, 0, 1)
LARGEST_HIDDEN = 1_000


@dataclass(frozen=True)
class Pair:
    """One model on one board: what the budget and what the linker said; `left_bytes` is the scarcer head-room."""

    board: str
    model: str
    crosses: str  # 'flash' or 'RAM'
    reserve_flash_bytes: int
    reserve_ram_bytes: int
    flash_bytes: int
    flash_limit_bytes: int
    ram_and_stack_bytes: int
    ram_limit_bytes: int
    left_bytes: int
    budget_fits: bool
    linker_fits: bool


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=REPORT, help="the report to write")
    parser.add_argument("--few", action="store_true", help="two boards only, for a quick look")
    options = parser.parse_args()
    small = SMALL_BOARDS[2:3] if options.few else SMALL_BOARDS
    large = LARGE_BOARDS[:1] if options.few else LARGE_BOARDS
    pairs = []
    for pair in all_pairs(small, large):
        mark = "=" if pair.budget_fits == pair.linker_fits else "DIFFERS"
        print(f"{pair.board:22} {pair.model:34} {pair.crosses:6} {pair.left_bytes:+7,} B  {mark}", flush=True)
        pairs.append(pair)
    wrong = [pair for pair in pairs if pair.budget_fits != pair.linker_fits]
    content = {
        "pairs": len(pairs),
        "fits": sum(pair.linker_fits for pair in pairs),
        "does_not_fit": sum(not pair.linker_fits for pair in pairs),
        "false_pass": sum(pair.budget_fits for pair in wrong),
        "false_fail": sum(pair.linker_fits for pair in wrong),
        "within_16_bytes": sum(abs(pair.left_bytes) <= 16 for pair in pairs),
        "rows": [asdict(pair) for pair in pairs],
    }
    write_atomically(options.out, (json.dumps(content, indent=1) + "\n").encode())
    print(f"{len(pairs)} pairs, {len(wrong)} verdicts differ from the linker's; {options.out}")
    return 1 if wrong else 0


def all_pairs(small: tuple[str, ...], large: tuple[str, ...]) -> Iterator[Pair]:
    for board in small:
        yield from graded(board, "flash", 0.6)
        yield from graded(board, "RAM", 0.1, u_rank=2)  # much state, few weights
    for board in large:
        yield from reserved(board)


def graded_model(hidden: int, kept: float, u_rank: int = 0) -> PackedModel:
    return random_model(seed=hidden, hidden=hidden, w_kept=kept, u_kept=kept, u_rank=u_rank)


def graded(board: str, crosses: str, kept: float, u_rank: int = 0) -> Iterator[Pair]:
    """Yield models of hidden sizes around the largest that fits a board."""
    low, high = 2, LARGEST_HIDDEN
    while high - low > 1:
        middle = (low + high) // 2
        if fits(board, graded_model(middle, kept, u_rank)):
            low = middle
        else:
            high = middle
    for step in STEPS_AROUND:
        model = graded_model(low + step, kept, u_rank)
        named = f"hidden {low + step}, kept {kept:g}" + (f", rank {u_rank}" if u_rank else "")
        yield pair_of(board, model, named, crosses, Reserve())


def fits(board: str, model: PackedModel) -> bool:
    try:
        return budget(model, [board]).fits
    except UnsupportedError:  # wider than the C engine goes
        return False


def reserved(board: str) -> Iterator[Pair]:
    """Yield one model of each of two sizes with reserves that leave about what it needs."""
    whole = find_board(board)
    for hidden in (20, 60):
        model = graded_model(hidden, 0.3)
        used = budget(model, [board]).boards[0]
        for left in BYTES_LEFT:
            flash = whole.flash_bytes - used.flash_bytes - left
            yield pair_of(board, model, f"hidden {hidden}, kept 0.3", "flash", Reserve(flash, 0))
        for left in BYTES_LEFT:
            ram = whole.ram_bytes - used.ram_bytes - (used.stack_bytes or 0) - left
            yield pair_of(board, model, f"hidden {hidden}, kept 0.3", "RAM", Reserve(0, ram))


def pair_of(board: str, model: PackedModel, name: str, crosses: str, reserve: Reserve) -> Pair:
    found: BoardBudget = budget(model, [board], reserve).boards[0]
    stack = found.stack_bytes or 0
    flash_left, ram_left = -found.flash_over_bytes, -found.ram_over_bytes
    return Pair(
        board=board,
        model=name,
        crosses=crosses,
        reserve_flash_bytes=reserve.flash_bytes,
        reserve_ram_bytes=reserve.ram_bytes,
        flash_bytes=found.flash_bytes,
        flash_limit_bytes=found.flash_limit_bytes,
        ram_and_stack_bytes=found.ram_bytes + stack,
        ram_limit_bytes=found.ram_limit_bytes,
        left_bytes=flash_left if crosses == "flash" else ram_left,
        budget_fits=found.fits,
        linker_fits=links(board, model, reserve, stack),
    )


def links(board: str, model: PackedModel, reserve: Reserve, stack_bytes: int) -> bool:
    """Return whether the linker takes the program into what the reserve and the stack leave of a board."""
    whole = find_board(board)
    short = replace(
        whole,
        flash_bytes=whole.flash_bytes - reserve.flash_bytes,
        ram_bytes=max(whole.ram_bytes - reserve.ram_bytes - stack_bytes, 1),
    )
    return build(converter("c")(model), short).links


if __name__ == "__main__":
    sys.exit(main())

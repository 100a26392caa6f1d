"""Cost and parity of the C engine on simulated boards, beside what other engines cost.

python scripts/bench_device.py --output runs/bench_device.json
python scripts/bench_device.py --model har/pretrained/har2.tgmp --own-windows 16

With --model a packed model is measured too, as it is in the smallest build and stored as csr8 in the fastest: on real
test windows where the data set is at hand, else on random ones.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from converters.base import converter
from tinygmp.artifact import write_atomically
from tinygmp.device.board import find_board
from tinygmp.device.cores import CORES
from tinygmp.device.lab import measure_all
from tinygmp.device.report import DeviceReport
from tinygmp.device.words import reference_of
from tinygmp.graph.file import load_model
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model
from tinygmp.pack.repack import Wish, repack

STEPS = 128
SAMPLING_PERIOD_MS = 20.0
OWN_BOARDS = (
    "nucleo-f446re",
    "nucleo-g071rb",
    "longan-nano",
    "ch32v003",
    "arduino-uno",
    "attiny85",
    "msp430g2553",
)
COLUMNS = {
    "compiler": "compiler",
    "flash_bytes": "flash B",
    "ram_bytes": "RAM B",
    "stack_bytes": "stack B",
    "instructions_per_step": "instr/step",
    "cycles_per_step": "cycles/step",
    "milliseconds_per_step": "ms/step",
    "share_of_20_ms": "of 20 ms",
    "windows": "windows",
    "mismatches": "differ",
}
Measured = tuple[list[DeviceReport], dict[str, str]]


@dataclass(frozen=True)
class Goal:
    """An upper limit for one figure of a DeviceReport, and what another engine needs for the same work."""

    shape: str
    board: str
    optimise: str
    figure: str
    limit: float
    rival: str


GOALS = (
    Goal("har2-size", "nucleo-f446re", "fastest", "instructions_per_step", 12_000, "EdgeML 30.0 K"),
    Goal(
        "har2-size",
        "nucleo-g071rb",
        "fastest",
        "cycles_per_step",
        30_000,
        "EdgeML 87.7 K, paper's board 60.8 K",
    ),
    Goal("har2-size", "longan-nano", "fastest", "instructions_per_step", 18_000, "EdgeML 47.1 K"),
    Goal(
        "har2-size",
        "arduino-uno",
        "fastest",
        "cycles_per_step",
        48_000,
        "EdgeML does not link; prototype 129 K",
    ),
    Goal("har2-size", "nucleo-g071rb", "fastest", "flash_bytes", 8_192, "EdgeML 19,852"),
    Goal("har2-size", "nucleo-g071rb", "smallest", "flash_bytes", 4_200, "EdgeML 19,852; prototype 6,000"),
    Goal("har2-size", "nucleo-g071rb", "smallest", "ram_bytes", 340, "prototype 276-288"),
    Goal("peer-size", "arduino-uno", "fastest", "cycles_per_step", 8_000, "peer 155 K"),
    *(
        Goal("peer-size", "arduino-uno", build, figure, limit, rival)
        for build in ("smallest", "balanced")
        for figure, limit, rival in (
            ("flash_bytes", 1_900, "peer 5,608"),
            ("ram_bytes", 80, "peer 64-88"),
            ("stack_bytes", 64, "peer 112"),
        )
    ),
    Goal("peer-size", "arduino-uno", "balanced", "cycles_per_step", 8_000, "peer 155 K"),
    Goal("peer-size", "msp430g2553", "smallest", "flash_bytes", 16_384 - 8_192, "peer fits"),
    Goal("peer-size", "msp430g2553", "smallest", "ram_bytes", 512 - 200, "peer fits"),
    Goal("peer-size", "msp430g2553", "fastest", "milliseconds_per_step", 13, "peer 13 ms"),
)
OWN_GOALS = tuple(
    Goal("own", board, "fastest", "milliseconds_per_step", SAMPLING_PERIOD_MS, "the sampling period")
    for board in ("attiny85", "msp430g2553")
)


# The build decides the storage too: the fewest bytes, or the format that is quickest to walk.
FORMATS = {
    "smallest": "bitmask",
    "balanced": "bitmask",
    "fastest": "csr8",
}  # one decoder in flash is smaller than the best of several


def network(shape: str, optimise: str) -> PackedModel:
    """Return a network to measure: random int8 weights of a size that others have published figures for."""
    sizes: dict[str, Any] = {
        "har2-size": {"inputs": 9, "hidden": 80, "classes": 2, "w_kept": 0.2, "u_kept": 0.3},
        "peer-size": {
            "inputs": 3,
            "hidden": 16,
            "classes": 6,
            "w_kept": 0.5,
            "u_kept": 0.5,
            "w_rank": 2,
            "u_rank": 8,
        },
    }[shape]
    return random_model(seed=1, steps=STEPS, index_format=FORMATS[optimise], **sizes)


def random_counts(channels: int, windows: int) -> np.ndarray:
    """Return int16 windows, the first and the last of them saturated."""
    counts = np.random.default_rng(0).integers(-4000, 4000, (windows, STEPS, channels)).astype(np.int16)
    counts[0], counts[-1] = 32767, -32768
    return counts


def own_counts(model: PackedModel, windows: int) -> tuple[np.ndarray, str]:
    """Return real test windows for a HAR model where the data set is at hand, random ones otherwise, and which."""
    from har.dataset import load_har
    from har.sensor import CHANNELS, to_counts

    if model.input.channels == len(CHANNELS):
        data = load_har()
        if not data.synthetic:
            spread = np.linspace(0, len(data.test) - 1, windows).astype(int)
            return to_counts(data.test.windows[spread]), f"{data.name} test windows"
    return random_counts(model.input.channels, windows), "random windows"


def measure_on(
    model: PackedModel, boards: Sequence[str], counts: np.ndarray, jobs: int, **options: str
) -> Measured:
    """Return (reports, board -> tool that is missing) of one network; options go to the build."""
    found = [find_board(name) for name in boards]
    return measure_all(converter("c")(model), found, counts, reference_of(model), jobs, **options)


def boards_of(shape: str, optimise: str) -> list[str]:
    """Return the boards to measure a shape on: the balanced build only where a goal names it."""
    named = {goal.board for goal in GOALS if goal.shape == shape and goal.optimise == optimise}
    every = {goal.board for goal in GOALS if goal.shape == shape}
    return sorted(named if optimise == "balanced" else every)


def has_two_compilers(board: str) -> bool:
    core = CORES[find_board(board).core]
    return bool(core.zig_flags and core.gcc)


def judged(goal: Goal, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a goal with the best figure of any compiler and whether it holds; None where nothing measured it."""
    build = (goal.shape, goal.board, goal.optimise)
    found = [row for row in rows if (row["shape"], row["board"], row["optimise"]) == build]
    values = [row[goal.figure] for row in found if row[goal.figure] is not None]
    best = min(values, default=None)
    return {**asdict(goal), "measured": best, "holds": None if best is None else best <= goal.limit}


def show(rows: list[dict[str, Any]], goals: list[dict[str, Any]]) -> None:
    console = Console(width=170)
    table = Table("shape", "board", "build", *COLUMNS.values())
    for row in rows:
        table.add_row(
            row["shape"], row["board"], row["optimise"], *(figure(row[column]) for column in COLUMNS)
        )
    console.print(table)
    table = Table("shape", "board", "build", "figure", "measured", "at most", "others", "holds")
    for goal in goals:
        names = (goal["shape"], goal["board"], goal["optimise"], goal["figure"])
        verdict = {True: "yes", False: "NO", None: "not measured"}[goal["holds"]]
        table.add_row(*names, figure(goal["measured"]), figure(goal["limit"]), goal["rival"], verdict)
    console.print(table)


def figure(value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or "-"
    return f"{value:,.2f}" if isinstance(value, float) and value < 100 else f"{round(value):,}"


def as_row(shape: str, optimise: str, report: DeviceReport) -> dict[str, Any]:
    share = report.share_of_period(SAMPLING_PERIOD_MS)
    return {"shape": shape, "optimise": optimise, "share_of_20_ms": share, **report.as_dict()}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("runs/bench_device.json"))
    parser.add_argument("--windows", type=int, default=4, help=f"windows of {STEPS} steps a board")
    parser.add_argument("--model", type=Path, help="a packed model to measure too")
    parser.add_argument("--own-windows", type=int, default=8, help="windows of that model a board")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    told: dict[str, str] = {}
    for shape in dict.fromkeys(goal.shape for goal in GOALS):
        for optimise, compiler in product(FORMATS, ("", "gcc")):
            boards = boards_of(shape, optimise)
            model = network(shape, optimise)
            counts = random_counts(model.input.channels, options.windows)
            chosen = [name for name in boards if not compiler or has_two_compilers(name)]
            build = {"optimise": optimise, "compiler": compiler}
            reports, missing = measure_on(model, chosen, counts, options.jobs, **build)
            rows += [as_row(shape, optimise, report) for report in reports]
            told.update(missing)
    if options.model:
        model = load_model(options.model)
        counts, told["windows of the own model"] = own_counts(model, options.own_windows)
        stored = {"smallest": model, "fastest": repack(model, Wish((FORMATS["fastest"],))).model}
        for optimise, own in stored.items():
            reports, missing = measure_on(own, OWN_BOARDS, counts, options.jobs, optimise=optimise)
            rows += [as_row("own", optimise, report) for report in reports]
            told.update(missing)
    goals = [judged(goal, rows) for goal in (*GOALS, *(OWN_GOALS if options.model else ()))]
    show(rows, goals)
    for board, reason in told.items():
        print(f"{board}: {reason}", file=sys.stderr)
    result = {"rows": rows, "goals": goals, "notes": told}
    write_atomically(options.output, json.dumps(result, indent=2).encode())
    wrong = any(row["mismatches"] for row in rows) or any(goal["holds"] is False for goal in goals)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

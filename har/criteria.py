"""Accuracy against sparsity on HAR-2, for every criterion and schedule, several seeds; resumable."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from har.stacks import HarStacks
from tinygmp.errors import ConfigError, DataError

if TYPE_CHECKING:
    from har.data import HarData
    from tinygmp.models.fastgrnn_stack import FastGrnnStack
    from tinygmp.prune.pruner import Pruner

SCHEDULES = ("one-shot", "gradual")
DENSE = ("dense", "dense", 0)


@dataclass(frozen=True)
class CurveRow:
    """One trained run. Accuracies in percent on the test people; `best` is the best epoch, as papers
    report.
    """

    criterion: str
    schedule: str
    minimum: int
    sparsity: float
    seed: int
    last: float
    best: float
    nnz: int
    empty_matrices: int
    epochs: int


@dataclass(frozen=True)
class CurvePlan:
    """What to train. One-shot runs fine-tune the dense network of their seed; gradual ones train from
    scratch.

    minimum: weights that every matrix keeps; 0 for none. Gradual runs take dense_epochs + epochs, and prune
    from 0.3 to 0.6 of them, cubic, mask free.
    """

    criteria: Sequence[str] = ("global",)
    schedules: Sequence[str] = SCHEDULES
    minimums: Sequence[int] = (0,)
    sparsities: Sequence[float] = (0.5, 0.8, 0.9, 0.95, 0.98)
    seeds: Sequence[int] = (0, 1, 2)
    hidden: int = 80
    dense_epochs: int = 50
    epochs: int = 50
    windows: int = 0

    def __post_init__(self) -> None:
        from tinygmp.prune.baselines import criterion
        from tinygmp.prune.schedule import check_sparsity

        for name in self.criteria:
            criterion(name)
        for sparsity in self.sparsities:
            check_sparsity(sparsity, "sparsity curve")
        unknown = set(self.schedules) - set(SCHEDULES)
        if unknown or not self.seeds or not self.sparsities:
            raise ConfigError(
                f"sparsity curve: schedules {list(self.schedules)}, seeds {list(self.seeds)}, sparsities "
                f"{list(self.sparsities)}; schedules are {', '.join(SCHEDULES)}, and the others need a value"
            )

    def groups(self) -> Iterator[tuple[str, str, int]]:
        """Yield (criterion, schedule, minimum) of every stack to train."""
        for schedule in self.schedules:
            for name in self.criteria:
                for minimum in self.minimums:
                    yield name, schedule, minimum


def sparsity_curve(
    plan: CurvePlan, data: HarData, output: Path, progress: Callable[[str], None] = lambda line: None
) -> list[CurveRow]:
    """Train what the plan lists and the output folder lacks; return all of its rows.

    Rows go to output/runs.csv after every group, and checkpoints beside it, so that a stopped run goes on.
    """
    output.mkdir(parents=True, exist_ok=True)
    _require_same_training(plan, data, output / "training.txt")
    table = output / "runs.csv"
    rows = read_rows(table)
    curve = _Curve(plan, data, output, progress)
    done = {(row.criterion, row.schedule, row.minimum) for row in rows}
    if DENSE not in done:
        rows += curve.dense_rows()
        write_rows(table, rows)
    for group in plan.groups():
        if group not in done:
            rows += curve.group_rows(*group)
            write_rows(table, rows)
    return rows


def _require_same_training(plan: CurvePlan, data: HarData, path: Path) -> None:
    """Refuse to mix rows of different training in one table; criteria and schedules may be added."""
    fixed = (plan.sparsities, plan.seeds, plan.hidden, plan.dense_epochs, plan.epochs, plan.windows)
    described = f"{data.name}: {[list(part) if isinstance(part, Sequence) else part for part in fixed]}\n"
    if path.exists() and path.read_text() != described:
        raise ConfigError(
            f"'{path}' says {path.read_text().strip()}, asked for {described.strip()}; use a new folder"
        )
    path.write_text(described)


class _Curve:
    """Turns groups of a plan into stacks of runs and their histories into rows."""

    def __init__(self, plan: CurvePlan, data: HarData, output: Path, progress: Callable[[str], None]) -> None:
        self.plan = plan
        self.stacks = HarStacks(data, output, progress, plan.windows)

    def dense_rows(self) -> list[CurveRow]:
        stack = self._new_stack(self.plan.seeds)
        none: list[Pruner | None] = [None] * len(self.plan.seeds)
        return self._train(
            stack, DENSE, self.plan.dense_epochs, [(0.0, seed) for seed in self.plan.seeds], none
        )

    def group_rows(self, name: str, schedule: str, minimum: int) -> list[CurveRow]:
        from tinygmp.models.fastgrnn_stack import repeated_stack
        from tinygmp.prune.baselines import criterion
        from tinygmp.prune.mask_makers import by_criterion
        from tinygmp.prune.pruner import Pruner, Schedule
        from tinygmp.prune.schedule import GradualSchedule, OneShotSchedule

        plan = self.plan
        runs = [(sparsity, seed) for sparsity in plan.sparsities for seed in plan.seeds]
        if schedule == "one-shot":
            positions = [list(plan.seeds).index(seed) for _, seed in runs]
            stack = repeated_stack(self.stacks.load(self._new_stack(plan.seeds), "dense"), positions)
            epochs = plan.epochs
            schedules: list[Schedule] = [OneShotSchedule(sparsity) for sparsity, _ in runs]
        else:
            epochs = plan.dense_epochs + plan.epochs
            stack = self._new_stack([seed for _, seed in runs])
            span = round(0.3 * epochs), round(0.6 * epochs)
            schedules = [GradualSchedule(sparsity, *span) for sparsity, _ in runs]
        make = by_criterion(criterion(name), minimum or None)
        pruners = [Pruner(stack.run_weights(run), schedules[run], make) for run in range(len(runs))]
        return self._train(stack, (name, schedule, minimum), epochs, runs, pruners)

    def _new_stack(self, seeds: Sequence[int]) -> FastGrnnStack:
        from tinygmp.models.fastgrnn_stack import seeded_stack

        return seeded_stack(9, self.plan.hidden, 2, seeds)

    def _train(
        self,
        stack: FastGrnnStack,
        group: tuple[str, str, int],
        epochs: int,
        runs: list[tuple[float, int]],
        pruners: Sequence[Pruner | None],
    ) -> list[CurveRow]:
        label = "dense" if group == DENSE else "{}-{}-{}".format(*group)
        history = self.stacks.train(stack, label, epochs, [seed for _, seed in runs], pruners)
        rows = []
        for run, (sparsity, seed) in enumerate(runs):
            counts = [int(weight.count_nonzero()) for weight in stack.run_weights(run).values()]
            last, best = 100 * history.last(run), 100 * history.best(run)
            rows.append(CurveRow(*group, sparsity, seed, last, best, sum(counts), counts.count(0), epochs))
        return rows


def read_rows(path: Path) -> list[CurveRow]:
    """Return the rows of a CSV written by write_rows, none when there is no file."""
    if not path.exists():
        return []
    kinds = {
        field.name: {"str": str, "int": int, "float": float}[str(field.type)] for field in fields(CurveRow)
    }
    try:
        with path.open(newline="") as file:
            return [
                CurveRow(**{key: kinds[key](value) for key, value in row.items()})
                for row in csv.DictReader(file)
            ]
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"'{path}' is no table of runs ({error}); move it away to start anew") from error


def write_rows(path: Path, rows: Sequence[CurveRow]) -> None:
    """Write all rows as CSV, whole or not at all."""
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(CurveRow)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    os.replace(partial, path)


def mean_and_deviation(
    rows: Sequence[CurveRow],
) -> dict[tuple[str, str, int, float], tuple[float, float, float]]:
    """Return (mean of last, deviation of last, mean of best) over seeds by (criterion, schedule, minimum,
    sparsity).
    """
    import statistics

    grouped: dict[tuple[str, str, int, float], list[CurveRow]] = {}
    for row in rows:
        grouped.setdefault((row.criterion, row.schedule, row.minimum, row.sparsity), []).append(row)
    return {
        key: (
            statistics.mean(row.last for row in same),
            statistics.stdev(row.last for row in same) if len(same) > 1 else 0.0,
            statistics.mean(row.best for row in same),
        )
        for key, same in grouped.items()
    }

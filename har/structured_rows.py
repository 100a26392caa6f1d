"""The paper's structured HAR-2 rows: ranks of FastGRNN's factors pruned, several seeds, one dense network
a seed.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from har.stacks import HarStacks
from tinygmp.errors import ConfigError
from tinygmp.recipes.recipe import recipe

if TYPE_CHECKING:
    from har.data import HarData

DENSE_RATE, RANKS_RATE = 6.4e-3, 3e-3  # from scratch, low-rank factors stall or diverge at the first
ROWS = ("fastgrnn-ranks-9-8", "fastgrnn-ranks-9-7", "fastgrnn-ranks-8-7")


@dataclass(frozen=True)
class StructuredRow:
    """One row: accuracies in percent, one per seed, on the test people."""

    row: str
    expected_accuracy: float
    best: tuple[float, ...]
    last: tuple[float, ...]
    expected_parameters: int | None
    parameters: int


def structured_rows(
    data: HarData,
    output: Path,
    seeds: Sequence[int],
    dense_epochs: int,
    epochs: int,
    progress: Callable[[str], None] = lambda line: None,
    windows: int = 0,
) -> list[StructuredRow]:
    """Train dense, prune ranks, fine-tune with the mask held; resumable from the folder.

    Every seed trains one dense network, at full rank, and writes it exactly as factors of ranks 9 and 80; the
    three rows start from it. Unlike the paper's plain Adam on factors from the start: factors train several
    times slower than their product. Training is StackSettings' with sensor rotation.
    """
    from tinygmp.models.fastgrnn_stack import factored_stack, repeated_stack, seeded_stack
    from tinygmp.prune.mask_makers import by_ranks
    from tinygmp.prune.pruner import Pruner
    from tinygmp.prune.ranks import FASTGRNN_PAIRS
    from tinygmp.train.run_recipe import FromStart

    if not seeds:
        raise ConfigError("structured rows: no seeds; give at least one")
    stacks = HarStacks(data, output, progress, windows)
    hidden = int(recipe("fastgrnn-dense").model.options["hidden"])
    dense = seeded_stack(9, hidden, 2, seeds)
    dense_history = stacks.train(dense, "dense", dense_epochs, seeds, [None] * len(seeds), DENSE_RATE)
    runs = [(row, position) for row in ROWS for position in range(len(seeds))]
    stack = repeated_stack(factored_stack(dense), [position for _, position in runs])
    pruners: list[Pruner | None] = []
    for run, (row, _) in enumerate(runs):
        section = recipe(row).prune
        ranks = dict(zip(FASTGRNN_PAIRS, (section.w_rank or 1, section.u_rank or 1), strict=True))
        pruners.append(Pruner(stack.run_weights(run), FromStart(), by_ranks(ranks)))
    history = stacks.train(
        stack, "ranks", epochs, [seeds[position] for _, position in runs], pruners, RANKS_RATE
    )
    everything = range(len(seeds))
    results = [_row("fastgrnn-dense", dense, dense_history, list(everything))]
    for index, row in enumerate(ROWS):
        results.append(_row(row, stack, history, [index * len(seeds) + position for position in everything]))
    return results


def _row(name: str, stack, history, runs: list[int]) -> StructuredRow:  # type: ignore[no-untyped-def]
    expected = recipe(name).expected
    pruned_names = stack.prunable_names
    rest = sum(p[0].numel() for key, p in stack.named_parameters() if key not in pruned_names)
    nonzero = {sum(int(weight.count_nonzero()) for weight in stack.run_weights(run).values()) for run in runs}
    return StructuredRow(
        row=name,
        expected_accuracy=expected.accuracy,
        best=tuple(100 * history.best(run) for run in runs),
        last=tuple(100 * history.last(run) for run in runs),
        expected_parameters=expected.parameters,
        parameters=max(nonzero) + rest,
    )


def markdown(rows: Sequence[StructuredRow]) -> str:
    """Return the rows as a Markdown table, expected beside obtained."""
    lines = [
        "| row | paper, best epoch | obtained, best epoch | obtained, last epoch | parameters, "
        "paper | obtained |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        parameters = "-" if row.expected_parameters is None else f"{row.expected_parameters:,}"
        lines.append(
            f"| {row.row} | {row.expected_accuracy:.2f} | {_mean(row.best)} | {_mean(row.last)} "
            f"| {parameters} | {row.parameters:,} |"
        )
    return "\n".join(lines) + "\n"


def _mean(values: Sequence[float]) -> str:
    spread = f" +- {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{spread}"

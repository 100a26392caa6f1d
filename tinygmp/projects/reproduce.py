"""Run one row of the paper's tables and set what it obtained beside what the paper prints."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygmp.errors import ConfigError, DataError
from tinygmp.recipes.recipe import Recipe, recipe

if TYPE_CHECKING:
    from tinygmp.train.fit_network import EpochRecord, Samples

CLASSES = {"imagenet": 1000, "cifar-10": 10, "har-2": 2}


@dataclass(frozen=True)
class Comparison:
    """One figure of a row: expected is None where the paper prints none. Percent, or a count."""

    figure: str
    expected: float | None
    obtained: float


@dataclass(frozen=True)
class RowResult:
    """What `reproduce` found. Only the run with all of the recipe's epochs is a reproduction of the row."""

    row: str
    table: str
    source: str
    assumed: tuple[str, ...]
    data: str
    seed: int
    epochs: int
    recipe_epochs: int
    comparisons: tuple[Comparison, ...]

    def __str__(self) -> str:
        lines = [f"{self.row}: {self.table} ({self.source})"]
        lines += [
            f"data: {self.data}; seed {self.seed}; {self.epochs} of the recipe's {self.recipe_epochs} epochs"
        ]
        if self.assumed:
            lines.append(f"not stated by the source, chosen here: {', '.join(self.assumed)}")
        lines.append(f"{'figure':34}{'expected':>12}{'obtained':>12}")
        for one in self.comparisons:
            expected = "-" if one.expected is None else _number(one.expected)
            lines.append(f"{one.figure:34}{expected:>12}{_number(one.obtained):>12}")
        return "\n".join(lines)


def reproduce(
    row: str,
    data: Path,
    output: Path,
    epochs: int | None = None,
    seed: int = 0,
    progress: Callable[[str], None] = lambda line: None,
) -> RowResult | None:
    """Train a row, the dense row that it starts from first, and return the figures side by side.

    data: folder of the row's data set (ImageFolder for ImageNet; cifar-10-batches-py, or class folders, for
    CIFAR-10; UCI HAR as downloaded). output: folder for checkpoints and results, <row>-seed<seed>.safetensors
    and .json; a dense checkpoint found there is used again. epochs: instead of the recipe's, for both stages.
    Under torchrun every process calls this; only process 0 writes and gets the result, the others None.
    Raises ConfigError for an unknown row, DataError for data that is missing or does not fit.
    """
    from tinygmp.train.run_recipe import process_group

    chosen = recipe(row)
    if epochs is not None and epochs < 1:
        raise ConfigError(f"reproduce {row}: {epochs} epochs is below 1; leave it out for the recipe's own")
    with process_group() as rank:
        train, test, described = open_data(chosen, data)
        result = _train_row(chosen, (train, test), output, epochs, seed, progress, described)
        return result if rank == 0 else None


def open_data(chosen: Recipe, root: Path) -> tuple[Samples, Samples, str]:
    """Return training and test samples of a recipe's data set, and a line that says what they are."""
    from tinygmp.recipes import images

    if not root.exists():
        raise DataError(f"data '{root}' does not exist; give the folder that holds {chosen.data}")
    if chosen.data == "har-2":
        return _open_har(root)
    read = images.open_imagenet if chosen.data == "imagenet" else images.open_cifar10
    train, test = read(root, train=True), read(root, train=False)
    return train, test, f"{chosen.data} in '{root}', {len(train)} training and {len(test)} test images"


def _open_har(root: Path) -> tuple[Samples, Samples, str]:
    from tinygmp.data.registry import dataset
    from tinygmp.progress import silent
    from tinygmp.recipes.sequences import Sequences, normalised_by_train

    found = dataset("har-2").load(str(root), silent)
    train, test = normalised_by_train(found.train.windows, found.test.windows)
    described = f"{found.name}, {len(train)} training and {len(test)} test windows"
    return Sequences(train, found.train.labels), Sequences(test, found.test.labels), described


def _train_row(
    chosen: Recipe,
    samples: tuple[Samples, Samples],
    output: Path,
    epochs: int | None,
    seed: int,
    progress: Callable[[str], None],
    described: str,
) -> RowResult:
    from tinygmp.train import run_recipe

    start = None
    if chosen.starts_from is not None:
        dense = output / f"{chosen.starts_from}-seed{seed}.safetensors"
        if not dense.exists():
            progress(f"no dense checkpoint '{dense}': training {chosen.starts_from} first")
            _train_row(recipe(chosen.starts_from), samples, output, epochs, seed, progress, described)
            run_recipe.wait_for_all()
        start = run_recipe.read_state(dense)
    network, run = run_recipe.run_recipe(
        chosen,
        *samples,
        CLASSES[chosen.data],
        seed,
        epochs,
        start,
        lambda record: progress(_line(chosen, record)),
    )
    result = RowResult(
        row=chosen.row,
        table=chosen.table,
        source=chosen.source,
        assumed=chosen.assumed,
        data=described,
        seed=seed,
        epochs=len(run.history),
        recipe_epochs=chosen.train.epochs,
        comparisons=_comparisons(chosen, run),
    )
    if run_recipe.is_first_process():
        run_recipe.save_state(network, output / f"{chosen.row}-seed{seed}.safetensors")
        _write(output / f"{chosen.row}-seed{seed}.json", asdict(result))
    return result


def _comparisons(chosen: Recipe, run: Any) -> tuple[Comparison, ...]:
    expected = chosen.expected
    return (
        Comparison("accuracy %, best epoch on test", expected.accuracy, 100 * run.best_accuracy),
        Comparison("accuracy %, last epoch", None, 100 * run.last_accuracy),
        Comparison("sparsity %", expected.sparsity, 100 * run.sparsity),
        Comparison("multiply-adds pruned %", expected.flops_pruned, 100 * run.flops_pruned),
        Comparison("parameters not pruned", expected.parameters, run.parameters),
    )


def _line(chosen: Recipe, record: EpochRecord) -> str:
    return (
        f"{chosen.row} epoch {record.epoch + 1}: loss {record.loss:.4f}, test {100 * record.accuracy:.2f} %, "
        f"sparsity {100 * record.sparsity:.2f} %"
    )


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)

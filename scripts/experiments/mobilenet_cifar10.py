"""MobileNet-V1 on CIFAR-10 from scratch: dense, then Global MP at one shot and gradually, fine-tuned, packed, scored.

Every row of the table is a run of the image pipeline (tinygmp/projects/image_pipeline.py); rows of a seed share the
dense network. A tenth of the training images is watched, the test images are scored once, at the end. Images that are
JPEG copies are not CIFAR-10's own: their figures are called "CIFAR-10 (JPEG)".

    python scripts/experiments/mobilenet_cifar10.py --data cifar10/ --out runs/mobilenet_cifar10 --seeds 3
"""

import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from tinygmp.artifact import write_atomically
from tinygmp.data.training_images import Reading, TrainingImages, open_training_images
from tinygmp.errors import ConfigError, TinyGmpError
from tinygmp.graph.ledger import ledger
from tinygmp.projects.image_pipeline import (
    PACKED_TEST,
    accuracy,
    best_packed,
    dense_network,
    run_image_pipeline,
    silenced,
)
from tinygmp.projects.image_recipe import ImageRecipe
from tinygmp.projects.image_run import Run, known_facts, purpose, trained, written_purpose
from tinygmp.train.fit_network import EpochRecord, evaluate
from tinygmp.train.run_recipe import training_device

SIZE = 32
DENSE, DENSE_LONGER = "dense", "dense_longer"  # the second is the first, trained on
VARIANTS: dict[str, dict[str, Any]] = {  # the first trains the dense network of all
    DENSE_LONGER: {"sparsity": 0.0},
    "oneshot75": {"sparsity": 0.75},
    "oneshot90": {"sparsity": 0.9},
    "oneshot90_mt": {"sparsity": 0.9, "minimum_share": 0.002},
    "gradual90": {"sparsity": 0.9, "gradual": True},
    "gradual75": {"sparsity": 0.75, "gradual": True},
}
FIGURES = ("sparsity", "held_out", "test", "packed_test", "float_test_of_these", "payload_bytes")
Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What every network of a table shares."""

    out: Path
    width: float
    dense_epochs: int
    epochs: int
    seeds: tuple[int, ...]
    variants: tuple[str, ...]

    def __post_init__(self) -> None:
        unknown = set(self.variants) - set(VARIANTS)
        if unknown:
            raise ConfigError(
                f"no row is called {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}"
            )

    def recipe(self, seed: int, name: str) -> ImageRecipe:
        return ImageRecipe(
            self.width,
            SIZE,
            dense_epochs=self.dense_epochs,
            epochs=self.epochs,
            seed=seed,
            **VARIANTS[name],
        )


def main(
    data: Annotated[
        Path, typer.Option(help="folder with cifar-10-batches-py, or train/<class> and test/<class>")
    ],
    out: Annotated[Path, typer.Option(help="folder of networks and results")] = Path(
        "runs/mobilenet_cifar10"
    ),
    width: Annotated[float, typer.Option(help="width multiplier")] = 0.5,
    dense_epochs: Annotated[int, typer.Option(help="epochs of the dense network", min=1)] = 20,
    epochs: Annotated[int, typer.Option(help="epochs after pruning", min=1)] = 7,
    seed: Annotated[int, typer.Option(help="the first", min=0)] = 0,
    seeds: Annotated[int, typer.Option(help="how many", min=1)] = 1,
    row: Annotated[
        list[str] | None, typer.Option(help="only these besides the dense ones; repeatable")
    ] = None,
) -> None:
    """Train what has no result yet, write report.json and print it."""
    try:
        torch.set_num_threads(1)
        chosen = tuple(name for name in (row or ()) if name != DENSE_LONGER)
        variants = (DENSE_LONGER, *chosen) if row else tuple(VARIANTS)
        plan = Plan(out, width, dense_epochs, epochs, tuple(range(seed, seed + seeds)), variants)
        images = open_images(data)
        rows = [found for one in plan.seeds for found in rows_of_seed(plan, images, one)]
        summary = summarised(rows)
        report = {"data": images.name, **asdict(plan), "out": None, "rows": rows, "summary": summary}
        write_atomically(out / "report.json", json.dumps(report, indent=2).encode())
        print_summary(plan, images.name, summary)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def open_images(data: Path) -> TrainingImages:
    images = open_training_images(data, Reading(SIZE))
    original = (data / "cifar-10-batches-py").is_dir()
    return images if original else replace(images, name="CIFAR-10 (JPEG)")


def run_folder(out: Path, seed: int, name: str) -> Path:
    return out / f"seed{seed}" / (DENSE_LONGER if name == DENSE else name)


def rows_of_seed(plan: Plan, images: TrainingImages, seed: int) -> list[Row]:
    """Return the figures of all networks of a seed, the dense one first."""
    runs = [run_of(plan, images, seed, name) for name in plan.variants]
    rows = [pruned_row(run, None if run is runs[0] else runs[0].out) for run in runs]
    return [dense_row(runs[0]), *rows]


def run_of(plan: Plan, images: TrainingImages, seed: int, name: str) -> Run:
    def tell(stage: str, record: EpochRecord) -> None:
        what = DENSE if stage == DENSE else name
        print(f"seed {seed}, {what}, epoch {record.epoch}: held-out {record.accuracy:.4f}", file=sys.stderr)

    folder = run_folder(plan.out, seed, name)
    return Run(plan.recipe(seed, name), images, folder, training_device(), "float32", tell)


def pruned_row(run: Run, dense_from: Path | None) -> Row:
    """Return the figures of a run, from its folder where it has ended."""
    report = finished(run) or run_image_pipeline(run.recipe, run.images, run.out, run.on_epoch, dense_from)
    assert report is not None  # one process only
    return {
        "name": run.out.name,
        "seed": run.recipe.seed,
        "sparsity": report["sparsity"],
        "held_out": report["pruned_held_out"],
        "test": report["pruned_test"],
        "epochs": run.recipe.epochs,
        "seconds": seconds(run.out / "pruned.json"),
        "packed_weights": report["packed_weights"],
        "packed_nonzero": report["packed_nonzero"],
        "payload_bytes": report["payload_bytes"],
        "packed_images": report["packed_images"],
        "packed_test": report["packed_test"],
        "float_test_of_these": report["pruned_test_of_packed_images"],
    }


def finished(run: Run) -> Row | None:
    """Return the report that a run of this recipe and of these images left in its folder, if there is one."""
    path = run.out / "report.json"
    if not path.exists() or written_purpose(run.out) != json.loads(json.dumps(purpose(run))):
        return None  # the pipeline goes on, or refuses the folder
    try:
        return dict(json.loads(path.read_text()))
    except ValueError:
        return None


def dense_row(run: Run) -> Row:
    """Return the figures of the dense network that a run began with."""
    path = run.out / "dense_row.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    network, facts = trained(run, DENSE, dense_network)
    silenced(run, network)
    few, settings = run.images.test.some(PACKED_TEST), run.settings(dense=True)
    model, _ = best_packed(run, network)
    row = {
        "name": DENSE,
        "seed": run.recipe.seed,
        "sparsity": 0.0,
        "held_out": facts["history"][-1]["accuracy"],
        "test": evaluate(network, run.images.test, settings),
        "epochs": run.recipe.dense_epochs,
        "seconds": seconds(run.out / "dense.json"),
        "packed_weights": model.weight_count,
        "packed_nonzero": model.nnz,
        "payload_bytes": ledger(model).payload_bytes,
        "packed_images": len(few),
        "packed_test": accuracy(model, few),
        "float_test_of_these": evaluate(network, few, settings),
    }
    write_atomically(path, json.dumps(row, indent=2).encode())
    return row


def seconds(history: Path) -> float:
    """Return the time in which a network was trained, scoring left out."""
    return float(sum(record["train_seconds"] for record in known_facts(history)["history"]))


def summarised(rows: list[Row]) -> list[Row]:
    """Return mean and sample deviation over the seeds by network; the deviation of one seed is None."""
    summary = []
    for name in dict.fromkeys(row["name"] for row in rows):
        same = [row for row in rows if row["name"] == name]
        one: Row = {"name": name, "seeds": len(same)}
        for figure in FIGURES:
            values = np.array([row[figure] for row in same], float)
            one[figure] = float(values.mean())
            one[f"{figure}_deviation"] = float(values.std(ddof=1)) if len(same) > 1 else None
        summary.append(one)
    return summary


def print_summary(plan: Plan, data: str, summary: list[Row]) -> None:
    seeds = ", ".join(map(str, plan.seeds))
    table = Table(title=f"{data}, MobileNet-V1 {plan.width:g}, seed {seeds}")
    for column in ("network", "zeros", "test", "packed test", "float, same images", "payload"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for row in summary:
        accuracies = (shown(row, key) for key in ("test", "packed_test", "float_test_of_these"))
        table.add_row(row["name"], f"{row['sparsity']:.2%}", *accuracies, f"{row['payload_bytes']:,.0f} B")
    Console().print(table)


def shown(row: Row, figure: str) -> str:
    deviation = row[f"{figure}_deviation"]
    return f"{100 * row[figure]:.2f}" + ("" if deviation is None else f" \u00b1 {100 * deviation:.2f}")


if __name__ == "__main__":
    typer.run(main)

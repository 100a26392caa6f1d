"""HAR-2 from six axes: the device's gravity filter in place of the data set's, and a network that needs no filter."""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from har.data import HarData, Split, without_body_acceleration
from har.dataset import load_har
from har.gravity import filtered_each, filtered_joined, recordings
from har.packing import pack_har, packed_accuracy
from har.recipe import load_recipe
from har.sensor import COUNTS_PER_G, to_counts
from har.training import prepare, train_pruned
from tinygmp.artifact import write_atomically
from tinygmp.errors import TinyGmpError
from tinygmp.graph.file import load_model, save_model
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run
from tinygmp.quant.gravity import corner_hz

RATE_HZ = 50.0
SHIPPED = Path(__file__).parents[2] / "har" / "pretrained" / "har2.tgmp"
console = Console(width=None if sys.stdout.isatty() else 140)


@dataclass(frozen=True)
class Row:
    """Accuracy of integer models on the nine test people, per cent; difference_g: deviation (root mean square) of
    body acceleration from the data set's own."""

    input: str
    test_accuracy: float
    difference_g: float | None
    held_out_accuracy: float | None = None
    nnz: int | None = None
    payload_bytes: int | None = None


def main(
    model: Annotated[Path, typer.Option(help="the nine-channel packed model")] = SHIPPED,
    data: Annotated[str | None, typer.Option(help="UCI HAR folder or zip, 'uci' or 'synthetic'")] = None,
    six: Annotated[int, typer.Option(help="six-channel networks to train, seeds 0, 1 ...", min=0)] = 1,
    first: Annotated[int, typer.Option(help="the first seed of the six-channel networks", min=0)] = 0,
    recipe: Annotated[str, typer.Option(help="recipe of the six-channel networks")] = "default",
    out: Annotated[Path, typer.Option(help="folder of the report and the trained models")] = Path(
        "runs/har2_gravity"
    ),
) -> None:
    """Measure, print and write har2_gravity.json; models that were trained before are taken as they are."""
    try:
        found = load_har(data)
        rows = nine_channel_rows(load_model(model), found.test)
        rows += [six_channel_row(found, recipe, seed, out) for seed in range(first, first + six)]
        report = {
            "data": found.name,
            "data_sha256": found.sha256,
            "synthetic": found.synthetic,
            "test_windows": len(found.test),
            "recordings": recording_lengths(found.test),
            "corner_hz": corner_hz(RATE_HZ),
            "rows": [asdict(row) for row in rows],
            "start_up": start_up(load_model(model), found.test),
        }
        write_atomically(out / "har2_gravity.json", (json.dumps(report, indent=2) + "\n").encode())
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)
    show(rows)
    console.print(f"report: {out / 'har2_gravity.json'}")


def nine_channel_rows(model: PackedModel, test: Split) -> list[Row]:
    own = to_counts(test.windows)
    inputs = (
        ("nine channels of the data set", own),
        ("device's gravity filter, running through each recording", filtered_joined(test)),
        ("device's gravity filter, begun anew in every window", filtered_each(test)),
        ("no body acceleration at all (zeros)", without(own)),
    )
    return [Row(name, accuracy(model, x, test), difference_g(x, own)) for name, x in inputs]


def accuracy(model: PackedModel, counts: np.ndarray, split: Split) -> float:
    return 100.0 * float(np.mean(run(model, counts).classes == split.labels))


def without(counts: np.ndarray) -> np.ndarray:
    silent = counts.copy()
    silent[..., :3] = 0
    return silent


def difference_g(counts: np.ndarray, own: np.ndarray) -> float:
    """Return the root mean square difference of body acceleration, in g."""
    difference = (counts[..., :3].astype(float) - own[..., :3]) / COUNTS_PER_G
    return float(np.sqrt(np.mean(difference**2)))


def recording_lengths(test: Split) -> dict[str, float]:
    """Return how many unbroken recordings the windows were cut from, and how long they are."""
    seconds = [(len(recording) + 1) * 64 / RATE_HZ for recording in recordings(test)]
    return {"count": len(seconds), "mean_seconds": float(np.mean(seconds)), "shortest_seconds": min(seconds)}


def start_up(model: PackedModel, test: Split) -> list[dict[str, Any]]:
    """Return, by a window's place in its recording, what the filter's start costs: the first estimate is one sample."""
    own, running = to_counts(test.windows), filtered_joined(test)
    place = np.concatenate([np.arange(len(recording)) for recording in recordings(test)])
    rows: list[dict[str, Any]] = []
    for label, chosen in (
        ("1", place == 0),
        ("2", place == 1),
        ("3", place == 2),
        ("4 and later", place > 2),
    ):
        if not chosen.any():
            continue
        part = test.where(chosen)
        rows.append(
            {
                "window": label,
                "windows": len(part),
                "difference_g": difference_g(running[chosen], own[chosen]),
                "test_accuracy": accuracy(model, running[chosen], part),
                "test_accuracy_of_the_data_set": accuracy(model, own[chosen], part),
            }
        )
    return rows


def six_channel_row(data: HarData, recipe: str, seed: int, out: Path) -> Row:
    """Train the recipe on angular rate and total acceleration alone, unless its model lies in the folder."""
    six = without_body_acceleration(data)
    prepared = prepare(six, load_recipe(recipe), seed)
    path = out / f"six_{recipe}_seed{seed}.tgmp"
    if not path.exists():
        trained = train_pruned(prepared, load_recipe(recipe), seed, lambda *epoch: None, None)
        save_model(pack_har(trained.graph, prepared, six, recipe, seed), path)
    model = load_model(path)
    return Row(
        input=f"six channels, no filter, trained for it (recipe {recipe}, seed {seed})",
        test_accuracy=packed_accuracy(model, prepared.test),
        difference_g=None,
        held_out_accuracy=packed_accuracy(model, prepared.validation),
        nnz=model.nnz,
        payload_bytes=ledger(model).payload_bytes,
    )


def show(rows: list[Row]) -> None:
    table = Table(
        "input", "test %", "difference g", "held-out %", "nonzero", "payload B", title="HAR-2 from six axes"
    )
    for row in rows:
        numbers = (row.test_accuracy, row.difference_g, row.held_out_accuracy, row.nnz, row.payload_bytes)
        forms = ("{:.2f}", "{:.4f}", "{:.2f}", "{}", "{}")
        table.add_row(
            row.input,
            *(form.format(x) if x is not None else "" for form, x in zip(forms, numbers, strict=True)),
        )
    console.print(table)


if __name__ == "__main__":
    typer.run(main)

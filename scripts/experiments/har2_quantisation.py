"""HAR-2 in fewer bits: the seeds of scripts/har2_seeds.py with coarser values, fine-tuned, beside their int8 form."""

import json
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from har.data import HarData
from har.dataset import load_har
from har.packing import CALIBRATION_WINDOWS, pack_har, packed_accuracy
from har.recipe import Recipe, load_recipe
from har.sensor import to_counts
from har.training import Prepared, prepare
from tinygmp.artifact import write_atomically
from tinygmp.errors import ConfigError, DataError, TinyGmpError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.sensor_input import normalise_counts
from tinygmp.graph.file import load_model, save_model
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.pack.storage import Storage, Width
from tinygmp.pack.unpack import unpack
from tinygmp.pack.width_budget import choose_widths
from tinygmp.train.augment import Augmentation, WindowBatches
from tinygmp.train.fastgrnn_quantized import QuantizedClassifier
from tinygmp.train.fit import fit
from tinygmp.train.settings import WindowSettings

CODEBOOKS = ("codebook16", "codebook8", "codebook4")
LEVELS = ("int8", "int4", "power2", "ternary")
MIXED = "mixed"


@dataclass(frozen=True)
class Plan:
    """What is tried: a value format for the matrices, or 'mixed' within a payload budget; and epochs of fine-tuning."""

    values: str
    epochs: int
    most_bytes: int

    def __post_init__(self) -> None:
        known = (*CODEBOOKS, *LEVELS, MIXED)
        if self.values not in known:
            raise ConfigError(f"values '{self.values}' are unknown; known: {', '.join(known)}")


@dataclass(frozen=True)
class Result:
    """Packed accuracies in per cent before and after; value bytes include codebooks."""

    seed: int
    int8_accuracy: float
    accuracy: float
    int8_held_out_accuracy: float
    held_out_accuracy: float
    int8_value_bytes: int
    value_bytes: int
    int8_payload_bytes: int
    payload_bytes: int
    formats: dict[str, str]
    synthetic: bool


def main(
    seeds: Annotated[Path, typer.Option(help="folder of har2_seeds.py")] = Path("runs/har2_seeds"),
    recipe: Annotated[str, typer.Option(help="the recipe of those seeds")] = "default",
    data: Annotated[str | None, typer.Option(help="UCI HAR folder or zip, 'uci' or 'synthetic'")] = None,
    values: Annotated[
        str, typer.Option(help="codebook4-16, int8, int4, power2, ternary or mixed")
    ] = "codebook16",
    epochs: Annotated[int, typer.Option(help="epochs of fine-tuning", min=0)] = 8,
    most_bytes: Annotated[int, typer.Option(help="payload budget of 'mixed', bytes")] = 1000,
    out: Annotated[Path, typer.Option(help="folder of results")] = Path("runs/har2_quantisation"),
) -> None:
    """Fine-tune each seed's model that has no result yet, then write summary.json and print it."""
    try:
        plan = Plan(values, epochs, most_bytes)
        models = sorted(seeds.glob("seed*.tgmp"))
        if not models:
            raise DataError(f"'{seeds}' holds no seed*.tgmp; run scripts/har2_seeds.py first")
        found, chosen = load_har(data), load_recipe(recipe)
        for path in models:
            if not (out / f"{path.stem}.json").exists():
                run_model(path, chosen, found, plan, out)
        summarise(out, plan)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def run_model(path: Path, recipe: Recipe, data: HarData, plan: Plan, out: Path) -> None:
    """Fine-tune, pack and score one model."""
    before = load_model(path)
    seed = int(before.provenance["seed"])
    prepared = prepare(data, recipe, seed)
    graph = unpack(before)
    network = QuantizedClassifier(graph, widths_of(graph, prepared, before, plan))
    if plan.epochs:
        fine_tune(network, prepared, recipe, plan.epochs, seed)
    widths = {name: Width(network.widths[name], scale) for name, scale in network.scales().items()}
    shared = tuple(sorted({width for width in network.widths.values() if width in CODEBOOKS}))
    storage = Storage(value_formats=("int8", *shared), widths=widths)
    after = pack_har(network.graph(), prepared, data, f"{recipe.name}, {plan.values}", seed, storage)
    save_model(after, out / path.name)
    result = Result(
        seed=seed,
        int8_accuracy=packed_accuracy(before, prepared.test),
        accuracy=packed_accuracy(after, prepared.test),
        int8_held_out_accuracy=packed_accuracy(before, prepared.validation),
        held_out_accuracy=packed_accuracy(after, prepared.validation),
        int8_value_bytes=value_bytes(before),
        value_bytes=value_bytes(after),
        int8_payload_bytes=ledger(before).payload_bytes,
        payload_bytes=ledger(after).payload_bytes,
        formats={tensor.name: tensor.value_format for tensor in after.tensors()},
        synthetic=data.synthetic,
    )
    write_atomically(out / f"{path.stem}.json", json.dumps(asdict(result), indent=2).encode())
    print(f"{path.stem}: {result.int8_accuracy:.2f} -> {result.accuracy:.2f} %", file=sys.stderr)


def widths_of(graph: FloatGraph, prepared: Prepared, before: PackedModel, plan: Plan) -> dict[str, str]:
    """Return the value format of each matrix that is made coarser; the small classifier keeps int8 levels."""
    if plan.values == MIXED:
        rest = ledger(before).payload_bytes - sum(tensor.payload_bytes for tensor in before.tensors())
        chosen = np.linspace(0, len(prepared.train) - 1, CALIBRATION_WINDOWS).astype(int)
        x = normalise_counts(prepared.scaling, to_counts(prepared.train.windows[chosen]))
        widths = choose_widths(graph, x, plan.most_bytes - rest)
        return {name: width.value_format for name, width in widths.items()}
    names = [name for name in graph.prunable() if plan.values in CODEBOOKS or name != "classifier.weights"]
    return dict.fromkeys(names, plan.values)


def fine_tune(
    network: QuantizedClassifier, prepared: Prepared, recipe: Recipe, epochs: int, seed: int
) -> None:
    """Train the quantised network on the training people, masks fixed."""
    augmentation = Augmentation(recipe.augmentation.rotation_degrees, recipe.augmentation.noise)
    settings = WindowSettings(
        epochs=epochs, batch_size=recipe.training.batch_size, learning_rate=1e-3, weight_decay=0.0, seed=seed
    )
    batches = WindowBatches(prepared.train, prepared.scaling, augmentation)
    fit(network, batches, prepared.train.labels, settings)


def value_bytes(model: PackedModel) -> int:
    """Return the bytes of all value streams and codebooks."""
    return sum(
        len(data) for tensor in model.tensors() for name, data in tensor.streams.items() if name != "index"
    )


def summarise(out: Path, plan: Plan) -> None:
    """Write and print means and deviations."""
    results = [Result(**json.loads(path.read_text())) for path in sorted(out.glob("seed*.json"))]
    names = [name for name in Result.__dataclass_fields__ if name not in ("seed", "formats", "synthetic")]
    columns = {name: [getattr(result, name) for result in results] for name in names}
    means = {name: statistics.fmean(values) for name, values in columns.items()}
    summary = {
        "plan": asdict(plan),
        "seeds": [asdict(result) for result in results],
        "mean": means,
        "deviation": {name: statistics.pstdev(values) for name, values in columns.items()},
        "accuracy_change": means["accuracy"] - means["int8_accuracy"],
        "value_bytes_saved": 1 - means["value_bytes"] / means["int8_value_bytes"],
    }
    write_atomically(out / "summary.json", json.dumps(summary, indent=2).encode())
    table = Table(title=plan.values + (" (SYNTHETIC data)" if results[0].synthetic else ""))
    for name in ("seed", *names):
        table.add_column(name.replace("_", " "), justify="right")
    for result in results:
        table.add_row(str(result.seed), *(shown(getattr(result, name)) for name in names))
    table.add_row("mean", *(shown(means[name]) for name in names))
    Console().print(table)


def shown(value: float) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    typer.run(main)

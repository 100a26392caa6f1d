"""HAR-2 in 4 bits or fewer: the seeds of har2_seeds.py with few shared values a matrix, beside their int8 form."""

import json
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from har.augment import Augmentation, WindowBatches
from har.data import HarData
from har.dataset import load_har
from har.packing import pack_har, packed_accuracy
from har.recipe import Recipe, load_recipe
from har.training import prepare
from tinygmp.artifact import write_atomically
from tinygmp.errors import ConfigError, DataError, TinyGmpError
from tinygmp.models.fastgrnn_codebook import CodebookClassifier
from tinygmp.pack.storage import Storage
from tinygmp.pack.unpack import unpack_fastgrnn
from tinygmp.packed.file import load_model, save_model
from tinygmp.packed.model import PackedModel
from tinygmp.packed.sizes import ledger
from tinygmp.train.fit import fit
from tinygmp.train.settings import WindowSettings

DEFAULT_ENTRIES = 16


@dataclass(frozen=True)
class CodebookResult:
    """Packed accuracies in per cent; value bytes include codebooks."""

    seed: int
    int8_accuracy: float
    codebook_accuracy: float
    codebook_held_out_accuracy: float
    int8_value_bytes: int
    codebook_value_bytes: int
    int8_payload_bytes: int
    codebook_payload_bytes: int
    synthetic: bool


def main(
    seeds: Annotated[Path, typer.Option(help="folder of har2_seeds.py")] = Path("runs/har2_seeds"),
    recipe: Annotated[str, typer.Option(help="the recipe of those seeds")] = "default",
    data: Annotated[str | None, typer.Option(help="UCI HAR folder or zip, 'uci' or 'synthetic'")] = None,
    entries: Annotated[int, typer.Option(help="values a matrix: 4, 8 or 16")] = DEFAULT_ENTRIES,
    epochs: Annotated[int, typer.Option(help="epochs of fine-tuning", min=1)] = 8,
    out: Annotated[Path, typer.Option(help="folder of results")] = Path("runs/har2_codebook"),
) -> None:
    """Fine-tune each seed's model that has no result yet, then write summary.json and print it."""
    try:
        if entries not in (4, 8, 16):
            raise ConfigError(f"{entries} values a matrix: there are codebooks of 4, 8 and 16")
        models = sorted(seeds.glob("seed*.tgmp"))
        if not models:
            raise DataError(f"'{seeds}' holds no seed*.tgmp; run scripts/har2_seeds.py first")
        found, chosen = load_har(data), load_recipe(recipe)
        for path in models:
            if not (out / f"{path.stem}.json").exists():
                run_model(path, chosen, found, (entries, epochs), out)
        summarise(out, entries)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def run_model(path: Path, recipe: Recipe, data: HarData, plan: tuple[int, int], out: Path) -> None:
    """Fine-tune, pack and score one model; the plan is values a matrix and epochs."""
    entries, epochs = plan
    before = load_model(path)
    seed = int(before.provenance["seed"])
    prepared = prepare(data, recipe, seed)
    network = CodebookClassifier(unpack_fastgrnn(before), entries)
    augmentation = Augmentation(recipe.augmentation.rotation_degrees, recipe.augmentation.noise)
    settings = WindowSettings(
        epochs=epochs, batch_size=recipe.training.batch_size, learning_rate=1e-3, weight_decay=0.0, seed=seed
    )
    fit(
        network,
        WindowBatches(prepared.train, prepared.scaling, augmentation),
        prepared.train.labels,
        settings,
    )
    storage = Storage(value_formats=("int8", f"codebook{entries}"))
    after = pack_har(network.weights(), prepared, data, f"{recipe.name}, codebook{entries}", seed, storage)
    save_model(after, out / path.name)
    result = CodebookResult(
        seed=seed,
        int8_accuracy=packed_accuracy(before, prepared.test),
        codebook_accuracy=packed_accuracy(after, prepared.test),
        codebook_held_out_accuracy=packed_accuracy(after, prepared.validation),
        int8_value_bytes=value_bytes(before),
        codebook_value_bytes=value_bytes(after),
        int8_payload_bytes=ledger(before).payload_bytes,
        codebook_payload_bytes=ledger(after).payload_bytes,
        synthetic=data.synthetic,
    )
    write_atomically(out / f"{path.stem}.json", json.dumps(asdict(result), indent=2).encode())
    print(f"{path.stem}: {result.int8_accuracy:.2f} -> {result.codebook_accuracy:.2f} %", file=sys.stderr)


def value_bytes(model: PackedModel) -> int:
    """Return the bytes of all value streams and codebooks."""
    return sum(
        len(data) for tensor in model.tensors() for name, data in tensor.streams.items() if name != "index"
    )


def summarise(out: Path, entries: int) -> None:
    """Write and print means and deviations."""
    results = [CodebookResult(**json.loads(path.read_text())) for path in sorted(out.glob("seed*.json"))]
    names = [name for name in CodebookResult.__dataclass_fields__ if name not in ("seed", "synthetic")]
    columns = {name: [getattr(result, name) for result in results] for name in names}
    means = {name: statistics.fmean(values) for name, values in columns.items()}
    summary = {
        "seeds": [asdict(result) for result in results],
        "mean": means,
        "deviation": {name: statistics.pstdev(values) for name, values in columns.items()},
        "accuracy_change": means["codebook_accuracy"] - means["int8_accuracy"],
        "value_bytes_saved": 1 - means["codebook_value_bytes"] / means["int8_value_bytes"],
    }
    write_atomically(out / "summary.json", json.dumps(summary, indent=2).encode())
    table = Table(title=f"codebook of {entries}" + (" (SYNTHETIC data)" if results[0].synthetic else ""))
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

"""Train the HAR-2 recipe with several seeds, pack each, and report mean and deviation; stopped runs continue.

The seed to ship is chosen by the packed accuracy on held-out TRAINING people; the nine test people only score it.
"""

import json
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from har.data import HarData
from har.dataset import load_har
from har.packing import pack_har, packed_accuracy
from har.pipeline import check_writable
from har.recipe import Recipe, load_recipe
from har.training import prepare, train_pruned
from tinygmp.artifact import write_atomically
from tinygmp.errors import ConfigError, TinyGmpError
from tinygmp.graph.file import save_model
from tinygmp.graph.ledger import ledger
from tinygmp.train.fit import Epoch

console = Console()


@dataclass(frozen=True)
class SeedResult:
    """Accuracies in per cent; best_epoch_on_test is what papers report and is never used to choose."""

    seed: int
    held_out_accuracy: float
    test_accuracy: float
    float_test_accuracy: float
    best_epoch_on_test: float
    nnz: int
    payload_bytes: int
    synthetic: bool


def main(
    seeds: Annotated[int, typer.Option(help="number of seeds", min=1)] = 5,
    first: Annotated[int, typer.Option(help="the first seed", min=0)] = 0,
    recipe: Annotated[str, typer.Option(help="recipe name or TOML file")] = "default",
    data: Annotated[str | None, typer.Option(help="UCI HAR folder or zip, 'uci' or 'synthetic'")] = None,
    out: Annotated[Path, typer.Option(help="folder of results")] = Path("runs/har2_seeds"),
    jobs: Annotated[int, typer.Option(help="seeds trained at a time", min=1)] = 1,
) -> None:
    """Run every seed that has no result yet, then write summary.json and print it; exit code 2 for bad input."""
    try:
        chosen = load_recipe(recipe)
        check_writable(out)
        found = load_har(data)
        claim_folder(out, chosen, found)
        todo = [seed for seed in range(first, first + seeds) if not (out / f"seed{seed}.json").exists()]
        run_seeds(todo, chosen, found, out, jobs)
        summarise(out)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def claim_folder(out: Path, recipe: Recipe, data: HarData) -> None:
    """Write down what the folder's results are results of; ConfigError when it holds those of something else."""
    note = out / "recipe.json"
    wanted = {"recipe": recipe.model_dump(), "data": data.name, "data_sha256": data.sha256}
    if note.exists() and json.loads(note.read_text()) != wanted:
        raise ConfigError(
            f"'{out}' holds seeds of another recipe or of other data, see '{note}'; choose another --out"
        )
    write_atomically(note, json.dumps(wanted, indent=2).encode())


def run_seeds(todo: list[int], recipe: Recipe, data: HarData, out: Path, jobs: int) -> None:
    if jobs == 1:
        for seed in todo:
            run_seed(seed, recipe, data, out)
        return
    with ProcessPoolExecutor(max_workers=jobs, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(run_seed, seed, recipe, data, out) for seed in todo]
        for seed in running:
            seed.result()


def run_seed(seed: int, recipe: Recipe, data: HarData, out: Path) -> None:
    """Train, pack and score one seed, and write its result and model."""
    prepared = prepare(data, recipe, seed)
    clock = Clock()

    def show(stage: str, epoch: Epoch, epochs: int) -> None:
        left = clock.minutes_left(epoch.epoch + 1, epochs)
        if epoch.measured or epoch.warning:
            console.print(
                f"seed {seed}, epoch {epoch.epoch + 1} of {epochs}: loss {epoch.loss:.3f}, {epoch.nnz} weights, "
                f"{left:.0f} min left{f'; {epoch.warning}' if epoch.warning else ''}"
            )

    trained = train_pruned(prepared, recipe, seed, show, out / f"seed{seed}.pt")
    model = pack_har(trained.graph, prepared, data, recipe.name, seed)
    result = SeedResult(
        seed=seed,
        held_out_accuracy=packed_accuracy(model, prepared.validation),
        test_accuracy=packed_accuracy(model, prepared.test),
        float_test_accuracy=trained.test_accuracy,
        best_epoch_on_test=trained.best_epoch_test_accuracy,
        nnz=model.nnz,
        payload_bytes=ledger(model).payload_bytes,
        synthetic=data.synthetic,
    )
    save_model(model, out / f"seed{seed}.tgmp")
    write_atomically(out / f"seed{seed}.json", json.dumps(asdict(result), indent=2).encode())
    (out / f"seed{seed}.pt").unlink(missing_ok=True)


class Clock:
    """Says how long a training still takes, by the epochs seen so far; a resumed one starts somewhere."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.first: int | None = None

    def minutes_left(self, done: int, total: int) -> float:
        if self.first is None:
            self.first = done - 1
        return (time.monotonic() - self.started) / (done - self.first) * (total - done) / 60


def chosen_on_held_out(results: list[SeedResult]) -> SeedResult:
    """Return the seed to ship: most accurate on held-out people, then smallest, then first."""
    return max(results, key=lambda r: (r.held_out_accuracy, -r.payload_bytes, -r.seed))


def summarise(out: Path) -> None:
    """Write and print mean, deviation and the seed chosen on held-out people."""
    results = sorted(
        (SeedResult(**json.loads(path.read_text())) for path in out.glob("seed*.json")), key=lambda r: r.seed
    )
    best = chosen_on_held_out(results)
    figures = (
        "held_out_accuracy",
        "test_accuracy",
        "float_test_accuracy",
        "best_epoch_on_test",
        "payload_bytes",
    )
    spread = {
        name: {
            "mean": statistics.fmean(getattr(r, name) for r in results),
            "deviation": statistics.stdev(getattr(r, name) for r in results) if len(results) > 1 else 0.0,
        }
        for name in figures
    }
    summary = {
        "seeds": [asdict(r) for r in results],
        "spread": spread,
        "chosen_on_held_out_people": best.seed,
    }
    write_atomically(out / "summary.json", json.dumps(summary, indent=2).encode())
    table = Table(title="HAR-2, packed" + (" (SYNTHETIC data)" if best.synthetic else ""))
    for column in ("seed", *figures):
        table.add_column(column.replace("_", " "), justify="right")
    for r in results:
        row = [f"{getattr(r, name):.2f}" for name in figures[:-1]] + [f"{r.payload_bytes}"]
        table.add_row(f"{r.seed}{' *' if r.seed == best.seed else ''}", *row)
    table.add_row("mean", *(f"{spread[name]['mean']:.2f}" for name in figures))
    table.add_row("deviation", *(f"{spread[name]['deviation']:.2f}" for name in figures))
    console.print(table)
    console.print(
        "* chosen on held-out training people; 'best epoch on test' is shown for comparison with papers only"
    )


if __name__ == "__main__":
    typer.run(main)

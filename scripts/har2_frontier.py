"""HAR-2 at four sizes: sparse networks of 4-bit values taught by dense ones, each scored once on the test people.

    python scripts/har2_frontier.py train --out runs/har2_frontier --jobs 2
    python scripts/har2_frontier.py score --out runs/har2_frontier --report docs/reports/har2_frontier.json

`train` sees the 21 training people alone and goes on where it was stopped; every setting stands below, fixed before any
network was scored. `score` reads the nine test people, the last epoch of every network, and chooses nothing.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file, save_file

from har.data import HarData
from har.dataset import load_har
from har.frontier import (
    Course,
    Size,
    everybody,
    narrowed,
    network,
    packed,
    taught,
    train_student,
    train_teacher,
)
from har.packing import packed_accuracy
from har.recipe import load_recipe
from tinygmp.artifact import write_atomically
from tinygmp.errors import DataError, TinyGmpError
from tinygmp.graph.file import load_model, save_model
from tinygmp.graph.ledger import ledger
from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.train.evaluate import accuracy
from tinygmp.train.fit import Epoch

SIZES = (
    Size("har2-512b", 512, hidden=40, nonzeros=285),
    Size("har2-1kb", 1024, hidden=64, nonzeros=730),
    Size("har2-2kb", 2048, hidden=80, nonzeros=1880),
    Size("har2-3kb", 3072, hidden=96, nonzeros=3000),
)
TARGETS = {"har2-512b": 96.5, "har2-1kb": 97.2, "har2-2kb": 97.7, "har2-3kb": 98.0}
FIRST_TEACHER = 3000
SHOWN_EPOCHS = 16
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Out = Annotated[Path, typer.Option(help="folder of checkpoints and models")]
Data = Annotated[str | None, typer.Option(help="UCI HAR folder or zip, 'uci' or 'synthetic'")]
Quick = Annotated[bool, typer.Option(help="few epochs, whose accuracy means nothing")]


@app.command()
def train(
    out: Out = Path("runs/har2_frontier"),
    data: Data = None,
    seeds: Annotated[int, typer.Option(help="networks of each size", min=1)] = 5,
    first: Annotated[int, typer.Option(help="the first seed", min=0)] = 100,
    jobs: Annotated[int, typer.Option(help="networks trained at a time", min=1)] = 1,
    quick: Quick = False,
) -> None:
    """Train teachers, then every network that is not there yet, the sizes of one seed after another."""
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    course = course_of(quick)
    found = load_har(data)
    began = time.time()
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        wanted = [(out, found, course, FIRST_TEACHER + index) for index in range(course.teachers)]
        teachers = list(pool.map(teach, *zip(*wanted, strict=True)))
    tell(f"{len(teachers)} teachers after {time.time() - began:.0f} s")
    shared["batches"] = taught(everybody(found), load_recipe("default"), course, teachers)
    tell(f"{course.views} views answered after {time.time() - began:.0f} s")
    todo = [
        (out, found, course, size, seed)
        for seed in range(first, first + seeds)
        for size in SIZES
        if not (out / f"{size.name}_seed{seed}.tgmp").exists()
    ]
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:  # begun here, so that all share the views
        for done in pool.map(study, *zip(*todo, strict=True)) if todo else ():
            tell(f"{done} after {time.time() - began:.0f} s")
    write_atomically(out / "seconds.json", json.dumps({"seconds": round(time.time() - began)}).encode())


shared: dict = {}  # what forked processes find as it was


def course_of(quick: bool) -> Course:
    return Course(2, 24, 4, 2, 8, 2) if quick else Course()


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def teach(out: Path, data: HarData, course: Course, seed: int) -> FastGrnnClassifier:
    """Return a teacher, trained or as it was stored."""
    torch.set_num_threads(1)
    path = out / f"teacher{seed}.safetensors"
    if path.exists():
        teacher = network(course.teacher_hidden, seed)
        teacher.load_state_dict(load_file(path))
        return teacher
    progress = watcher(f"teacher {seed}", course.teacher_epochs)
    recipe = load_recipe("default")
    teacher = train_teacher(everybody(data), recipe, course, seed, progress, path.with_suffix(".checkpoint"))
    save_file(teacher.state_dict(), path)
    return teacher


def study(out: Path, data: HarData, course: Course, size: Size, seed: int) -> str:
    """Train, narrow and pack one network."""
    torch.set_num_threads(1)
    name = f"{size.name}_seed{seed}"
    prepared, recipe, batches = everybody(data), load_recipe("default"), shared["batches"]
    progress, checkpoint = watcher(name, course.epochs), out / f"{name}.checkpoint"
    student = train_student(prepared, recipe, course, batches, size, seed, progress, checkpoint)
    save_file(student.state_dict(), out / f"{name}.safetensors")
    coarse = narrowed(student, prepared, course, batches, size, seed)
    model = packed(coarse, prepared, data, size, seed)
    save_model(model, out / f"{name}.tgmp")
    checkpoint.unlink(missing_ok=True)
    return f"{name}: {model.nnz} nonzeros, {ledger(model).payload_bytes} B"


def watcher(name: str, epochs: int):  # type: ignore[no-untyped-def]
    def on_epoch(epoch: Epoch) -> None:
        if epoch.epoch % SHOWN_EPOCHS == SHOWN_EPOCHS - 1:
            tell(f"{name}: epoch {epoch.epoch + 1} of {epochs}, loss {epoch.loss:.3f}, {epoch.nnz} nonzeros")

    return on_epoch


@app.command()
def score(
    out: Out = Path("runs/har2_frontier"),
    data: Data = None,
    report: Annotated[Path | None, typer.Option(help="the report to write")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the report instead of a table")] = False,
    quick: Quick = False,
) -> None:
    """Score every network that is there on the test people: packed integers, last epoch."""
    found = load_har(data)
    rows = [row for size in SIZES if (row := row_of(out, found, size)) is not None]
    if not rows:
        raise DataError(f"'{out}' holds no networks; run the same script with 'train' first")
    course = course_of(quick)
    content = {
        "data": found.name,
        "synthetic": found.synthetic,
        "trained_on": "all 21 training people; nothing was chosen on the nine test people",
        "course": course.__dict__,
        "sizes": rows,
    }
    text = json.dumps(content, indent=1) + "\n"
    if report is not None:
        write_atomically(report, text.encode())
    if as_json:
        print(text, end="")
        return
    table = Table(
        title="HAR-2, packed integers, last epoch" + (" (SYNTHETIC data)" if found.synthetic else "")
    )
    for name in ("size", "payload, B", "nonzeros", "seeds", "test accuracy, %", "float, %", "target, %"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*cells(row))
    Console().print(table)


def cells(row: dict) -> Iterator[str]:
    yield row["name"]
    yield f"{row['payload_bytes']['mean']:,.0f} (limit {row['most_bytes']:,})"
    yield f"{row['nnz']['mean']:,.0f}"
    yield str(len(row["seeds"]))
    yield f"{row['test_accuracy']['mean']:.2f} ± {row['test_accuracy']['deviation']:.2f}"
    yield f"{row['float_test_accuracy']['mean']:.2f} ± {row['float_test_accuracy']['deviation']:.2f}"
    yield f"{row['target']:.1f}"


def row_of(out: Path, data: HarData, size: Size) -> dict | None:
    """Return one size's seeds, with means and deviations."""
    seeds = []
    scaling = everybody(data).scaling
    normalised = ((data.test.windows - scaling.mean) / scaling.std).astype(np.float32)
    for path in sorted(out.glob(f"{size.name}_seed*.tgmp")):
        model, seed = load_model(path), int(path.stem.split("seed")[1])
        student = network(size.hidden, seed)
        student.load_state_dict(load_file(path.with_suffix(".safetensors")))
        seeds.append(
            {
                "seed": seed,
                "test_accuracy": packed_accuracy(model, data.test),
                "float_test_accuracy": accuracy(student, normalised, data.test.labels),
                "nnz": model.nnz,
                "payload_bytes": ledger(model).payload_bytes,
            }
        )
    if not seeds:
        return None
    spread = {
        name: {
            "mean": statistics.fmean(seed[name] for seed in seeds),
            "deviation": statistics.stdev([seed[name] for seed in seeds]) if len(seeds) > 1 else 0.0,
        }
        for name in ("test_accuracy", "float_test_accuracy", "nnz", "payload_bytes")
    }
    return {
        "name": size.name, "most_bytes": size.most_bytes, "hidden": size.hidden, "values": size.values,
        "target": TARGETS[size.name], **spread, "seeds": seeds,
    }  # fmt: skip


if __name__ == "__main__":
    try:
        app(standalone_mode=False)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)

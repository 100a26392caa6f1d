"""Proof that the generated C answers as the reference does, to the last bit: random models and the shipped one.

240 random models over every storage format on this machine under AddressSanitizer and UndefinedBehaviorSanitizer, each
also on one of the simulated cores; 80 bitmask models more on AVR, which has assembler for them; the shipped model on
every simulated core, and on all test windows of UCI HAR on this machine where TINYGMP_DATA is set. 300 random graphs of
every operator, half of them at the edges of what operators take, on this machine under the same sanitizers and in every
runtime, 40 that fit the board on each simulated core of 32 bits; 100 calibrated ones against the limits of every form.
What is done is kept: a second run goes on.

    TINYGMP_DATA=... python scripts/check_parity.py --out runs/parity
"""

import hashlib
import json
import sys
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from parity_of_graphs import BUILDS, Job, graph_jobs, measured
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from converters.base import converter
from tinygmp.artifact import write_atomically
from tinygmp.device.host import run_on_host
from tinygmp.errors import RangeError, SimulationError, UnsupportedError
from tinygmp.graph.file import load_model
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_cells import random_cells
from tinygmp.graph.random_formats import STEPS, random_of_formats
from tinygmp.graph.reference.run import run
from tinygmp.pack.repack import Wish, repack
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS

SHIPPED = Path(__file__).parents[1] / "har" / "pretrained" / "har2.tgmp"
BOARDS = {
    "nucleo-f446re": 256,
    "nucleo-g071rb": 256,
    "longan-nano": 256,
    "ch32v003": 256,
    "arduino-uno": 256,
    "attiny85": 256,
    "msp430g2553": 16,
}  # windows of the shipped model; the MSP430's simulator is slow


def main(
    out: Annotated[Path, typer.Option(help="folder of results")] = Path("runs/parity"),
    models: Annotated[int, typer.Option(help="random models", min=1)] = 240,
    windows: Annotated[
        int, typer.Option(help="at most so many windows of the shipped model a core", min=1)
    ] = 256,
    graphs: Annotated[int, typer.Option(help="random graphs on this machine", min=1)] = 300,
    graphs_per_core: Annotated[int, typer.Option(help="random graphs on each simulated core", min=1)] = 40,
) -> None:
    """Run what has no result yet, write report.json, print it; exit code 1 if any answer differs."""
    out.mkdir(parents=True, exist_ok=True)
    claim(out)
    jobs = {**random_jobs(models), **shipped_jobs(windows), **graph_jobs(graphs, graphs_per_core)}
    rows = []
    with Progress(console=Console(stderr=True)) as progress:
        for name, job in progress.track(jobs.items(), description="parity"):
            path = out / f"{name.replace(' ', '_').replace('/', '_')}.json"
            if not path.exists():
                write_atomically(path, json.dumps({"name": name, **job()}).encode())
            rows.append(json.loads(path.read_text()))
    report = {"rows": rows, "totals": totals(rows)}
    write_atomically(out / "report.json", json.dumps(report, indent=2).encode())
    show(rows)
    sys.exit(1 if any(row.get("logit_mismatches") or row.get("class_mismatches") for row in rows) else 0)


def claim(out: Path) -> None:
    """Write which engine the folder's results are of, or end with 2 where they are of another."""
    digest = hashlib.sha256()
    for folder in ("converters/to_c", "tinygmp/graph", "tinygmp/device"):
        for path in sorted((SHIPPED.parents[2] / folder).rglob("*.*")):
            digest.update(path.read_bytes() if path.is_file() and path.suffix != ".pyc" else b"")
    mark = out / "engine.txt"
    if mark.exists() and mark.read_text() != digest.hexdigest():
        Console(stderr=True).print(f"error: '{out}' holds results of another engine; give another folder")
        sys.exit(2)
    write_atomically(mark, digest.hexdigest().encode())


def random_jobs(count: int) -> dict[str, Job]:
    """Return jobs by name: every pair of formats in turn, on this machine and on one core each."""
    pairs = list(product(INDEX_FORMATS, VALUE_FORMATS))
    jobs: dict[str, Job] = {}
    for seed in range(count):
        formats = pairs[seed * 7 % len(pairs)]
        jobs[f"random {seed} host"] = lambda seed=seed, formats=formats: on_host(seed, formats)
        board = list(BOARDS)[seed % len(BOARDS)]
        jobs[f"random {seed} core"] = lambda seed=seed, formats=formats, board=board: on_core(
            seed, formats, board
        )
    for seed in range(count // 3):
        board = list(BOARDS)[seed % len(BOARDS)]
        jobs[f"cells {seed} host"] = lambda seed=seed: on_host(seed, None)
        jobs[f"cells {seed} core"] = lambda seed=seed, board=board: on_core(seed, None, board)
    for seed in range(count // 3):  # tg_one_run_avr.c, which few of the pairs above meet
        jobs[f"bitmask {seed} core"] = lambda seed=seed: on_core(seed, ("bitmask", "int8"), "arduino-uno")
    return jobs


def random_chain(seed: int, formats: tuple[str, str] | None) -> PackedModel:
    """Return a random FastGRNN of these formats, or without any random GRU and LSTM cells."""
    return random_of_formats(seed, *formats) if formats else random_cells(seed)


def on_host(seed: int, formats: tuple[str, str] | None) -> dict[str, object]:
    try:
        model = random_chain(seed, formats)
        artifact = converter("c")(model)
    except (RangeError, UnsupportedError) as error:
        return {"group": "random, this machine", "refused": str(error)}
    counts = hard_counts(model, seed)
    defines = (f"TG_PROFILE={seed % 3}",)
    try:
        found = run_on_host(artifact, counts, sanitize=True, defines=defines)
    except SimulationError as error:  # what a sanitizer finds counts as every window wrong
        wrong = {"windows": len(counts), "class_mismatches": len(counts), "logit_mismatches": len(counts)}
        return {"group": "random, this machine", "formats": formats, "error": str(error), **wrong}
    expected = run(model, counts)
    different = (found.logits != expected.logits).any(axis=1)
    return {
        "group": "random, this machine",
        "formats": formats,
        "windows": len(counts),
        "class_mismatches": int((found.classes != expected.classes).sum()),
        "logit_mismatches": int(different.sum()),
        "worst_logit_difference": int(np.abs(found.logits - expected.logits).max()),
    }


def on_core(seed: int, formats: tuple[str, str] | None, board: str) -> dict[str, object]:
    try:
        model = random_chain(seed, formats)
        return measured(model, board, hard_counts(model, seed), BUILDS[seed % 3], f"random, {board}")
    except (RangeError, UnsupportedError) as error:
        return {"group": f"random, {board}", "refused": str(error)}


def hard_counts(model: PackedModel, seed: int) -> np.ndarray:
    """Return windows of every kind: random, small, at both ends, constant, and between the ends each step."""
    rng, shape = np.random.default_rng([seed, 2]), (1, STEPS, model.input.channels)
    windows = [rng.integers(-32768, 32768, shape), rng.integers(-900, 900, shape)]
    windows += [np.full(shape, value) for value in (32767, -32768, 0)]
    windows.append(np.where(np.arange(STEPS)[:, None] % 2, 32767, -32768) * np.ones(shape, int))
    return np.concatenate(windows).astype(np.int16)


def shipped_jobs(windows: int) -> dict[str, Job]:
    """Return jobs by name: the shipped model on every core, as it is and as csr8, and all test windows here."""
    from har.dataset import load_har
    from har.sensor import to_counts

    model, data = load_model(SHIPPED), load_har()
    name = "synthetic windows" if data.synthetic else f"{data.name} test windows"
    counts = to_counts(data.test.windows)
    quick = repack(model, Wish(("csr8",))).model
    jobs: dict[str, Job] = {}
    for board, most in BOARDS.items():
        some = counts[np.linspace(0, len(counts) - 1, min(most, windows)).astype(int)]
        jobs[f"shipped csr8 {board}"] = lambda board=board, some=some: measured(
            quick, board, some, "fastest", f"shipped as csr8, {name}"
        )
        jobs[f"shipped {board}"] = lambda board=board, some=some: measured(
            model, board, some, "smallest", f"shipped as it is, {name}"
        )
    if not data.synthetic:
        jobs["shipped host"] = lambda: all_windows(model, counts, name)
    return jobs


def all_windows(model: PackedModel, counts: np.ndarray, name: str) -> dict[str, object]:
    found, expected = run_on_host(converter("c")(model), counts, sanitize=True), run(model, counts)
    return {
        "group": f"shipped, this machine, {name}",
        "windows": len(counts),
        "class_mismatches": int((found.classes != expected.classes).sum()),
        "logit_mismatches": int((found.logits != expected.logits).any(axis=1).sum()),
        "worst_logit_difference": int(np.abs(found.logits - expected.logits).max()),
    }


def totals(rows: list[dict[str, object]]) -> dict[str, dict[str, int]]:
    """Return sums by group."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        total = found.setdefault(
            str(row["group"]),
            dict.fromkeys(("models", "refused", "windows", "class_mismatches", "logit_mismatches"), 0),
        )
        total["models"] += int(str(row.get("models", 1)))
        total["refused"] += int(str(row["refused"])) if "models" in row else "refused" in row
        for key in ("windows", "class_mismatches", "logit_mismatches"):
            total[key] += int(str(row.get(key, 0)))
    return found


def show(rows: list[dict[str, object]]) -> None:
    table = Table(title="generated C against the reference")
    for column in ("what", "builds", "refused or too big", "windows", "other class", "other logits"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for group, total in totals(rows).items():
        table.add_row(group, *(f"{figure:,}" for figure in total.values()))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

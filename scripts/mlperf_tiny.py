"""MLPerf Tiny's four networks as they go through the toolkit: imported as they lie, and pruned, packed and converted.

Needs TINYGMP_DATA with mlperf_tiny/ and, for ResNet-8, cifar10/. Pruning is global by magnitude and nothing is
retrained, so sparse rows tell sizes and work. Flash, RAM and stack are those of linked programs, instructions are
counted by the simulated core. A run that was stopped goes on where it stood: every part is kept in --work.

    TINYGMP_DATA=... python scripts/mlperf_tiny.py --out docs/reports/mlperf_tiny.json
"""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import typer
from mlperf_measures import (
    CORE_INPUTS,
    FORM_INPUTS,
    LEVELS,
    import_report,
    model_report,
    packed,
    packed_accuracy,
)
from mlperf_networks import NETWORKS, Files, files_of
from rich.console import Console
from rich.table import Table

from tinygmp.artifact import write_atomically
from tinygmp.commands.show import progress
from tinygmp.errors import ConfigError, TinyGmpError
from tinygmp.progress import Steps

BOARDS = ("nucleo-l4r5zi", "nucleo-g071rb", "esp32-c3")
SPARSITIES = (0.0, 0.75, 0.9)
IMPORTED = "int8 file as it lies"
VERSION = 1  # of what a part holds
Row = dict[str, Any]


def main(
    networks: Annotated[list[str] | None, typer.Option(help="vww, kws, resnet or ad; repeatable")] = None,
    sparsity: Annotated[
        list[float] | None, typer.Option(help="share of zeros of the float file; repeatable")
    ] = None,
    boards: Annotated[list[str] | None, typer.Option(help="boards, see tinygmp boards; repeatable")] = None,
    inputs: Annotated[int, typer.Option(min=1, help="random inputs of the comparison with LiteRT")] = 1000,
    out: Annotated[Path, typer.Option(help="the report")] = Path("runs/mlperf_tiny.json"),
    work: Annotated[Path, typer.Option(help="folder of the parts that are done")] = Path("runs/mlperf_tiny"),
) -> None:
    """Measure every part that is not there yet, write the report, print the table; exit code 1 if parity is broken."""
    try:
        chosen = names_of(networks)
        levels, places = sparsity or list(SPARSITIES), boards or list(BOARDS)
        jobs = {name: jobs_of(files_of(NETWORKS[name]), levels, places, inputs) for name in chosen}
        with progress() as show:
            steps = Steps(show, sum(map(len, jobs.values())))
            found = {name: done(name, parts, work, steps) for name, parts in jobs.items()}
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)
    report = {"about": about(inputs), "networks": [joined(name, parts) for name, parts in found.items()]}
    write_atomically(out, (json.dumps(report, indent=1) + "\n").encode())
    show_table(report)
    sys.exit(bool(broken(report)))


def names_of(networks: list[str] | None) -> list[str]:
    """Return the names of networks; raises ConfigError for an unknown one."""
    if unknown := [name for name in networks or () if name not in NETWORKS]:
        raise ConfigError(f"network '{unknown[0]}' is unknown; known: {', '.join(NETWORKS)}")
    return networks or list(NETWORKS)


def jobs_of(
    files: Files, sparsities: list[float], boards: list[str], inputs: int
) -> dict[str, Callable[[], Row]]:
    """Return the parts of one network by the name of the file that keeps each."""
    jobs: dict[str, Callable[[], Row]] = {
        f"import {inputs}": partial(import_report, files, inputs),
        f"{IMPORTED} {' '.join(boards)}": partial(imported_costs, files, boards),
    }
    for sparsity in sparsities:
        jobs[f"packed {sparsity:g} {' '.join(boards)}"] = partial(packed_costs, files, sparsity, boards)
    return jobs


def imported_costs(files: Files, boards: list[str]) -> Row:
    return {
        "model": IMPORTED,
        "sparsity": None,
        **model_report(files.imported(), boards, files.int8.read_bytes()),
    }


def packed_costs(files: Files, sparsity: float, boards: list[str]) -> Row:
    model = packed(files, sparsity)
    title = "float file, dense" if sparsity == 0 else f"float file, {sparsity:.0%} zeros"
    accuracy = packed_accuracy(files, model)
    return {"model": title, "sparsity": sparsity, "accuracy": accuracy, **model_report(model, boards)}


def done(name: str, jobs: dict[str, Callable[[], Row]], work: Path, steps: Steps) -> dict[str, Row]:
    """Return every part of a network, from the folder or measured now."""
    found = {}
    for part, job in jobs.items():
        steps.begin(f"{name}: {part}")
        path = work / f"{name} {part} v{VERSION}.json".replace(" ", "_")
        if not path.exists():
            write_atomically(path, json.dumps(job()).encode())
        found[part] = json.loads(path.read_text(encoding="utf-8"))
        steps.end()
    return found


def joined(name: str, parts: dict[str, Row]) -> Row:
    """Return one network's entry of the report."""
    network, (first, *models) = NETWORKS[name], parts.values()
    return {
        "name": name,
        "title": network.title,
        "int8_file": network.int8_file,
        "float_file": network.float_file,
        "import": first,
        "models": models,
    }


def about(inputs: int) -> Row:
    """Return how the figures were obtained."""
    return {
        "inputs": inputs,
        "core_inputs": CORE_INPUTS,
        "form_inputs": FORM_INPUTS,
        "levels": LEVELS,
        "sparse": "global magnitude pruning of the float file, without retraining; every layer keeps at least 0.2 % of "
        "all weights",
        "flash_and_ram": "of the linked program: engine, decoders, weights, start-up and test loop; RAM without stack",
        "instructions": "of one inference, counted by the simulated core, mean of the inputs",
        "tflite_micro": "arena of the tflite-micro package, a 64-bit build: a 32-bit core needs less; the file lies in "
        "flash, its interpreter and kernels come on top and were not measured",
    }


def broken(report: Row) -> list[str]:
    """Return where C differs from the reference, or a converted file is beyond its limit.

    Float files of an import are not judged: random inputs drive its values beyond the scales of its own calibration,
    where int8 saturates and float does not.
    """
    found = []
    for network in report["networks"]:
        if network["import"]["c_against_import"]["outputs_that_differ"]:
            found.append(f"{network['name']}: C on this machine")
        for model in network["models"]:
            wrong = [row["core"] for row in (*model["boards"], *model["cores"]) if row["differences"]]
            judged = [row for row in model["runtimes"] if model["model"] != IMPORTED or not row["real"]]
            wrong += [row["form"] for row in judged if not row["agrees"]]
            found += [f"{network['name']}, {model['model']}: {place}" for place in wrong]
    return found


def show_table(report: Row) -> None:
    """Print one row for every network, model, board and build, TFLite Micro's sizes beside them."""
    head = ("network", "model", "non-zero", "board", "build", "flash B", "RAM B", "stack B", "instructions")
    table = Table(*head, "fits", "TFLM file B", "TFLM arena B")
    for network in report["networks"]:
        for model in network["models"]:
            micro = model["tflite_micro"]
            for row in model["boards"]:
                figures = (row["flash_bytes"], row["ram_bytes"], row["stack_bytes"], row["instructions"])
                table.add_row(
                    *(network["name"], model["model"], f"{model['nonzero']:,}", row["board"], row["level"]),
                    *(f"{figure or 0:,.0f}" for figure in figures),
                    "yes" if row["fits"] else "NO",
                    *(f"{micro['file_bytes']:,}", f"{micro['arena_bytes'] or 0:,}"),
                )
        compared = network["import"]["against_litert"]
        print(
            f"{network['name']}: {compared['outputs_that_differ']:,} of {compared['outputs']:,} outputs differ from "
            f"LiteRT's, by {compared['largest_difference']} at most"
        )
    Console(width=170).print(table)
    for place in broken(report):
        print(f"differs: {place}", file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)

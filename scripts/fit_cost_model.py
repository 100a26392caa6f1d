"""Fit the cost model of a core to what its simulator counts, and judge it on networks that it was not fitted to.

Every layer of some dozen random networks is counted as `tinygmp verify --profile` does. The coefficients become package
data (tinygmp/cost/cores/CORE.json), the errors the report. Run it again whenever a kernel or the compiler changes.

    TINYGMP_DATA=... python scripts/fit_cost_model.py --core cortex-m4f --core cortex-m0plus --core rv32imc
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from cost_networks import held_out, networks_to_fit
from rich.console import Console
from rich.table import Table

from tinygmp.artifact import write_atomically
from tinygmp.commands.show import progress
from tinygmp.cost.fit import Counted, fit_kernels
from tinygmp.cost.model import FOLDER, CostModel, Kernel
from tinygmp.cost.terms import group_of
from tinygmp.data.source import random_samples
from tinygmp.device.board import Board, find_board
from tinygmp.errors import ConfigError, TinyGmpError
from tinygmp.graph.model import PackedModel
from tinygmp.progress import OnStep
from tinygmp.verify.profile import Profile, profile

BOARDS = {"cortex-m4f": "nucleo-l432kc", "cortex-m0plus": "nucleo-g071rb", "rv32imc": "esp32-c3"}
TARGET = 0.05  # of a whole network's count
Row = dict[str, Any]
Measured = list[tuple[str, Profile]]


def main(
    core: Annotated[list[str], typer.Option(help=f"one of {', '.join(BOARDS)}; repeatable")],
    networks: Annotated[int, typer.Option(min=8, help="random networks to fit to")] = 200,
    level: Annotated[str, typer.Option(help="smallest, balanced or fastest")] = "smallest",
    out: Annotated[Path, typer.Option(help="the report; its other cores stay")] = Path(
        "docs/reports/cost_model.json"
    ),
) -> None:
    """Write the coefficients and the report; exit code 1 where a network is off by more than 5 %."""
    try:
        cores = [fitted_core(name, networks, level) for name in core]
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)
    report = json.loads(out.read_text()) if out.exists() else {"cores": {}}
    report["command"] = "python scripts/fit_cost_model.py " + " ".join(f"--core {name}" for name in BOARDS)
    report["cores"] |= {row["core"]: row for row in cores}
    write_atomically(out, (json.dumps(report, indent=1) + "\n").encode())
    show(cores)
    worst = [unit["worst_network_error"] for row in cores for unit in row["units"].values()]
    sys.exit(max(worst) > TARGET)


def fitted_core(core: str, networks: int, level: str) -> Row:
    """Write the coefficients of one core and return its errors."""
    if core not in BOARDS:
        raise ConfigError(f"core '{core}' is not counted layer by layer; choose of {', '.join(BOARDS)}")
    board = find_board(BOARDS[core])
    with progress() as on_step:
        seen = measured(networks_to_fit(networks), board, level, on_step, f"{core}: counting")
        judged = measured(held_out(), board, level, on_step, f"{core}: judging")
    first = seen[0][1]
    compiler = first.compiler
    units = ["instructions", *(["cycles"] if first.cycles is not None else [])]
    saved: Row = {"core": core, "board": board.name, "compiler": compiler, "level": level, "units": {}}
    errors: Row = {}
    for unit in units:
        counted = [one for _, found in seen for one in layers(found, unit)]
        kernels = fit_kernels(counted)
        model = CostModel(core, unit, compiler, level, kernels, 0.0, 0.0)
        errors[unit] = judgement(model, judged, unit) | {
            "networks_fitted": len(seen),
            "layers_fitted": len(counted),
        }
        saved["units"][unit] = {"kernels": written(kernels), "held_out": summary(errors[unit])}
    write_atomically(FOLDER / f"{core}.json", (json.dumps(saved, indent=1) + "\n").encode())
    return {"core": core, "board": board.name, "compiler": compiler, "level": level, "units": errors}


def measured(
    networks: Iterable[tuple[str, PackedModel]], board: Board, level: str, on_step: OnStep, what: str
) -> Measured:
    """Return what each network took, layer by layer; raises ConfigError for an answer that is not the reference's."""
    found: Measured = []
    for name, model in networks:
        on_step(f"{what} {name}", len(found), 0)
        found.append((name, profile(model, board, random_samples(model, 1), level)))
        if not found[-1][1].exact:
            raise ConfigError(f"network '{name}' answers wrongly on {board.name}; nothing is fitted to that")
    return found


def layers(found: Profile, unit: str) -> list[Counted]:
    return [Counted(layer.work, float(getattr(layer, unit)), layer.kernels) for layer in found.layers]


def written(kernels: dict[str, tuple[Kernel, ...]]) -> Row:
    """Return the kernels as JSON, four digits of each coefficient."""
    rounded = {
        group: [asdict(kernel) | {"coefficients": dict(kernel.coefficients)} for kernel in each]
        for group, each in kernels.items()
    }
    for each in rounded.values():
        for kernel in each:
            kernel["coefficients"] = {
                term: float(f"{value:.5g}") for term, value in kernel["coefficients"].items()
            }
    return rounded


def judgement(model: CostModel, judged: Measured, unit: str) -> Row:
    """Return the error of every held-out network and of every group of kernels, as fractions of the count."""
    networks, groups = [], {}
    for name, found in judged:
        counted = layers(found, unit)
        guesses = [model.predict(*one.works).instructions for one in counted]
        counts = [one.count for one in counted]
        whole = float(getattr(found, unit))
        guess = sum(guesses) + whole - sum(counts)  # what lies between the layers is no layer's
        networks.append(
            {"network": name, "counted": whole, "predicted": round(guess), "error": guess / whole - 1}
        )
        for one, predicted in zip(counted, guesses, strict=True):
            groups.setdefault(group_of(one.works), []).append((one.count, predicted))
    return {
        "worst_network_error": max(abs(row["error"]) for row in networks),
        "mean_network_error": float(np.mean([abs(row["error"]) for row in networks])),
        "networks": networks,
        "kernels": {group: kernel_error(pairs) for group, pairs in sorted(groups.items())},
    }


def kernel_error(pairs: list[tuple[float, float]]) -> Row:
    """Return the error of the sum of a group, and the mean and the largest one of its layers."""
    counts, guesses = np.array(pairs).T
    each = np.abs(guesses / counts - 1)
    return {
        "layers": len(pairs),
        "counted": float(counts.sum()),
        "error_of_sum": float(guesses.sum() / counts.sum() - 1),
        "mean_error": float(each.mean()),
        "worst_error": float(each.max()),
    }


def summary(errors: Row) -> Row:
    return {
        "networks": len(errors["networks"]),
        "worst_network_error": errors["worst_network_error"],
        "mean_network_error": errors["mean_network_error"],
    }


def show(cores: list[Row]) -> None:
    """Print the errors of every network."""
    table = Table("core", "unit", "network or kernel", "counted", "error %")
    for row in cores:
        for unit, errors in row["units"].items():
            for one in errors["networks"]:
                cells = (one["network"], f"{one['counted']:,.0f}", f"{100 * one['error']:+.1f}")
                table.add_row(row["core"], unit, *cells)
            for group, one in errors["kernels"].items():
                worst = f"{100 * one['error_of_sum']:+.1f}, a layer {100 * one['mean_error']:.1f}"
                table.add_row(row["core"], unit, group, f"{one['counted']:,.0f}", worst)
    Console(width=150).print(table)


if __name__ == "__main__":
    typer.run(main)

"""What calibration, bias correction and scales per row are worth on HAR-2: logit error against the float network."""

import json
import statistics
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from har.dataset import load_har
from har.labels import HAR2_LABELS
from har.packing import CALIBRATION_WINDOWS, packed_accuracy
from har.recipe import load_recipe
from har.sensor import to_counts
from har.training import Prepared, prepare
from tinygmp.artifact import write_atomically
from tinygmp.errors import DataError, TinyGmpError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.sensor_input import normalise_counts
from tinygmp.floats.window_classifier import hidden_size, with_sensor
from tinygmp.graph.file import load_model
from tinygmp.graph.reference.run import run
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.pack.settings import METHODS, Calibration, PackSettings
from tinygmp.pack.storage import Storage, Width
from tinygmp.pack.unpack import unpack
from tinygmp.sparse.narrow import narrow

MATRICES = ("rnn.W", "rnn.U")
VALUES = ("int8", "int4", "ternary")
ROW_SCALE_BYTES = 2  # a 16-bit multiplier for each row
Row = dict[str, str | float]


def main(
    seeds: Annotated[Path, typer.Option(help="folder of har2_seeds.py")] = Path("runs/har2_seeds"),
    recipe: Annotated[str, typer.Option(help="the recipe of those seeds")] = "default",
    data: Annotated[str | None, typer.Option(help="UCI HAR folder or zip, 'uci' or 'synthetic'")] = None,
    out: Annotated[Path, typer.Option(help="the report")] = Path("runs/har2_calibration.json"),
) -> None:
    """Pack each seed's network in every way, without training, and score it on held-out training people."""
    try:
        models = sorted(seeds.glob("seed*.tgmp"))
        if not models:
            raise DataError(f"'{seeds}' holds no seed*.tgmp; run scripts/har2_seeds.py first")
        found, chosen = load_har(data), load_recipe(recipe)
        rows: list[Row] = []
        for path in models:
            before = load_model(path)
            prepared = prepare(found, chosen, int(before.provenance["seed"]))
            graph = unpack(before)
            rows += packed_rows(path.stem, graph, prepared) + row_scale_rows(path.stem, graph, prepared)
        report = {"data": found.name, "synthetic": found.synthetic, "rows": rows, "mean": means(rows)}
        write_atomically(out, json.dumps(report, indent=2).encode())
        print_means(means(rows), found.synthetic)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def packed_rows(seed: str, graph: FloatGraph, prepared: Prepared) -> list[Row]:
    """Return a row for each value format, calibration method and bias correction."""
    counts, held_out = calibration_counts(prepared), to_counts(prepared.validation.windows)
    expected = graph.logits(normalise_counts(prepared.scaling, held_out))
    rows: list[Row] = []
    for values in VALUES:
        for method in METHODS:
            for correction in (False, True):
                settings = PackSettings(
                    Storage(widths={name: Width(values) for name in MATRICES}),
                    Calibration(method, bias_correction=correction),
                )
                identity = PackIdentity("har2", HAR2_LABELS, {})
                model = pack(with_sensor(graph, prepared.scaling), counts, identity, settings)
                logits = run(model, held_out).logits * model.output.scale
                rows.append(
                    {
                        "seed": seed,
                        "what": f"{values}, {method}" + (", bias correction" if correction else ""),
                        "relative_logit_error": relative_error(logits, expected),
                        "held_out_accuracy": packed_accuracy(model, prepared.validation),
                    }
                )
    return rows


def row_scale_rows(seed: str, graph: FloatGraph, prepared: Prepared) -> list[Row]:
    """Return rows of W and U rounded with one scale and with a scale for each row, all else in float."""
    x = normalise_counts(prepared.scaling, to_counts(prepared.validation.windows))
    expected = graph.logits(x)
    rows: list[Row] = []
    for values in VALUES:
        for per_row in (False, True):
            matrices = {name: rounded_matrix(graph.prunable()[name], values, per_row) for name in MATRICES}
            logits = graph.with_weights(matrices).logits(x)
            label = "a scale for each row" if per_row else "one scale"
            rows.append(
                {
                    "seed": seed,
                    "what": f"{values}, weights only, {label}",
                    "relative_logit_error": relative_error(logits, expected),
                    "held_out_accuracy": accuracy(logits, prepared.validation.labels),
                    "scale_bytes": ROW_SCALE_BYTES * hidden_size(graph) * 2 if per_row else 0,
                }
            )
    return rows


def rounded_matrix(matrix: np.ndarray, values: str, per_row: bool) -> np.ndarray:
    parts = matrix[:, None] if per_row else [matrix]
    pairs = [narrow(part, values) for part in parts]
    return np.concatenate([np.atleast_2d(q * scale) for q, scale in pairs]).astype(np.float32)


def calibration_counts(prepared: Prepared) -> np.ndarray:
    chosen = np.linspace(0, len(prepared.train) - 1, CALIBRATION_WINDOWS).astype(int)
    return to_counts(prepared.train.windows[chosen])


def relative_error(logits: np.ndarray, expected: np.ndarray) -> float:
    """Return the root of the mean squared error, by the deviation of the float logits."""
    return float(np.sqrt(np.mean((logits - expected) ** 2)) / expected.std())


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    return 100.0 * float(np.mean(logits.argmax(axis=1) == labels))


def means(rows: list[Row]) -> list[Row]:
    """Return the mean over seeds of every figure, in order of first appearance."""
    found: list[Row] = []
    for what in dict.fromkeys(row["what"] for row in rows):
        same = [row for row in rows if row["what"] == what]
        figures = [name for name in same[0] if name not in ("seed", "what")]
        found.append(
            {"what": what} | {name: statistics.fmean(float(row[name]) for row in same) for name in figures}
        )
    return found


def print_means(rows: list[Row], synthetic: bool) -> None:
    table = Table(
        title="means over seeds, held-out training people" + (" (SYNTHETIC data)" if synthetic else "")
    )
    for name in ("what", "relative logit error", "held-out accuracy", "scale bytes"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        figures = (f"{row['relative_logit_error']:.4f}", f"{row['held_out_accuracy']:.2f}")
        table.add_row(str(row["what"]), *figures, str(int(float(row.get("scale_bytes", 0)))))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

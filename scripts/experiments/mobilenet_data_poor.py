"""Published MobileNet-V1 weights pruned without their training set: rankings and least squares on the ImageNet sample.

256 images without their labels prune and fit; others are scored. The sample's images were probably trained on:
differences mean something, absolute figures do not.

    TINYGMP_DATA=... python scripts/experiments/mobilenet_data_poor.py --weights mobilenet_v1_1.0_224_w8.npz --size 224
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from tinygmp.artifact import write_atomically
from tinygmp.errors import ConfigError, TinyGmpError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.ledger import ledger
from tinygmp.graph.reference.run import run
from tinygmp.models.torch_graph import logits_of
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.prune.data_poor import RANKINGS, prune_with_images
from tinygmp.prune.least_squares import Fit
from tinygmp.readers.npz import load_npz
from tinygmp.recipes.images import open_image_sample

FITTING_IMAGES = 256


@dataclass(frozen=True)
class Target:
    """Images to score, their labels, and the dense network's classes."""

    pixels: np.ndarray
    labels: np.ndarray
    dense_classes: np.ndarray


def main(
    weights: Annotated[
        str, typer.Option(help="file in TINYGMP_DATA/mobilenet_v1")
    ] = "mobilenet_v1_0.25_128.npz",
    size: Annotated[int, typer.Option(help="rows and columns of an image")] = 128,
    sparsities: Annotated[
        list[float] | None, typer.Option("--sparsity", help="share of zeros; repeatable")
    ] = None,
    scored: Annotated[int, typer.Option(help="images to score, 1 to 744", min=1, max=744)] = 744,
    out: Annotated[Path, typer.Option(help="folder of results")] = Path("runs/mobilenet_data_poor"),
) -> None:
    """Run every ranking, with and without the fit, that has no result yet; write report.json and print it."""
    try:
        torch.set_num_threads(1)
        root = data_folder()
        dense = load_npz(root / "mobilenet_v1" / weights, size)
        pixels, labels, _ = open_image_sample(root / "imagenet_sample", size)
        order = np.random.default_rng(0).permutation(len(pixels))
        fitting, rest = pixels[order[:FITTING_IMAGES]], order[FITTING_IMAGES : FITTING_IMAGES + scored]
        target = Target(pixels[rest], labels[rest], logits_of(dense, [pixels[rest]]).argmax(axis=1))
        rows = [{"network": "dense", **scores(dense, target), **packed_scores(dense, fitting, target)}]
        for sparsity in sparsities or [0.5, 0.3, 0.7]:
            rows.append(one(dense, fitting, target, (sparsity, "combined", Fit()), out / weights))
            for fit in (None, Fit(rounds=0)):
                for ranking in RANKINGS:
                    rows.append(one(dense, fitting, target, (sparsity, ranking, fit), out / weights))
        report = {
            "weights": weights,
            "size": size,
            "images_fitted": len(fitting),
            "images_scored": len(rest),
            "rows": rows,
        }
        write_atomically(out / weights / "report.json", json.dumps(report, indent=2).encode())
        print_rows(weights, rows)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def one(
    dense: FloatGraph,
    fitting: np.ndarray,
    target: Target,
    choice: tuple[float, str, Fit | None],
    out: Path,
) -> dict[str, float | str]:
    """Return the figures of one way to prune, from its file if there is one."""
    sparsity, ranking, fit = choice
    chosen_anew = fit is not None and fit.rounds > 0
    name = ranking + ("" if fit is None else " + least squares") + (", chosen anew" if chosen_anew else "")
    path = out / f"{sparsity:g} {name}.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    started = time.monotonic()
    pruned = prune_with_images(dense, sparsity, fitting, ranking, fit)
    row = {"network": name, "sparsity": sparsity, "seconds": time.monotonic() - started}
    row |= scores(pruned, target)
    if chosen_anew:
        row |= packed_scores(pruned, fitting, target)
    write_atomically(path, json.dumps(row, indent=2).encode())
    print(f"{path.stem}: top-1 {row['top1']:.3f}, {row['seconds']:.0f} s", file=sys.stderr)
    return row


def scores(network: FloatGraph, target: Target) -> dict[str, float]:
    """Return top-1 and top-5, and the share of images in the dense network's class, in float."""
    best = np.argsort(-logits_of(network, [target.pixels]), axis=1)[:, :5]
    return {
        "top1": float(np.mean(best[:, 0] == target.labels)),
        "top5": float(np.mean((best == target.labels[:, None]).any(axis=1))),
        "same_class_as_dense": float(np.mean(best[:, 0] == target.dense_classes)),
    }


def packed_scores(network: FloatGraph, fitting: np.ndarray, target: Target) -> dict[str, float]:
    """Return payload bytes and top-1 of the network as int8."""
    names = tuple(f"class {index}" for index in range(network.output_shape[-1]))
    model = pack(network, fitting[:100], PackIdentity("mobilenet_v1", names, {}))
    classes = run(model, target.pixels).classes
    return {
        "payload_bytes": ledger(model).payload_bytes,
        "packed_top1": float(np.mean(classes == target.labels)),
    }


def print_rows(weights: str, rows: list[dict[str, float | str]]) -> None:
    table = Table(title=f"{weights}, ImageNet sample (probably trained on)")
    columns = (
        "sparsity",
        "network",
        "top1",
        "top5",
        "same_class_as_dense",
        "packed_top1",
        "payload_bytes",
        "seconds",
    )
    for column in columns:
        table.add_column(column.replace("_", " "), justify="left" if column == "network" else "right")
    for row in rows:
        table.add_row(*(shown(row.get(column, "")) for column in columns))
    Console().print(table)


def shown(value: float | str) -> str:
    return (
        f"{value:.3f}"
        if isinstance(value, float) and value < 2
        else (f"{value:,.0f}" if isinstance(value, int | float) else value)
    )


def data_folder() -> Path:
    if not os.environ.get("TINYGMP_DATA"):
        raise ConfigError(
            "TINYGMP_DATA is unset; set it to the folder that holds mobilenet_v1 and imagenet_sample"
        )
    return Path(os.environ["TINYGMP_DATA"])


if __name__ == "__main__":
    typer.run(main)

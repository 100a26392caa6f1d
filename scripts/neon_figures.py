"""What the C for 64-bit ARM costs: instructions an inference in an emulator, bytes, and parity on pictures.

    TINYGMP_DATA=... python scripts/neon_figures.py --out docs/reports/neon.json

MobileNet-V1 1.0 224, of random weights and of published ones; zeros are the smallest weights, the same share in every
pointwise layer or one ranking over all. Nothing is trained afterwards, so classes mean nothing and are not scored: each
output is held against the reference. Instructions are those between call and return on one core model and tell nothing
of caches or of milliseconds.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from converters.to_c.neon.convert import convert, planned_sizes, steps_of
from converters.to_c.plan import plan_memory
from tinygmp.artifact import write_atomically
from tinygmp.device.arm64_engine import CORES, build_arm64, run_arm64
from tinygmp.device.words import reference_of, words_of
from tinygmp.errors import ConfigError, TinyGmpError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.prune.baselines import uniform_mask
from tinygmp.prune.prune_graph import prune_globally
from tinygmp.readers.npz import load_npz
from tinygmp.recipes.images import open_image_sample
from tinygmp.shipped import open_model

SIZE, CLASSES, CALIBRATION, BATCH, WINDOW = 224, 1000, 32, 20, 128
BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1),) * 5,
    *((1024, 2), (1024, 1)),
)
SPARSITIES = (0.0, 0.75, 0.9)
WEIGHTS = Path("mobilenet_v1", "mobilenet_v1_1.0_224_w8.npz")
Figures = dict[str, float | int | str]


def main(
    out: Annotated[Path, typer.Option(help="the report")] = Path("runs/neon.json"),
    pictures: Annotated[int, typer.Option(help="of which each network's outputs are compared")] = BATCH,
    all_pictures: Annotated[
        int, typer.Option(help="the same, at 90 % zeros in every pointwise layer")
    ] = 1000,
) -> None:
    """Convert, build, run and compare; write the report and print it."""
    try:
        report: dict[str, Figures] = {"har2, a window of 128 samples": window_figures()}
        sample = open_sample(max(pictures, all_pictures))
        for name, model in networks(sample):
            count = all_pictures if name == "published weights, 90 % zeros" else pictures
            report[name] = image_figures(model, sample[:count])
            # After each, since all of them take long where pictures are many.
            write_atomically(out, (json.dumps(report, indent=1) + "\n").encode())
            print(f"{name}: done", file=sys.stderr, flush=True)
        table = Table("network", "figure", "value", title="64-bit ARM, in an emulator")
        for network, figures in report.items():
            for figure, value in figures.items():
                table.add_row(network, figure, f"{value:,}")
        Console().print(table)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def open_sample(count: int) -> np.ndarray:
    """Return uint8 pictures [count, 224, 224, 3] of the ImageNet sample."""
    pixels, _, _ = open_image_sample(data_folder() / "imagenet_sample", SIZE, count)
    return pixels


def data_folder() -> Path:
    root = os.environ.get("TINYGMP_DATA")
    if not root:
        raise ConfigError(
            "TINYGMP_DATA is not set: name the folder that holds mobilenet_v1 and imagenet_sample"
        )
    return Path(root)


def networks(sample: np.ndarray) -> Iterator[tuple[str, PackedModel]]:
    """Yield each network with its name."""
    for sparsity in SPARSITIES:
        index = "bitmask" if sparsity else "dense"
        model = random_image_model(0, SIZE, 32, BLOCKS, CLASSES, 1 - sparsity, index)
        yield f"random weights, {sparsity * 100:.0f} % zeros", model
    graph = load_npz(data_folder() / WEIGHTS, SIZE)
    for sparsity in SPARSITIES:
        yield (
            f"published weights, {sparsity * 100:.0f} % zeros",
            packed(pruned_evenly(graph, sparsity), sample),
        )
    for sparsity in SPARSITIES[1:]:
        yield (
            f"published weights, {sparsity * 100:.0f} % zeros by one ranking",
            packed(prune_globally(graph, sparsity), sample),
        )


def pruned_evenly(graph: FloatGraph, sparsity: float) -> FloatGraph:
    """Return the graph with that share of zeros in every pointwise layer, and in no other."""
    if sparsity == 0:
        return graph
    pointwise = {
        f"{node.name}.{name}": matrix
        for node in graph.nodes_of(Conv2d)
        if node.operator.window.is_pointwise  # type: ignore[attr-defined]
        for name, matrix in node.operator.weights_by_name().items()
    }
    return graph.with_weights(uniform_mask(pointwise, sparsity).apply(pointwise))


def packed(graph: FloatGraph, sample: np.ndarray) -> PackedModel:
    labels = tuple(f"class{index}" for index in range(graph.output_shape[-1]))
    identity = PackIdentity("mobilenet", labels, {"data": "ImageNet sample", "synthetic": "no"})
    return pack(graph, sample[:CALIBRATION], identity)


def image_figures(model: PackedModel, sample: np.ndarray) -> Figures:
    """Return instructions by core, bytes, and outputs that differ from the reference's."""
    built, reference = build_arm64(convert(model)), reference_of(model)
    steps = steps_of(model)
    plan = plan_memory(steps, planned_sizes(model))
    first = words_of(model, [sample[:1]])
    figures: Figures = {
        f"instructions, {core}": round(run_arm64(built, first, core, count=True).step.instructions)  # type: ignore[union-attr]
        for core in CORES
    }
    figures |= {
        "payload_bytes of the packed file": ledger(model).payload_bytes,
        "constant bytes in the program": sum(
            each.values.nbytes for kernel in plan.kernels for each in kernel.arrays
        ),
        "scratch_bytes": plan.scratch_bytes,
    }
    differing = dict.fromkeys(CORES, 0)
    for begin in range(0, len(sample), BATCH):
        words = words_of(model, [sample[begin : begin + BATCH]])
        expected, _ = reference(words)
        for core in CORES if begin == 0 else CORES[:1]:
            differing[core] += int(np.count_nonzero(run_arm64(built, words, core).logits != expected))
    counts = (len(sample), min(len(sample), BATCH))
    for core, count in zip(CORES, counts, strict=True):
        figures[f"pictures compared, {core}"] = count
        figures[f"outputs that differ, {core}"] = differing[core]
    return figures


def window_figures() -> Figures:
    """Return instructions of one window of the shipped recurrent model, the portable C compiled for 64-bit ARM."""
    model = open_model("har2")
    counts = (
        np.random.default_rng(0).integers(-9000, 9000, (4, WINDOW, model.input.shape[-1])).astype(np.int16)
    )
    built, expected = build_arm64(convert(model)), reference_of(model)(counts)[0]
    figures: Figures = {}
    for core in CORES:
        found = run_arm64(built, counts, core, count=True)
        figures[f"instructions, {core}"] = round(found.step.instructions)  # type: ignore[union-attr]
        figures[f"outputs that differ, {core}"] = int(np.count_nonzero(found.logits != expected))
    return figures


if __name__ == "__main__":
    typer.run(main)

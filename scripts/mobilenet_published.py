"""Published MobileNet-V1 weights, packed: what is lost on the ImageNet sample, and agreement with published int8 files.

The 1,000 images, one a class, were probably trained on: differences mean something, absolute figures do not. 125 of
them, evenly spread, calibrate; figures are given over all 1,000 and over the 875 others.

    TINYGMP_DATA=... python scripts/mobilenet_published.py --out docs/reports/mobilenet_published.json
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from converters.base import converter
from converters.to_onnx.run_graph import run_onnx_graph
from converters.to_tflite.run_graph import run_tflite_graph
from tinygmp.artifact import write_atomically
from tinygmp.errors import ConfigError, TinyGmpError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.readers.keras_h5 import load_keras
from tinygmp.readers.npz import load_npz
from tinygmp.recipes.images import open_image_sample

EVERY_CALIBRATION = 8
Figures = dict[str, float | int | str]


def main(
    out: Annotated[Path, typer.Option(help="the report")] = Path("runs/mobilenet_published.json"),
    limit: Annotated[int | None, typer.Option(help="images, all when left out")] = None,
) -> None:
    """Load, pack, convert and score the published networks; write the report and print it."""
    try:
        root = data_folder()
        report = {
            "0.25 128": imagenet(
                load_npz(root / "mobilenet_v1" / "mobilenet_v1_0.25_128.npz", 128), root, limit
            ),
            "1.0 224": imagenet(
                load_npz(root / "mobilenet_v1" / "mobilenet_v1_1.0_224_w8.npz", 224), root, limit
            ),
            "vww 96": person(root, limit),
        }
        write_atomically(out, json.dumps(report, indent=2).encode())
        table = Table("network", "figure", "value", title="ImageNet sample (probably trained on)")
        for network, figures in report.items():
            for name, value in figures.items():
                table.add_row(network, name, f"{value:.4f}" if isinstance(value, float) else f"{value:,}")
        Console().print(table)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def imagenet(graph: FloatGraph, root: Path, limit: int | None) -> Figures:
    """Return top-1 of the float network, of the packed one, and of its files in their runtimes."""
    size = graph.inputs["pixels"][0]
    pixels, labels, names = open_image_sample(root / "imagenet_sample", size, limit)
    labelled = names if len(names) == graph.output_shape[-1] else numbered(graph)
    model = packed(graph, pixels, labelled)
    others = np.arange(len(pixels)) % EVERY_CALIBRATION != 0
    classes = {
        "float": graph.logits(pixels).argmax(axis=1),
        "packed": run(model, pixels).classes,
    }
    if size == 128:
        classes |= in_runtimes(model, pixels)
    print(f"{graph.source}: scored", file=sys.stderr)
    figures: Figures = {"images": len(pixels), "payload_bytes": ledger(model).payload_bytes}
    for name, found in classes.items():
        figures[f"top-1 {name}"] = float(np.mean(found == labels))
        figures[f"top-1 {name}, not calibrated on"] = float(np.mean(found[others] == labels[others]))
    figures["packed and float agree"] = float(np.mean(classes["packed"] == classes["float"]))
    return figures


def in_runtimes(model: PackedModel, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Return classes by runtime; the C code is compared bit for bit by `tinygmp verify` and the tests."""
    tflite = converter("tflite")(model).files["mobilenet_int8.tflite"]
    onnx = converter("onnx")(model).files["mobilenet_int8.onnx"]
    return {
        "TFLite int8, reference kernels": tflite_classes(tflite, model, pixels, True),
        "TFLite int8, XNNPACK": tflite_classes(tflite, model, pixels),
        "ONNX int8": run_onnx_graph(onnx, [pixels])["logits"].argmax(axis=1),
    }


def tflite_classes(
    content: bytes, model: PackedModel, pixels: np.ndarray, reference_kernels: bool = False
) -> np.ndarray:
    return run_tflite_graph(content, model, [pixels], reference_kernels)["logits"].argmax(axis=1)


def person(root: Path, limit: int | None) -> Figures:
    """Return the Visual Wake Words network's agreement with its float form and with the published int8 file."""
    graph = load_keras(root / "mlperf_tiny" / "vww_96.h5", "zero_to_one")
    pixels, _, _ = open_image_sample(root / "imagenet_sample", graph.inputs["pixels"][0], limit)
    model = packed(graph, pixels, ("no person", "person"))
    ours = converter("tflite")(model).files["mobilenet_int8.tflite"]
    theirs = (root / "mlperf_tiny" / "vww_96_int8.tflite").read_bytes()
    real = graph.logits(pixels).argmax(axis=1)
    classes = run(model, pixels).classes
    published = tflite_classes(theirs, model, pixels)
    return {
        "images": len(pixels),
        "packed and float agree": float(np.mean(classes == real)),
        "published int8 and float agree": float(np.mean(published == real)),
        "packed and published int8 agree": float(np.mean(classes == published)),
        "payload_bytes": ledger(model).payload_bytes,
        "our int8 file, bytes": len(ours),
        "published int8 file, bytes": len(theirs),
    }


def packed(graph: FloatGraph, pixels: np.ndarray, labels: tuple[str, ...]) -> PackedModel:
    provenance = {"data": "ImageNet sample", "synthetic": "no"}
    return pack(graph, pixels[::EVERY_CALIBRATION], PackIdentity("mobilenet", labels, provenance))


def numbered(graph: FloatGraph) -> tuple[str, ...]:
    return tuple(f"class {index}" for index in range(graph.output_shape[-1]))


def data_folder() -> Path:
    if not os.environ.get("TINYGMP_DATA"):
        raise ConfigError(
            "TINYGMP_DATA is unset; set it to the folder that holds mobilenet_v1 and imagenet_sample"
        )
    return Path(os.environ["TINYGMP_DATA"])


if __name__ == "__main__":
    typer.run(main)

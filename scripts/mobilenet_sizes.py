"""Bytes of MobileNet-V1 1.0 224, pruned at one shot over all layers, in every form: what a flash or a download holds.

Needs TINYGMP_DATA. Sizes only: nothing is fine-tuned, the answers of such networks mean nothing. Eight images of the
ImageNet sample calibrate the int8 ranges, which change no size.

    TINYGMP_DATA=... python scripts/mobilenet_sizes.py --out runs/mobilenet_sizes
"""

import gzip
import json
import os
import sys
from pathlib import Path
from typing import Annotated

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from converters.base import converter
from tinygmp.artifact import write_atomically
from tinygmp.errors import ConfigError, TinyGmpError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.file import save_model
from tinygmp.graph.ledger import ledger
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.prune.prune_graph import prune_globally
from tinygmp.readers.npz import load_npz
from tinygmp.recipes.images import open_image_sample

CALIBRATION = 8
LIMITS = {0.9: {"payload_bytes": 720_000, "f32_sparse.tflite": 2_750_000}}
Row = dict[str, float | int]


def main(
    weights: Annotated[
        str, typer.Option(help="file in TINYGMP_DATA/mobilenet_v1")
    ] = "mobilenet_v1_1.0_224_w8.npz",
    size: Annotated[int, typer.Option(help="rows and columns of an image")] = 224,
    sparsities: Annotated[
        list[float] | None, typer.Option("--sparsity", help="share of zeros; repeatable")
    ] = None,
    out: Annotated[Path, typer.Option(help="folder of results")] = Path("runs/mobilenet_sizes"),
) -> None:
    """Prune, pack, convert, weigh; write report.json and print it; exit code 1 if a limit is exceeded."""
    try:
        root = data_folder()
        dense = load_npz(root / "mobilenet_v1" / weights, size)
        pixels, labels, names = open_image_sample(root / "imagenet_sample", size)
        classes = tuple(name for _, name in sorted(dict(zip(labels.tolist(), names, strict=True)).items()))
        rows = [
            weighed(prune_globally(dense, sparsity), pixels[:CALIBRATION], classes, sparsity, out)
            for sparsity in sparsities or [0.0, 0.75, 0.9]
        ]
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)
    report = {"weights": weights, "size": size, "rows": rows}
    write_atomically(out / "report.json", json.dumps(report, indent=2).encode())
    show(weights, rows)
    over = [
        key
        for row in rows
        for key, limit in LIMITS.get(row["sparsity"], {}).items()
        if row.get(key, 0) > limit
    ]
    sys.exit(1 if over else 0)


def data_folder() -> Path:
    if not os.environ.get("TINYGMP_DATA"):
        raise ConfigError(
            "TINYGMP_DATA is not set; give the folder that holds mobilenet_v1/ and imagenet_sample/"
        )
    return Path(os.environ["TINYGMP_DATA"])


def weighed(
    graph: FloatGraph, pixels: np.ndarray, labels: tuple[str, ...], sparsity: float, out: Path
) -> Row:
    """Return the bytes of every form of a network, with gzip's beside those of the largest."""
    provenance = {"data": "ImageNet sample", "synthetic": "no"}
    model = pack(graph, pixels, PackIdentity("mobilenet", labels, provenance))
    path = out / f"{sparsity:g}.tgmp"
    out.mkdir(parents=True, exist_ok=True)
    save_model(model, path)
    row: Row = {
        "sparsity": sparsity,
        "nnz": model.nnz,
        "weights": model.weight_count,
        "payload_bytes": ledger(model).payload_bytes,
        "tgmp_file_bytes": path.stat().st_size,
    }
    for target in ("tflite", "onnx"):
        for name, content in converter(target)(model).files.items():
            form = name.removeprefix("mobilenet").lstrip("_.")
            row[form] = len(content)
            row[f"{form}, gzip -9"] = len(gzip.compress(content, 9, mtime=0))
    return row


def show(title: str, rows: list[Row]) -> None:
    table = Table("form", *(f"{row['sparsity']:.0%} zeros" for row in rows), title=f"{title}, bytes")
    for key in dict.fromkeys(key for row in rows for key in row if key != "sparsity"):
        table.add_row(key, *(f"{row[key]:,}" if key in row else "" for row in rows))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

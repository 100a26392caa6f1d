"""Quantisation-aware fine-tuning, mask fixed, of the networks that mobilenet_cifar10.py trained: int8 before and after.

Float and simulated int8 accuracy are of all test images, the packed network's of a thousand. Images that are JPEG
copies are not CIFAR-10's own: their figures are called "CIFAR-10 (JPEG)".

    python scripts/experiments/mobilenet_qat.py --data cifar10/ --networks runs/mobilenet_cifar10 --name gradual90
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import typer
from mobilenet_cifar10 import DENSE, SIZE, open_images, run_folder
from rich.console import Console
from rich.table import Table
from torch import nn

from tinygmp.artifact import write_atomically
from tinygmp.data.labelled_pixels import MEAN, STD
from tinygmp.data.training_images import TrainingImages
from tinygmp.errors import TinyGmpError
from tinygmp.graph.ledger import ledger
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import calibrate, pack_with
from tinygmp.projects.image_pipeline import CALIBRATION, PACKED_TEST, PERCENTILES, accuracy, silenced
from tinygmp.projects.image_recipe import ImageRecipe
from tinygmp.projects.image_run import Run, written_purpose
from tinygmp.readers.torch_export import graph_of_module
from tinygmp.train.fit_network import EpochRecord, TrainSettings, evaluate, fit
from tinygmp.train.mobilenet_quantized import QuantizedImageNetwork
from tinygmp.train.run_recipe import load_state, read_state


def main(
    data: Annotated[
        Path, typer.Option(help="folder with cifar-10-batches-py, or train/<class> and test/<class>")
    ],
    networks: Annotated[Path, typer.Option(help="folder that mobilenet_cifar10.py wrote")],
    name: Annotated[list[str], typer.Option(help="network of that folder; repeatable")],
    out: Annotated[Path, typer.Option(help="folder of results")] = Path("runs/mobilenet_qat"),
    seed: Annotated[int, typer.Option(help="seed of the networks", min=0)] = 0,
    epochs: Annotated[int, typer.Option(help="epochs of fine-tuning", min=1)] = 2,
    rate: Annotated[float, typer.Option(help="highest learning rate")] = 0.002,
) -> None:
    """Fine-tune what has no result yet, write report.json and print it."""
    try:
        torch.set_num_threads(1)
        images = open_images(data)
        settings = TrainSettings(epochs, 128, rate, nesterov=True, weight_decay=1e-4, workers=1)
        rows = []
        for one in name:
            module = network_of(run_folder(networks, seed, one), one, images)
            rows += results(module, images, one, settings, out)
        report = {"data": images.name, "seed": seed, "epochs": epochs, "rate": rate, "rows": rows}
        write_atomically(out / "report.json", json.dumps(report, indent=2).encode())
        print_rows(images.name, rows)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def network_of(folder: Path, name: str, images: TrainingImages) -> nn.Module:
    """Return the float network of a run's folder, shaped as its recipe.json tells, constant channels silenced."""
    there = written_purpose(folder)
    recipe = ImageRecipe(
        **{field.name: there[field.name] for field in fields(ImageRecipe) if field.name in there}
    )
    path = folder / f"{DENSE if name == DENSE else 'pruned'}.safetensors"
    module = recipe.network(len(images.classes))
    load_state(module, read_state(path), str(path))
    silenced(Run(recipe, images, folder, torch.device("cpu"), "float32", lambda stage, record: None), module)
    return module.eval()


def results(
    module: nn.Module, images: TrainingImages, name: str, settings: TrainSettings, out: Path
) -> list[dict[str, str | float | int]]:
    """Return the figures of a network as it is and after fine-tuning at each choice of ranges."""
    graph = graph_of_module(module, SIZE, MEAN, STD)
    rows = []
    for percentile in PERCENTILES:
        path = out / f"{name}_{percentile:g}.json"
        if not path.exists():
            pixels = np.asarray(images.held_out.some(CALIBRATION).pixels)
            network = QuantizedImageNetwork(graph, calibrate(graph, pixels, percentile), MEAN, STD)
            before = {"network": name, "percentile": percentile, "training": "none"}
            found = [
                before | {"float_test": evaluate(module, images.test, settings)} | figures(network, images)
            ]
            fit(network, images.train, images.held_out, settings, report=tell(name))
            found.append(before | {"training": "quantisation-aware"} | figures(network, images))
            out.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(found, indent=2).encode())
        rows += json.loads(path.read_text())
    return rows


def figures(network: QuantizedImageNetwork, images: TrainingImages) -> dict[str, float | int]:
    """Return accuracies of the simulated and of the packed network, and the bytes of its weights."""
    settings = TrainSettings(1, 100, 1.0, workers=1)
    identity = PackIdentity("cifar10", images.classes, {"data": images.name})
    model = pack_with(network.finished(), network.calibration, identity)
    few = images.test.some(PACKED_TEST)
    return {
        "held_out": evaluate(network, images.held_out, settings),
        "simulated_test": evaluate(network, images.test, settings),
        "packed_test": accuracy(model, few),
        "packed_images": len(few),
        "nnz": model.nnz,
        "payload_bytes": ledger(model).payload_bytes,
    }


def tell(name: str) -> Callable[[EpochRecord], None]:
    def line(record: EpochRecord) -> None:
        print(f"{name}, epoch {record.epoch}: held-out {record.accuracy:.4f}", file=sys.stderr)

    return line


def print_rows(data: str, rows: list[dict[str, str | float | int]]) -> None:
    table = Table(title=f"{data}, int8, mask fixed")
    for column in ("network", "ranges", "training", "held-out", "simulated int8", "packed", "payload"):
        table.add_column(column, justify="left" if column in ("network", "training") else "right")
    for row in rows:
        accuracies = (f"{row[key]:.4f}" for key in ("held_out", "simulated_test", "packed_test"))
        payload = f"{row['payload_bytes']:,} B"
        table.add_row(
            str(row["network"]), f"{row['percentile']} %", str(row["training"]), *accuracies, payload
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

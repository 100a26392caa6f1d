"""MobileNet-V1 on CIFAR-10 from scratch: dense, then Global MP at one shot and gradually, fine-tuned, packed, scored.

Every network trains on 45,000 of the training images; the other 5,000 are watched, the test images are scored once, at
the end. Images that are JPEG copies are not CIFAR-10's own: their figures are called "CIFAR-10 (JPEG)".

    python scripts/mobilenet_cifar10.py --data cifar10/ --out runs/mobilenet_cifar10
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import nn

from tinygmp.artifact import write_atomically
from tinygmp.errors import TinyGmpError
from tinygmp.models.exported_chain import weights_of_module
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.pack.mobilenet_v1 import calibrate_images, pack_mobilenet
from tinygmp.packed.image_reference import run_images
from tinygmp.prune.fit import EpochRecord, TrainSettings, evaluate, fit
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.minimum import Minimum, MinimumShare
from tinygmp.prune.pruner import Pruner, by_criterion
from tinygmp.prune.run_recipe import read_state, save_state
from tinygmp.prune.schedule import GradualSchedule, OneShotSchedule
from tinygmp.prune.selection import prunable_parameters
from tinygmp.recipes.images import CIFAR_MEAN, CIFAR_STD, SmallImages, open_cifar10

HELD_OUT, CALIBRATION, PACKED_TEST = 5000, 200, 1000
LABELS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DENSE = "dense"


@dataclass(frozen=True)
class Variant:
    """A network that starts from the dense one: sparsity 0 trains on, gradual prunes over the first epochs."""

    name: str
    sparsity: float = 0.0
    gradual: bool = False
    minimum: Minimum = None


VARIANTS = (
    Variant("oneshot75", 0.75),
    Variant("dense_longer"),
    Variant("oneshot90", 0.9),
    Variant("oneshot90_mt", 0.9, minimum=MinimumShare(0.002)),
    Variant("gradual90", 0.9, gradual=True),
    Variant("gradual75", 0.75, gradual=True),
)


@dataclass(frozen=True)
class Plan:
    """What every network of a run shares."""

    out: Path
    width: float
    dense_epochs: int
    epochs: int
    seed: int


@dataclass(frozen=True)
class Images:
    name: str
    train: SmallImages
    held_out: SmallImages
    test: SmallImages


def main(
    data: Annotated[
        Path, typer.Option(help="folder with cifar-10-batches-py, or train/<class> and test/<class>")
    ],
    out: Annotated[Path, typer.Option(help="folder of networks and results")] = Path(
        "runs/mobilenet_cifar10"
    ),
    width: Annotated[float, typer.Option(help="width multiplier")] = 0.5,
    dense_epochs: Annotated[int, typer.Option(help="epochs of the dense network", min=1)] = 20,
    epochs: Annotated[int, typer.Option(help="epochs after pruning", min=1)] = 7,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Train what has no result yet, pack every network, write report.json and print it."""
    try:
        torch.set_num_threads(1)
        images, plan = open_images(data), Plan(out, width, dense_epochs, epochs, seed)
        train_dense(plan, images)
        for variant in VARIANTS:
            train_variant(plan, images, variant)
        summarise(plan, images)
    except TinyGmpError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)


def open_images(data: Path) -> Images:
    """Return training, held-out and test images; a fixed permutation decides who is held out."""
    train, test = open_cifar10(data, train=True), open_cifar10(data, train=False)
    order = np.random.default_rng(0).permutation(len(train))
    held_out = min(HELD_OUT, len(train) // 10)
    return Images(
        "CIFAR-10" if (data / "cifar-10-batches-py").is_dir() else "CIFAR-10 (JPEG)",
        SmallImages(train.pixels[order[held_out:]], train.labels[order[held_out:]], augment=True),
        SmallImages(train.pixels[order[:held_out]], train.labels[order[:held_out]]),
        test,
    )


def build(plan: Plan) -> nn.Module:
    """Return the untrained network: the stem keeps 32 x 32, activations are ReLU6."""
    torch.manual_seed(plan.seed)
    network = MobileNetV1(len(LABELS), plan.width, stem_stride=1)
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.ReLU):
                setattr(parent, name, nn.ReLU6(inplace=True))
    return network.to(memory_format=torch.channels_last)


def train_dense(plan: Plan, images: Images) -> None:
    settings = TrainSettings(
        plan.dense_epochs,
        128,
        0.1,
        nesterov=True,
        weight_decay=5e-4,
        warmup_epochs=1,
        seed=plan.seed,
        workers=1,
    )
    train_one(plan, images, DENSE, None, settings, lambda parameters: None)


def train_variant(plan: Plan, images: Images, variant: Variant) -> None:
    settings = TrainSettings(
        plan.epochs, 128, 0.02, nesterov=True, weight_decay=1e-4, seed=plan.seed, workers=1
    )

    def pruner(parameters: Mapping[str, nn.Parameter]) -> Pruner | None:
        if not variant.sparsity:
            return None
        last = max(0, plan.epochs - 3)
        gradual = GradualSchedule(variant.sparsity, 0, last, "cubic")
        schedule = gradual if variant.gradual else OneShotSchedule(variant.sparsity)
        return Pruner(parameters, schedule, by_criterion(global_magnitude_mask, variant.minimum))

    train_one(plan, images, variant.name, DENSE, settings, pruner)


def train_one(
    plan: Plan,
    images: Images,
    name: str,
    start: str | None,
    settings: TrainSettings,
    pruner_of: Callable[[Mapping[str, nn.Parameter]], Pruner | None],
) -> None:
    """Train one network and write its state and its figures, unless they are there."""
    if (plan.out / f"{name}.json").exists():
        return
    network, started = build(plan), time.monotonic()
    if start:
        network.load_state_dict(read_state(plan.out / f"{start}.safetensors"))

    def tell(record: EpochRecord) -> None:
        minutes = (time.monotonic() - started) / 60
        print(
            f"{name}, epoch {record.epoch}: held-out {record.accuracy:.4f}, {minutes:.1f} min",
            file=sys.stderr,
        )

    parameters = prunable_parameters(network)
    history = fit(network, images.train, images.held_out, settings, pruner_of(parameters), report=tell)
    nnz = sum(int((weights != 0).sum()) for weights in parameters.values())
    size = sum(weights.numel() for weights in parameters.values())
    result = {
        "name": name,
        "test": evaluate(network, images.test, settings),
        "held_out": history[-1].accuracy,
        "nnz": nnz,
        "size": size,
        "sparsity": 1 - nnz / size,
        "epochs": settings.epochs,
        "seconds": time.monotonic() - started,
    }
    save_state(network, plan.out / f"{name}.safetensors")
    write_atomically(plan.out / f"{name}.json", json.dumps(result, indent=2).encode())


def packed_figures(plan: Plan, images: Images, name: str) -> dict[str, float]:
    """Return payload bytes, and integer and float accuracy on the first test images, of a network as int8."""
    network = build(plan)
    network.load_state_dict(read_state(plan.out / f"{name}.safetensors"))
    weights = weights_of_module(network, images.test.pixels.shape[1], CIFAR_MEAN, CIFAR_STD)
    model = pack_mobilenet(
        weights,
        calibrate_images(weights, images.held_out.pixels[:CALIBRATION]),
        "cifar10",
        LABELS,
        {"data": images.name},
    )
    every = max(1, len(images.test) // PACKED_TEST)
    few = SmallImages(images.test.pixels[::every], images.test.labels[::every])
    settings = TrainSettings(1, 100, 1.0, workers=1)
    return {
        "payload_bytes": model.payload_bytes,
        "packed_images": len(few),
        "packed_test": float(np.mean(run_images(model, few.pixels).classes == few.labels)),
        "float_test_of_these": evaluate(network, few, settings),
    }


def summarise(plan: Plan, images: Images) -> None:
    """Pack every network, write report.json, print the table."""
    rows = []
    for name in (DENSE, *(variant.name for variant in VARIANTS)):
        trained = json.loads((plan.out / f"{name}.json").read_text())
        rows.append(trained | packed_figures(plan, images, name))
    report = {"data": images.name, **asdict(plan), "out": None, "rows": rows}
    write_atomically(plan.out / "report.json", json.dumps(report, indent=2).encode())
    table = Table(title=f"{images.name}, MobileNet-V1 {plan.width:g}, seed {plan.seed}")
    for column in ("network", "sparsity", "test", "packed test", "float, same images", "payload"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for row in rows:
        figures = (f"{row[key]:.4f}" for key in ("sparsity", "test", "packed_test", "float_test_of_these"))
        table.add_row(row["name"], *figures, f"{row['payload_bytes']:,} B")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

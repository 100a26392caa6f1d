"""Layer collapse and its cure on a real run: MobileNet-V2, CIFAR-10 images, with and without a minimum
threshold.

    python scripts/experiments/layer_collapse.py --data cifar/ [--sparsity 0.98] [--images 10000] [--json collapse.json]

Trains a dense network once, prints what a global ranking would do to every layer, then prunes at one shot
three times from the same weights: no threshold, the threshold re-ranked (the paper's text), the threshold
rescaled (its published code); and fine-tunes each. A demonstration of minutes on one core, not the paper's
training.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import nn

from tinygmp.models.mobilenet_v2 import MobileNetV2
from tinygmp.prune.baselines import criterion
from tinygmp.prune.collapse import CollapseReport, collapse_report
from tinygmp.prune.mask_makers import by_criterion
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import OneShotSchedule
from tinygmp.prune.selection import prunable_count, prunable_parameters
from tinygmp.recipes.images import SmallImages, open_cifar10
from tinygmp.train.fit_network import EpochRecord, TrainSettings, evaluate, fit


def main() -> None:
    options = arguments()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    train, test = open_subset(options)
    network = MobileNetV2(classes=10, width=options.width, small_images=True)
    dense = TrainSettings(options.dense_epochs, 64, 0.05, weight_decay=5e-4, seed=options.seed, workers=1)
    tuned = TrainSettings(options.tune_epochs, 64, 0.025, weight_decay=5e-4, seed=options.seed, workers=1)
    history = fit(network, train, test, dense, report=show("dense"))
    report = collapse_report(prunable_parameters(network), options.sparsity)
    print(report)
    results = [prune_and_tune(network, case, report, train, test, tuned, options.sparsity) for case in CASES]
    weights = prunable_count(prunable_parameters(network))
    print(
        f"\nMobileNet-V2 width {options.width}, {weights:,} weights; dense test accuracy "
        f"{history[-1].accuracy:.4f}"
    )
    title = f"at {options.sparsity:.3%}"
    print(f"{title:24}{'empty layers':>13}{'at once':>10}{'last':>8}{'best':>8}")
    for result in results:
        print(
            f"{result['case']:24}{result['empty_layers']:13}{result['at_once']:10.4f}"
            f"{result['last']:8.4f}{result['best']:8.4f}"
        )
    if options.json:
        save(options, weights, history, report, results)


CASES = ("no threshold", "threshold, re-ranked", "threshold, rescaled")


def prune_and_tune(
    dense: nn.Module,
    case: str,
    report: CollapseReport,
    train: SmallImages,
    test: SmallImages,
    settings: TrainSettings,
    sparsity: float,
) -> dict[str, Any]:
    """Prune a copy of the dense network in one of the three ways, fine-tune it, and return what happened."""
    network = copy.deepcopy(dense)
    chosen = criterion("global-rescaled" if case.endswith("rescaled") else "global")
    minimum = None if case == CASES[0] else report.repair
    pruner = Pruner(prunable_parameters(network), OneShotSchedule(sparsity), by_criterion(chosen, minimum))
    mask = pruner.begin_epoch(0)
    assert mask is not None
    at_once = evaluate(network, test, settings)
    history = fit(network, train, test, settings, pruner, report=show(case))
    return {
        "case": case,
        "minimum": None if minimum is None else minimum.weights,
        "sparsity": mask.sparsity,
        "empty_layers": sum(nnz == 0 for nnz in mask.layer_nnz().values()),
        "at_once": at_once,
        "last": history[-1].accuracy,
        "best": max(record.accuracy for record in history),
    }


def open_subset(options: argparse.Namespace) -> tuple[SmallImages, SmallImages]:
    """Return the first images of every class, as many as asked for, and the test images thinned out
    evenly.
    """
    train, test = open_cifar10(options.data, True), open_cifar10(options.data, False)
    return subset(train, options.images), subset(test, options.test_images)


def subset(images: SmallImages, count: int) -> SmallImages:
    chosen = torch.linspace(0, len(images) - 1, min(count, len(images))).round().long().numpy()
    return SmallImages(images.pixels[chosen], images.labels[chosen], images.augment)


def show(what: str) -> Any:
    started = time.monotonic()

    def line(record: EpochRecord) -> None:
        passed = time.monotonic() - started
        print(
            f"{what}, epoch {record.epoch + 1}: loss {record.loss:.4f} test {record.accuracy:.4f} "
            f"{passed:.0f} s",
            flush=True,
        )

    return line


def save(
    options: argparse.Namespace,
    weights: int,
    history: Iterable[EpochRecord],
    report: CollapseReport,
    results: list[dict[str, Any]],
) -> None:
    content = {
        "options": {name: str(value) for name, value in vars(options).items()},
        "weights": weights,
        "dense": [record.accuracy for record in history],
        "vanishing": {layer.name: layer.vanishes_at for layer in report.layers if layer.vanished},
        "results": results,
    }
    partial = options.json.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1) + "\n")
    os.replace(partial, options.json)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="cifar-10-batches-py inside, or class folders"
    )
    parser.add_argument("--sparsity", type=float, default=0.98)
    parser.add_argument("--width", type=float, default=0.35)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--test-images", type=int, default=2_000)
    parser.add_argument("--dense-epochs", type=int, default=6)
    parser.add_argument("--tune-epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Accuracy against instructions: plain Global MP and the same list weighed by time, on MobileNet-V1 and CIFAR-10.

Every network is pruned at once from one dense network of its seed, its batch norm measured again, and fine-tuned alike.
Saliencies, what taking a weight out is taken to do: 'magnitude' w^2; 'layer' w^2 times the mean squared gradient of its
layer; 'weight' w^2 times its own mean squared gradient; 'lamp' w^2 over the sum of the squares of its layer that are no
smaller (Lee et al. 2021). Budgets are what plain Global MP takes at given sparsities, by the cost model of the core.
Images that are JPEG copies are called "CIFAR-10 (JPEG)". What is done is kept in --work; a second call goes on.

    python scripts/experiments/objective_curve.py --data cifar10/ --out docs/reports/objective_curve.json
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import typer
from mobilenet_cifar10 import open_images
from torch import nn
from torch.nn import functional

from tinygmp.artifact import write_atomically
from tinygmp.data.training_images import TrainingImages
from tinygmp.errors import TinyGmpError
from tinygmp.projects.image_pipeline import dense_network
from tinygmp.projects.image_recipe import ImageRecipe
from tinygmp.projects.image_run import Run, claim, trained
from tinygmp.prune.batch_norm import reestimate_batch_norm
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.minimum import MinimumWeights
from tinygmp.prune.module_work import works_of_module
from tinygmp.prune.objective import costs_of, mask_within
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import OneShotSchedule
from tinygmp.prune.selection import prunable_parameters
from tinygmp.train.fit_network import batches, evaluate, fit
from tinygmp.train.run_recipe import training_device

GRADIENTS = 100  # batches
GRADIENT_BATCH = 32
PLAIN = "plain"
MINIMUM = MinimumWeights(16)
Row = dict[str, Any]
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Plan:
    """What all networks of a seed share."""

    core: str
    sparsities: tuple[float, ...]
    saliencies: tuple[str, ...]
    work: Path
    train: bool


def main(
    data: Annotated[Path, typer.Option(help="folder with cifar-10-batches-py, or train/ and test/")],
    out: Annotated[Path, typer.Option(help="the report")] = Path("runs/objective_curve.json"),
    work: Annotated[Path, typer.Option(help="folder of what is done")] = Path("runs/objective_curve"),
    core: Annotated[str, typer.Option(help="whose instructions count")] = "cortex-m4f",
    width: Annotated[float, typer.Option(help="width multiplier")] = 0.25,
    dense_epochs: Annotated[int, typer.Option(min=1)] = 12,
    epochs: Annotated[int, typer.Option(min=1, help="after pruning")] = 4,
    seeds: Annotated[int, typer.Option(min=1)] = 1,
    sparsity: Annotated[list[float] | None, typer.Option(help="of plain Global MP; repeatable")] = None,
    saliency: Annotated[list[str] | None, typer.Option(help="repeatable")] = None,
    train: Annotated[bool, typer.Option(help="--no-train: report what is done, train nothing")] = True,
) -> None:
    """Train what is missing and write every network's accuracy, sparsity and instructions."""
    torch.set_num_threads(1)
    chosen = tuple(saliency or SALIENCIES)
    plan = Plan(core, tuple(sparsity or (0.75, 0.9, 0.95, 0.98)), chosen, work, train)
    try:
        images = open_images(data)
        recipe = ImageRecipe(width, 32, dense_epochs=dense_epochs, epochs=epochs)
        rows = [
            row for seed in range(seeds) for row in rows_of_seed(plan, replace(recipe, seed=seed), images)
        ]
    except TinyGmpError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    report = {
        "data": images.name, "network": f"MobileNet-V1 {width:g}, 32 x 32", "core": core, "seeds": seeds,
        "dense_epochs": dense_epochs, "epochs": epochs,
        "instructions": "predicted by the cost model of the core, batch norm folded, each layer dense or sparse as "
        "is quicker; pools are left out",
        "rows": rows,
    }  # fmt: skip
    write_atomically(out, (json.dumps(report, indent=1) + "\n").encode())
    for row in rows:
        print(
            f"{row['seed']} {row['name']:24} {row['instructions']:12,.0f} {row['test']:.4f} {row['sparsity']:.3f}"
        )


def rows_of_seed(plan: Plan, recipe: ImageRecipe, images: TrainingImages) -> list[Row]:
    """Return the dense network and every pruned one of a seed."""
    run = Run(recipe, images, plan.work / f"seed{recipe.seed}", training_device(), "float32", tell)
    claim(run)
    dense, facts = trained(run, "dense", dense_network)
    works = works_of_module(dense, (3, recipe.size, recipe.size))
    costs = costs_of(f"time:{plan.core}", works)
    rows: list[Row] = [
        {
            "name": "dense", "seed": recipe.seed, "sparsity": 0.0, "instructions": costs.dense,
            "multiply_adds": sum(work.multiply_adds for work in works.values()),
            "held_out": facts["history"][-1]["accuracy"],
            "test": evaluate(dense, images.test, run.settings(dense=True)),
        }
    ]  # fmt: skip
    weights = {
        name: weight.detach().numpy().astype(np.float64)
        for name, weight in prunable_parameters(dense).items()
    }
    gradients = (
        squared_gradients(run, dense, list(weights)) if {"layer", "weight"} & {*plan.saliencies} else {}
    )
    for sparsity in plan.sparsities:
        plain = global_magnitude_mask(weights, sparsity, MINIMUM)
        budget = costs.of(plain.layer_nnz())
        masks = {f"{PLAIN} {sparsity:g}": plain}
        for name in plan.saliencies:
            masks[f"{name} {sparsity:g}"] = mask_within(
                SALIENCIES[name](weights, gradients), costs, budget, MINIMUM
            )
        for name, mask in masks.items():
            row = row_of(run, dense, name, mask, plan.train)
            if row is None:
                continue
            kept = mask.layer_nnz()
            adds = sum(works[layer].positions * count for layer, count in kept.items())
            rows.append(row | {"instructions": costs.of(kept), "multiply_adds": adds, "kept": kept})
    return rows


def row_of(run: Run, dense: nn.Module, name: str, mask: PruneMask, train: bool) -> Row | None:
    """Return the accuracies of the dense network under a mask, fine-tuned; from the folder where it is done.

    None where it is not and nothing is to be trained.
    """
    path = run.out / f"{name.replace(' ', '_')}.json"
    digest = f"{mask.nnz} {hash_of(mask)}"
    if path.exists() and (row := json.loads(path.read_text()))["mask"] == digest:
        return row
    if not train:
        return None
    recipe, images, settings = run.recipe, run.images, run.settings(dense=False)
    network = recipe.network(len(images.classes)).to(run.device)
    network.load_state_dict(dense.state_dict())
    pruner = Pruner(
        prunable_parameters(network),
        OneShotSchedule(max(mask.sparsity, 1e-9)),
        lambda weights, share, before: mask,
    )
    pruner.begin_epoch(0)
    at_once = evaluate(network, images.held_out, settings)
    seen = islice(batches(images.train, settings, 0), recipe.batch_norm_batches)
    reestimate_batch_norm(network, (pixels for pixels, _ in seen))
    checkpoint = run.out / f"{name.replace(' ', '_')}.checkpoint"
    checkpoint.unlink(missing_ok=True)
    history = fit(network, images.train, images.held_out, settings, pruner)
    row: Row = {
        "name": name, "seed": recipe.seed, "sparsity": mask.sparsity, "held_out": history[-1].accuracy,
        "held_out_untrained": at_once, "test": evaluate(network, images.test, settings), "mask": digest,
    }  # fmt: skip
    write_atomically(path, json.dumps(row).encode())
    print(f"seed {recipe.seed}, {name}: test {row['test']:.4f}, untrained {at_once:.4f}", file=sys.stderr)
    return row


def hash_of(mask: PruneMask) -> int:
    """Return a number that tells masks apart."""
    import zlib

    return zlib.crc32(b"".join(np.packbits(kept).tobytes() for kept in mask.kept.values()))


def squared_gradients(run: Run, network: nn.Module, names: list[str]) -> dict[str, np.ndarray]:
    """Return the mean square of the loss's gradient by weight, over small batches; batch norm stays as it is."""
    few = replace(run.settings(dense=True), batch_size=GRADIENT_BATCH)
    parameters = dict(network.named_parameters())
    sums = {name: torch.zeros_like(parameters[name]) for name in names}
    network.eval()
    for pixels, labels in islice(batches(run.images.train, few, 0), GRADIENTS):
        network.zero_grad()
        functional.cross_entropy(network(pixels), labels).backward()
        for name in names:
            sums[name] += parameters[name].grad ** 2 / GRADIENTS
    network.zero_grad()
    return {name: total.numpy().astype(np.float64) for name, total in sums.items()}


def by_magnitude(weights: Arrays, gradients: Arrays) -> dict[str, np.ndarray]:
    return {name: weight**2 for name, weight in weights.items()}


def by_layer(weights: Arrays, gradients: Arrays) -> dict[str, np.ndarray]:
    return {name: weight**2 * gradients[name].mean() for name, weight in weights.items()}


def by_weight(weights: Arrays, gradients: Arrays) -> dict[str, np.ndarray]:
    return {name: weight**2 * gradients[name] for name, weight in weights.items()}


def by_lamp(weights: Arrays, gradients: Arrays) -> dict[str, np.ndarray]:
    found = {}
    for name, weight in weights.items():
        flat = weight.reshape(-1) ** 2
        order = np.argsort(flat)
        score = np.empty_like(flat)
        score[order] = flat[order] / np.cumsum(flat[order][::-1])[::-1]
        found[name] = score.reshape(weight.shape)
    return found


SALIENCIES = {"magnitude": by_magnitude, "layer": by_layer, "weight": by_weight, "lamp": by_lamp}


def tell(stage: str, record: Any) -> None:
    print(f"{stage}, epoch {record.epoch}: held-out {record.accuracy:.4f}", file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)

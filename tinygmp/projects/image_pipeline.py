"""MobileNet-V1 from labelled images: train dense, prune, fine-tune, pack, score."""

import json
import resource
import sys
import time
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from tinygmp.artifact import write_atomically
from tinygmp.cost.goal import BYTES
from tinygmp.data.labelled_pixels import MEAN, STD, LabelledPixels
from tinygmp.data.training_images import TrainingImages
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.file import save_model
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run as run_packed
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.pack.settings import Calibration, PackSettings
from tinygmp.projects.image_recipe import ImageRecipe
from tinygmp.projects.image_run import OnEpoch, Run, claim, take_dense, trained
from tinygmp.prune.batch_norm import reestimate_batch_norm
from tinygmp.prune.constant_channels import silence_constant_channels
from tinygmp.readers.torch_export import graph_of_module
from tinygmp.train.distillation import Distillation
from tinygmp.train.fit_network import batches, evaluate, fit
from tinygmp.train.run_recipe import is_first_process, process_count, training_device

CALIBRATION, PACKED_HELD_OUT, PACKED_TEST, LOADER_BATCHES, CONSTANT_BATCHES = 200, 500, 1000, 20, 20
PERCENTILES = (100.0, 99.99)  # of activations inside their range; held-out images choose


def run_image_pipeline(
    recipe: ImageRecipe,
    images: TrainingImages,
    out: Path,
    on_epoch: OnEpoch = lambda stage, record: None,
    dense_from: Path | None = None,
) -> dict[str, Any] | None:
    """Return the report; write model.tgmp, report.json, and the networks as dense and pruned .safetensors.

    A second call with the same recipe and folder continues after the last epoch that was trained; another recipe or
    other images are refused with DataError. dense_from: folder of a run that differs in nothing before pruning; its
    dense network is taken. Accuracies are fractions of the test or held-out images, sparsity is the pruned fraction of
    the prunable weights. Under torchrun every process calls this with the same arguments; only process 0 writes and
    gets the report, the others None.
    """
    device = training_device()
    run = Run(recipe, images, out, device, recipe.precision(device), on_epoch)
    recipe.pruner(recipe.network(len(images.classes)))
    loader = loader_images_per_second(run)
    claim(run)
    if dense_from is not None:
        take_dense(run, dense_from)
    dense, dense_facts = trained(run, "dense", dense_network)
    pruned, facts = trained(run, "pruned", lambda given: pruned_network(given, dense))
    silenced(run, dense)
    constant = silenced(run, pruned)
    settings = run.settings(dense=False)
    report: dict[str, Any] = {
        "data": images.name,
        "recipe": asdict(recipe),
        "classes": list(images.classes),
        "images": {"train": len(images.train), "held_out": len(images.held_out), "test": len(images.test)},
        "skipped": list(images.skipped),
        "test_images_seen_in_training": images.repeated,
        "crop_scale": images.train.crop_scale,
        "device": device.type,
        "precision": run.precision,
        "processes": process_count(),
        "sparsity": facts["history"][-1]["sparsity"],
        "constant_channels": constant,
        "dense_held_out": dense_facts["history"][-1]["accuracy"],
        "pruned_held_out": facts["history"][-1]["accuracy"],
        "held_out_after_pruning": facts.get("after_pruning"),
        "held_out_after_batch_norm": facts.get("after_batch_norm"),
        "dense_test": evaluate(dense, images.test, settings),
        "pruned_test": evaluate(pruned, images.test, settings),
        "loader_images_per_second": loader,
        "training_images_per_second": run.images_per_second(dense_facts["history"]),
        "fine_tuning_images_per_second": run.images_per_second(facts["history"]),
    }
    few = images.test.some(PACKED_TEST)
    report["pruned_test_of_packed_images"] = evaluate(pruned, few, settings)
    if not is_first_process():
        return None
    report |= packed_figures(run, dense, pruned, few)
    report["peak_memory_bytes"] = peak_memory_bytes()
    write_atomically(out / "report.json", json.dumps(report, indent=2).encode())
    return report


def dense_network(run: Run) -> tuple[nn.Module, dict[str, Any]]:
    network = run.recipe.network(len(run.images.classes)).to(run.device)
    history = fit(
        network,
        run.images.train,
        run.images.held_out,
        run.settings(dense=True),
        report=lambda record: run.on_epoch("dense", record),
        checkpoint=run.out / "dense.checkpoint",
    )
    return network, {"history": [asdict(record) for record in history]}


def pruned_network(run: Run, dense: nn.Module) -> tuple[nn.Module, dict[str, Any]]:
    """Return the dense network pruned and fine-tuned, and held-out accuracies on the way."""
    recipe, images, settings = run.recipe, run.images, run.settings(dense=False)
    network = recipe.network(len(images.classes)).to(run.device)
    network.load_state_dict(dense.state_dict())
    pruner, facts = recipe.pruner(network), {}
    if pruner is not None and not recipe.gradual:
        pruner.begin_epoch(0)
        facts["after_pruning"] = evaluate(network, images.held_out, settings)
        if recipe.batch_norm_batches:
            some_batches = islice(batches(images.train, settings, 0), recipe.batch_norm_batches)
            reestimate_batch_norm(network, (pixels for pixels, _ in some_batches))
            facts["after_batch_norm"] = evaluate(network, images.held_out, settings)
    loss = (
        Distillation(dense, recipe.distill, label_smoothing=recipe.label_smoothing)
        if recipe.distill
        else None
    )
    history = fit(
        network,
        images.train,
        images.held_out,
        settings,
        pruner,
        report=lambda record: run.on_epoch("pruned", record),
        checkpoint=run.out / "pruned.checkpoint",
        loss=loss,
    )
    return network, {"history": [asdict(record) for record in history], **facts}


def silenced(run: Run, network: nn.Module) -> int:
    """Silence constant channels of a network that is trained to its end; files keep it as it was trained."""
    seen = islice(batches(run.images.train, run.settings(dense=True), 0), CONSTANT_BATCHES)
    return silence_constant_channels(network, (pixels for pixels, _ in seen))


def packed_figures(run: Run, dense: nn.Module, pruned: nn.Module, few: LabelledPixels) -> dict[str, Any]:
    """Write model.tgmp and return what it is and how it answers."""
    model, chosen = best_packed(run, pruned)
    path = save_model(model, run.out / "model.tgmp")
    return {
        **chosen,
        "packed_test": accuracy(model, few),
        "packed_images": len(few),
        "packed_weights": model.weight_count,
        "packed_nonzero": model.nnz,
        "payload_bytes": ledger(model).payload_bytes,
        "file_bytes": path.stat().st_size,
        "dense_payload_bytes": ledger(packed(run, folded(run, dense), 100.0)).payload_bytes,
    }


def best_packed(run: Run, network: nn.Module) -> tuple[PackedModel, dict[str, Any]]:
    """Return a network packed with the ranges that held-out images choose, and their accuracy."""
    held_out = run.images.held_out.some(PACKED_HELD_OUT)
    graph = folded(run, network)
    tried = [packed(run, graph, percentile) for percentile in PERCENTILES]
    scores = [accuracy(model, held_out) for model in tried]
    best = int(np.argmax(scores))  # of equal ones the first
    return tried[best], {
        "packed_held_out": scores[best],
        "packed_held_out_images": len(held_out),
        "range_percentile": PERCENTILES[best],
    }


def folded(run: Run, network: nn.Module) -> FloatGraph:
    on_cpu = run.recipe.network(len(run.images.classes))
    on_cpu.load_state_dict(network.state_dict())
    return graph_of_module(on_cpu, run.recipe.size, MEAN, STD)


def packed(run: Run, graph: FloatGraph, percentile: float) -> PackedModel:
    pixels = np.asarray(run.images.train.some(CALIBRATION).pixels)
    provenance = {
        "data": run.images.name,
        **pruning_facts(run.recipe),
        "seed": str(run.recipe.seed),
        "recipe": "image_pipeline",
    }
    settings = PackSettings(calibration=Calibration("percentile", percentile))
    return pack(graph, pixels, PackIdentity("mobilenet_v1", run.images.classes, provenance), settings)


def pruning_facts(recipe: ImageRecipe) -> dict[str, str]:
    """Return what a model's provenance says of its pruning."""
    if recipe.objective == BYTES:
        return {"sparsity": f"{recipe.sparsity:g}"}
    most = f"sparsity {recipe.sparsity:g}" if recipe.budget is None else f"{recipe.budget:g} at most"
    return {"objective": f"{recipe.objective}, {most}"}


def accuracy(model: PackedModel, images: LabelledPixels) -> float:
    return float(np.mean(run_packed(model, np.asarray(images.pixels)).classes == images.labels))


def peak_memory_bytes() -> int:
    """Return the most memory that this process has had in use at once, that of a GPU left out."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def loader_images_per_second(run: Run) -> float:
    """Return how many augmented images a second this process's loader alone gives, over a few batches."""
    began, count = time.perf_counter(), 0
    for pixels, _ in islice(batches(run.images.train, run.settings(dense=True), 0), LOADER_BATCHES):
        count += len(pixels)
    return count / (time.perf_counter() - began)

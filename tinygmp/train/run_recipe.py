"""Training as a recipe says: build, start from dense weights, prune, fine-tune, count."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import distributed, nn

from tinygmp.errors import DataError
from tinygmp.models.paper_networks import build_network
from tinygmp.prune.flops import count_flops
from tinygmp.prune.global_magnitude import global_magnitude_mask
from tinygmp.prune.mask_makers import by_criterion, by_ranks
from tinygmp.prune.minimum import Minimum, MinimumShare, MinimumWeights
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.ranks import FASTGRNN_PAIRS
from tinygmp.prune.rescaled import rescaled_global_magnitude_mask
from tinygmp.prune.schedule import GradualSchedule, OneShotSchedule
from tinygmp.prune.selection import prunable_parameters
from tinygmp.recipes.recipe import PruneSection, Recipe
from tinygmp.train.fit_network import EpochRecord, Samples, TrainSettings, fit


@dataclass(frozen=True)
class RecipeRun:
    """What a run obtained. Accuracies in 0..1; flops_pruned and sparsity in 0..1; parameters: nonzero
    ones.
    """

    history: tuple[EpochRecord, ...]
    sparsity: float
    flops_pruned: float
    parameters: int

    @property
    def best_accuracy(self) -> float:
        return max(record.accuracy for record in self.history)

    @property
    def last_accuracy(self) -> float:
        return self.history[-1].accuracy


def run_recipe(
    recipe: Recipe,
    train: Samples,
    test: Samples,
    classes: int,
    seed: int = 0,
    epochs: int | None = None,
    start: Mapping[str, torch.Tensor] | None = None,
    report: Callable[[EpochRecord], None] = lambda record: None,
) -> tuple[nn.Module, RecipeRun]:
    """Train one row and return network and result.

    epochs: instead of the recipe's; warm-up and gradual pruning shrink in proportion. start: the dense row's
    state. The device is a GPU where there is one.
    """
    torch.manual_seed(seed)
    network = build_network(recipe.model.name, classes, recipe.model.options)
    if start is not None:
        load_state(network, start, recipe.starts_from or "given")
    network.to(training_device())
    settings = scaled_settings(recipe, epochs, seed)
    pruner = pruner_of(recipe, network, settings.epochs)
    history = fit(network, train, test, settings, pruner, report=report)
    shape = train.sample(0, np.random.default_rng(0))[0].shape
    mask = pruner.mask if pruner is not None else None
    flops = count_flops(network, shape, mask)
    dense_parameters = sum(parameter.numel() for parameter in network.parameters())
    lost = mask.size - mask.nnz if mask is not None else 0
    sparsity = mask.sparsity if mask is not None else 0.0
    return network, RecipeRun(tuple(history), sparsity, flops.fraction_pruned, dense_parameters - lost)


def scaled_settings(recipe: Recipe, epochs: int | None, seed: int) -> TrainSettings:
    """Return the recipe's training, its epochs replaced and its warm-up in proportion."""
    section = recipe.train.model_dump()
    planned = section["epochs"]
    section["epochs"] = epochs or planned
    section["warmup_epochs"] = round(section["warmup_epochs"] * section["epochs"] / planned)
    return TrainSettings(seed=seed, **section)


def pruner_of(recipe: Recipe, network: nn.Module, epochs: int) -> Pruner | None:
    """Return the recipe's pruner over the paper's selection of weights, or None for a dense row."""
    section = recipe.prune
    if section.method == "none":
        return None
    parameters = prunable_parameters(network)
    if section.method == "ranks":
        ranks = dict(zip(FASTGRNN_PAIRS, (section.w_rank or 1, section.u_rank or 1), strict=True))
        return Pruner(parameters, FromStart(), by_ranks(ranks))
    criterion = rescaled_global_magnitude_mask if section.spending == "rescale" else global_magnitude_mask
    make = by_criterion(criterion, minimum_of(section))
    if section.method == "one-shot":
        return Pruner(parameters, OneShotSchedule(section.sparsity), make)
    scale = epochs / recipe.train.epochs
    start, end = round(section.start_epoch * scale), round(section.end_epoch * scale)
    schedule = GradualSchedule(section.sparsity, start, max(start, min(end, epochs - 1)), section.shape)
    return Pruner(parameters, schedule, make)


def minimum_of(section: PruneSection) -> Minimum:
    """Return the recipe's minimum threshold in the unit in which it is given."""
    if section.minimum_share is not None:
        return MinimumShare(section.minimum_share)
    return None if section.minimum_weights is None else MinimumWeights(section.minimum_weights)


def save_state(network: nn.Module, path: Path) -> None:
    """Write a network's state as safetensors, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}, partial
    )
    os.replace(partial, path)


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Return a state written by save_state, or raise DataError naming the file."""
    try:
        return dict(load_file(path))
    except Exception as error:
        raise DataError(f"checkpoint '{path}' cannot be read: {error}; train its row again") from error


def load_state(network: nn.Module, state: Mapping[str, torch.Tensor], origin: str) -> None:
    """Load a state into a network, or raise DataError saying what does not fit."""
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        raise DataError(f"checkpoint '{origin}' does not fit {type(network).__name__}: {error}") from error


@contextmanager
def process_group() -> Iterator[int]:
    """Join the processes that torchrun has started, if any, and give this one's rank (0 when alone)."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield 0
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield distributed.get_rank()
    finally:
        gc.collect()  # wrappers of networks hold the group in cycles; its threads must end before the interpreter does
        distributed.destroy_process_group()


def wait_for_all() -> None:
    """Let no process go on before all are here."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()


def process_count() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def is_first_process() -> bool:
    """Tell whether this process is the one that writes files."""
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0


@dataclass(frozen=True)
class FromStart:
    """Prunes when training begins, to what the mask maker itself decides."""

    def sparsity_at(self, epoch: int) -> float:
        return 0.5

    def prunes_at(self, epoch: int) -> bool:
        return epoch == 0


def training_device() -> torch.device:
    """Return this process's GPU where there is one, else the CPU."""
    return (
        torch.device("cuda", torch.cuda.current_device())
        if torch.cuda.is_available()
        else torch.device("cpu")
    )

"""Prune a trained network further, or less, and fine-tune it: what `tinygmp prune` does, and `fit` many times."""

import math
from dataclasses import dataclass
from pathlib import Path

from tinygmp.errors import ConfigError
from tinygmp.floats.window_classifier import hidden_size
from tinygmp.graph.file import save_model
from tinygmp.graph.model import PackedModel
from tinygmp.progress import OnStep, silent
from tinygmp.projects.journey import Journey
from tinygmp.projects.prepared import prepare
from tinygmp.projects.recipe import Opened
from tinygmp.projects.training import Network, Trainer, pack, run_folder
from tinygmp.prune.schedule import GradualSchedule, check_sparsity
from tinygmp.train.settings import WindowSettings

FINE_TUNING = 0.3  # of the recipe's epochs
RATE = 0.5  # of the recipe's learning rate


@dataclass(frozen=True)
class Pruned:
    """A network at another sparsity, packed; accuracies of the packed model in per cent, of the test set too."""

    model: PackedModel
    path: Path
    sparsity: float
    dense_accuracy: float
    held_out_accuracy: float
    test_accuracy: float


def prune_further(trainer: Trainer, start: Network, sparsity: float, epochs: int | None = None) -> Network:
    """Return the network pruned to a sparsity above its own, step by step, and fine-tuned; `start` stays as it is.

    epochs: of pruning and fine-tuning together; a share of the recipe's if left out.
    """
    recipe = trainer.prepared.opened.recipe
    epochs = epochs or further_epochs(trainer.prepared.opened)
    base = trainer.settings(dense=True)
    settings = WindowSettings(
        epochs=epochs,
        batch_size=base.batch_size,
        learning_rate=RATE * base.learning_rate,
        weight_decay=base.weight_decay,
        label_smoothing=base.label_smoothing,
        average_decay=base.average_decay,
        pruning=GradualSchedule(sparsity, 0, (epochs - 1) // 2, initial_sparsity=start.sparsity),
        seed=recipe.seed,
    )
    network = trainer.fresh(hidden_size(start.graph))
    network.load_state_dict(start.network.state_dict())
    what = f"{100 * sparsity:g} % zeros, {hidden_size(start.graph)} units"
    return trainer.train(what, network, settings, start=start_name(start))


def further_epochs(opened: Opened) -> int:
    """Return the epochs of pruning further and fine-tuning."""
    return max(2, math.ceil(FINE_TUNING * opened.recipe.training.epochs))


def start_name(start: Network) -> str:
    """Return what tells one start of fine-tuning from another."""
    return repr([(name, float(value.double().sum())) for name, value in start.network.state_dict().items()])


def prune(
    opened: Opened,
    sparsity: float,
    epochs: int | None = None,
    out: Path | None = None,
    file: Path | None = None,
    on_step: OnStep = silent,
) -> Pruned:
    """Prune a recipe's network to another sparsity, fine-tune, pack and score it; what is not trained yet is trained.

    It starts from the pruned network, or from the dense one where fewer zeros than the recipe's are asked for.
    """
    check_sparsity(sparsity, f"recipe '{opened.path}'")
    if epochs is not None and epochs < 2:
        raise ConfigError(f"{epochs} epochs of pruning: at least 2, one to prune and one to fine-tune")
    prepared = prepare(opened, on_step)
    training, gradual = opened.recipe.training, sparsity >= opened.recipe.pruning.sparsity
    total = training.dense_epochs + gradual * training.epochs + (epochs or further_epochs(opened))
    trainer = Trainer(prepared, run_folder(opened, out), Journey(on_step, total))
    dense = trainer.train("dense", trainer.fresh(), trainer.settings(dense=True))
    start = dense
    if gradual:
        start = trainer.train("pruned", trainer.fresh(), trainer.settings(dense=False))
    done = prune_further(trainer, start, max(sparsity, start.sparsity), epochs)
    model = pack(prepared, done.graph)
    path = save_model(model, file or trainer.folder / f"pruned-{100 * sparsity:g}.tgmp")
    parts = prepared.parts
    return Pruned(
        model,
        path,
        done.sparsity,
        dense.held_out_accuracy,
        prepared.accuracy(model, parts.held_out),
        prepared.accuracy(model, parts.test),
    )

"""Train the dense and the pruned HAR-2 network of a recipe, validating on held-out people."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from har.data import HarData, Split, held_out_people
from har.labels import HAR2_LABELS
from har.recipe import Recipe
from har.sensor import fit_scaling
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.models.fastgrnn import float_graph
from tinygmp.prune.schedule import GradualSchedule
from tinygmp.train.augment import Augmentation
from tinygmp.train.fit import Epoch
from tinygmp.train.settings import WindowSettings
from tinygmp.train.windows import WindowTask, train_windows

OnEpoch = Callable[[str, Epoch, int], None]  # stage, epoch, number of epochs


@dataclass(frozen=True)
class Trained:
    """A trained network, accuracies in per cent.

    best_epoch_test_accuracy: the best of every fifth epoch on the TEST people, as papers report it; it decides
    nothing.
    """

    graph: FloatGraph
    validation_accuracy: float | None
    test_accuracy: float
    best_epoch_test_accuracy: float
    history: tuple[Epoch, ...]


@dataclass(frozen=True)
class Prepared:
    """Data of a run: who trains, who validates, who tests, and the normalisation of the training people."""

    train: Split
    validation: Split
    test: Split
    scaling: SensorScaling

    def normalised(self, split: Split) -> np.ndarray:
        return ((split.windows - self.scaling.mean) / self.scaling.std).astype(np.float32)


def prepare(data: HarData, recipe: Recipe, seed: int) -> Prepared:
    """Split validation people off the training people; a recipe with few windows takes a random subset."""
    held_out = held_out_people(data.train, recipe.validation.people, recipe.validation.fold)
    validating = np.isin(data.train.people, held_out)
    train = data.train.where(~validating)
    if recipe.windows and recipe.windows < len(train):
        train = train.where(np.sort(np.random.default_rng(seed).permutation(len(train))[: recipe.windows]))
    return Prepared(train, data.train.where(validating), data.test, fit_scaling(data.train.windows))


def train_dense(
    prepared: Prepared, recipe: Recipe, seed: int, on_epoch: OnEpoch, checkpoint: Path | None
) -> Trained:
    """Train the unpruned network of a recipe."""
    return train(prepared, recipe, settings_of(recipe, seed, dense=True), "dense", on_epoch, checkpoint)


def train_pruned(
    prepared: Prepared, recipe: Recipe, seed: int, on_epoch: OnEpoch, checkpoint: Path | None
) -> Trained:
    """Train the network of a recipe with gradual Global MP."""
    return train(prepared, recipe, settings_of(recipe, seed, dense=False), "pruned", on_epoch, checkpoint)


def settings_of(recipe: Recipe, seed: int, dense: bool) -> WindowSettings:
    training, pruning = recipe.training, recipe.pruning
    schedule = GradualSchedule(pruning.sparsity, pruning.start_epoch, pruning.end_epoch, pruning.shape)
    return WindowSettings(
        epochs=training.dense_epochs if dense else training.epochs,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        label_smoothing=training.label_smoothing,
        average_decay=training.average_decay,
        pruning=None if dense else schedule,
        seed=seed,
    )


def train(
    prepared: Prepared,
    recipe: Recipe,
    settings: WindowSettings,
    stage: str,
    on_epoch: OnEpoch,
    checkpoint: Path | None,
) -> Trained:
    task = WindowTask(
        prepared.train,
        {"validation": prepared.validation, "test": prepared.test},
        prepared.scaling,
        len(HAR2_LABELS),
        Augmentation(recipe.augmentation.rotation_degrees, recipe.augmentation.noise),
    )
    shape = recipe.network
    network = task.network(shape.hidden, shape.w_rank, shape.u_rank, settings.seed)
    result = train_windows(
        task, network, settings, lambda epoch: on_epoch(stage, epoch, settings.epochs), checkpoint
    )
    final = result.history[-1].measured
    return Trained(
        graph=float_graph(result.network),
        validation_accuracy=final.get("validation"),
        test_accuracy=final["test"],
        best_epoch_test_accuracy=max(epoch.measured.get("test", 0.0) for epoch in result.history),
        history=tuple(result.history),
    )

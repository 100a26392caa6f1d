"""Small HAR-2 networks taught by dense ones: all 21 training people, 4-bit values, never shown a test person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from har.data import HarData
from har.labels import HAR2_LABELS
from har.packing import pack_har
from har.recipe import Recipe
from har.sensor import fit_scaling
from har.training import Prepared, settings_of
from tinygmp.graph.model import PackedModel
from tinygmp.models.fastgrnn import FastGrnnClassifier, float_graph
from tinygmp.pack.storage import Storage
from tinygmp.train.augment import Augmentation, WindowBatches
from tinygmp.train.fastgrnn_quantized import QuantizedClassifier
from tinygmp.train.fit import Epoch, Observer, fit
from tinygmp.train.settings import WindowSettings
from tinygmp.train.teaching import TaughtBatches, Teaching

PRUNING = (0.3, 0.6)  # of the training: where global pruning begins and ends
FINE_TUNING_RATE = 1e-3
OnEpoch = Callable[[Epoch], None]


@dataclass(frozen=True)
class Size:
    """A network of the frontier: nonzeros survive of all weights of a hidden size; values: how they are stored."""

    name: str
    most_bytes: int
    hidden: int
    nonzeros: int
    values: str = "codebook16"

    @property
    def sparsity(self) -> float:
        weights = self.hidden * (9 + self.hidden + len(HAR2_LABELS))
        return 1 - self.nonzeros / weights


@dataclass(frozen=True)
class Course:
    """How long everything trains: teachers dense, students pruned, and their 4-bit values after that."""

    teachers: int = 8
    teacher_hidden: int = 80
    teacher_epochs: int = 110
    views: int = 16
    epochs: int = 128
    fine_tuning_epochs: int = 16


def everybody(data: HarData) -> Prepared:
    """Return all training people as those who train; nobody validates, and the test people are left out."""
    nobody = data.train.where(data.train.people < 0)
    return Prepared(data.train, nobody, nobody, fit_scaling(data.train.windows))


def network(hidden: int, seed: int) -> FastGrnnClassifier:
    generator = torch.Generator().manual_seed(seed)
    return FastGrnnClassifier(9, hidden, len(HAR2_LABELS), generator=generator)


def augmented(prepared: Prepared, recipe: Recipe) -> WindowBatches:
    augmentation = Augmentation(recipe.augmentation.rotation_degrees, recipe.augmentation.noise)
    return WindowBatches(prepared.train, prepared.scaling, augmentation)


def settings(recipe: Recipe, epochs: int, seed: int, sparsity: float = 0.0) -> WindowSettings:
    """Return the recipe's settings for so many epochs, dense without a sparsity."""
    start, end = (round(part * epochs) for part in PRUNING)
    wanted = {"sparsity": sparsity, "start_epoch": start, "end_epoch": end}
    pruning = recipe.pruning.model_copy(update=wanted)
    training = recipe.training.model_copy(update={"epochs": epochs, "dense_epochs": epochs})
    longer = recipe.model_copy(update={"training": training, "pruning": pruning})
    return settings_of(longer, seed, dense=not sparsity)


def train_teacher(
    prepared: Prepared, recipe: Recipe, course: Course, seed: int, on_epoch: OnEpoch, checkpoint: Path
) -> FastGrnnClassifier:
    """Return a dense network of all training people."""
    teacher = network(course.teacher_hidden, seed)
    given = settings(recipe, course.teacher_epochs, seed)
    fit(teacher, augmented(prepared, recipe), prepared.train.labels, given, Observer(on_epoch), checkpoint)
    return teacher


def taught(
    prepared: Prepared, recipe: Recipe, course: Course, teachers: Sequence[nn.Module]
) -> TaughtBatches:
    """Return the views that all students see."""
    return TaughtBatches(augmented(prepared, recipe), len(prepared.train), teachers, course.views, Teaching())


def train_student(
    prepared: Prepared,
    recipe: Recipe,
    course: Course,
    batches: TaughtBatches,
    size: Size,
    seed: int,
    on_epoch: OnEpoch,
    checkpoint: Path,
) -> FastGrnnClassifier:
    """Return a pruned network, float still."""
    student = network(size.hidden, seed)
    given = settings(recipe, course.epochs, seed, size.sparsity)
    fit(student, batches, prepared.train.labels, given, Observer(on_epoch), checkpoint)
    return student


def narrowed(
    student: FastGrnnClassifier,
    prepared: Prepared,
    course: Course,
    batches: TaughtBatches,
    size: Size,
    seed: int,
) -> QuantizedClassifier:
    """Return the network with its values on shared levels, which train on under the same teachers."""
    graph = float_graph(student)
    coarse = QuantizedClassifier(graph, dict.fromkeys(graph.prunable(), size.values))
    given = WindowSettings(
        epochs=course.fine_tuning_epochs,
        batch_size=100,
        learning_rate=FINE_TUNING_RATE,
        weight_decay=0.0,
        seed=seed,
    )
    fit(coarse, batches, prepared.train.labels, given)
    return coarse


def packed(
    coarse: QuantizedClassifier, prepared: Prepared, data: HarData, size: Size, seed: int
) -> PackedModel:
    storage = Storage(value_formats=("int8", size.values))
    return pack_har(coarse.graph(), prepared, data, f"frontier, {size.name}", seed, storage)

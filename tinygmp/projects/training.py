"""Train a user's own network: dense to compare with, pruned globally on the way, packed, and scored."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.window_classifier import with_sensor
from tinygmp.graph.model import PackedModel
from tinygmp.models.fastgrnn import FastGrnnClassifier, float_graph
from tinygmp.pack import packer
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.settings import USUAL, PackSettings
from tinygmp.progress import OnStep, silent
from tinygmp.projects.prepared import Prepared
from tinygmp.projects.recipe import Opened
from tinygmp.projects.source_commit import source_commit
from tinygmp.prune.schedule import GradualSchedule
from tinygmp.train.augment import Augmentation
from tinygmp.train.fit import Epoch
from tinygmp.train.settings import WindowSettings
from tinygmp.train.windows import WindowTask, train_windows

CALIBRATION_WINDOWS = 200
CHECKPOINTS = "checkpoints"
MODEL, REPORT, TEST_WINDOWS = "model.tgmp", "report.json", "test.npz"


@dataclass(frozen=True)
class Network:
    """A trained network with averaged weights, its accuracies in per cent, and how it trained."""

    network: FastGrnnClassifier
    held_out_accuracy: float
    test_accuracy: float
    history: tuple[Epoch, ...] = ()

    @property
    def graph(self) -> FloatGraph:
        return float_graph(self.network)

    @property
    def sparsity(self) -> float:
        """Fraction of zeros of all matrices together."""
        return 1 - self.graph.nnz / self.graph.weight_count


@dataclass(frozen=True)
class Trainer:
    """Trains networks of one recipe's data; each stops and continues by a checkpoint of its own in `folder`."""

    prepared: Prepared
    folder: Path
    on_step: OnStep = silent

    @property
    def task(self) -> WindowTask:
        section, parts = self.prepared.opened.recipe.augmentation, self.prepared.parts
        return WindowTask(
            parts.train,
            {"held-out": parts.held_out, "test": parts.test},
            self.prepared.scaling,
            len(self.prepared.data.classes),
            Augmentation(section.rotation_degrees, section.noise),
        )

    def settings(self, dense: bool) -> WindowSettings:
        """Return the recipe's training of the dense network, or of the one that is pruned on the way."""
        recipe = self.prepared.opened.recipe
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
            seed=recipe.seed,
        )

    def fresh(self, hidden: int | None = None) -> FastGrnnClassifier:
        recipe = self.prepared.opened.recipe
        shape = recipe.network
        return self.task.network(hidden or shape.hidden, shape.w_rank, shape.u_rank, recipe.seed)

    def train(
        self, what: str, network: FastGrnnClassifier, settings: WindowSettings, start: str = ""
    ) -> Network:
        """Train a network in place, or return what an earlier run made of it; `start` names its starting weights."""

        def tell(epoch: Epoch) -> None:
            note = epoch.warning or f"{what}: loss {epoch.loss:.3f}, {epoch.nnz:,} weights"
            self.on_step(note, epoch.epoch + 1, settings.epochs)

        self.on_step(what, 0, settings.epochs)
        key = self.key(network, settings, start)
        result = train_windows(
            self.task,
            network,
            settings,
            tell,
            self.folder / CHECKPOINTS / f"{what.replace(' ', '-')}-{key}.pt",
        )
        measured = result.history[-1].measured
        return Network(result.network, measured["held-out"], measured["test"], tuple(result.history))

    def key(self, network: FastGrnnClassifier, settings: WindowSettings, start: str) -> str:
        """Return a name for all that decides a training, so that none continues another's checkpoint."""
        prepared = self.prepared
        recipe = prepared.opened.recipe
        shapes = {name: tuple(matrix.shape) for name, matrix in network.prunable().items()}
        told = (shapes, settings, start, prepared.data.sha256, recipe.split, recipe.augmentation)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def pack(prepared: Prepared, graph: FloatGraph, settings: PackSettings = USUAL) -> PackedModel:
    """Return the packed model, calibrated on evenly spread training windows."""
    calibration, identity = packing(prepared)
    return packer.pack(with_sensor(graph, prepared.scaling), calibration, identity, settings)


def packing(prepared: Prepared) -> tuple[np.ndarray, PackIdentity]:
    """Return calibration counts and the identity of a packed model."""
    train, recipe = prepared.parts.train, prepared.opened.recipe
    chosen = np.linspace(0, len(train) - 1, min(CALIBRATION_WINDOWS, len(train))).astype(int)
    provenance = {
        "data": prepared.opened.layout.path.name,
        "data_sha256": prepared.data.sha256,
        "synthetic": "yes" if recipe.data.synthetic else "no",
        "recipe": prepared.opened.path.name,
        "seed": str(recipe.seed),
        "commit": source_commit(),
    }
    if recipe.sensor.rate_hz:
        provenance["rate_hz"] = f"{recipe.sensor.rate_hz:.9f}".rstrip("0").rstrip(".")
    return prepared.counts(train.where(chosen)), PackIdentity(
        prepared.name, prepared.data.classes, provenance
    )


def run_folder(opened: Opened, out: Path | None) -> Path:
    """Return the folder of a recipe's results."""
    return out or Path("runs") / opened.recipe.name

"""Train a FastGRNN classifier on windows: gradual global pruning, weight averaging, resumable."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.mask_makers import by_criterion
from tinygmp.prune.pruner import Pruner
from tinygmp.prune.schedule import OneShotSchedule
from tinygmp.train.average import WeightAverage
from tinygmp.train.checkpoint import load_checkpoint, save_checkpoint
from tinygmp.train.divergence import DivergenceWatch
from tinygmp.train.settings import WindowSettings
from tinygmp.train.teaching import Taught, taught_loss

# Chosen indices to normalised windows, with teachers' answers where there are teachers.
MakeBatch = Callable[[Tensor, torch.Generator], Tensor | Taught]
CHECKPOINT_EPOCHS = 5  # measured and saved every so many epochs, and after the last


@dataclass(frozen=True)
class Epoch:
    """One line of a training's history; measured holds the observer's figures, in the epochs that have some."""

    epoch: int
    loss: float
    nnz: int
    measured: Mapping[str, float] = field(default_factory=dict)
    warning: str | None = None


@dataclass(frozen=True)
class Observer:
    """Who looks on while a network trains; nothing here changes the result.

    on_epoch gets each line of the history as it is made. measures: name -> figure of the network with averaged
    weights, such as its accuracy on validation people.
    """

    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    measures: Mapping[str, Callable[[FastGrnnClassifier], float]] = field(default_factory=dict)


@dataclass
class FitResult:
    """The trained network with averaged weights, its mask (None when dense) and its history."""

    network: FastGrnnClassifier
    mask: PruneMask | None
    history: list[Epoch] = field(default_factory=list)


class Training:
    """Everything that changes from step to step, so that a checkpoint can hold all of it."""

    def __init__(self, network: FastGrnnClassifier, settings: WindowSettings, batches: int) -> None:
        self.network, self.settings, self.batches = network, settings, batches
        self.generator = torch.Generator().manual_seed(settings.seed + 1)
        self.optimiser = torch.optim.AdamW(parameter_groups(network, settings), lr=settings.learning_rate)
        self.rate = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            max_lr=settings.learning_rate,
            total_steps=batches * settings.epochs,
            pct_start=settings.warmup_fraction,
        )
        self.pruner = Pruner(
            network.prunable(),
            settings.pruning or OneShotSchedule(0.0),
            by_criterion(minimum=settings.minimum),
        )
        self.average = WeightAverage(network, settings.average_decay)
        self.watch = DivergenceWatch()
        self.history: list[Epoch] = []

    def run_epoch(self, epoch: int, make_batch: MakeBatch, labels: Tensor) -> float:
        """Train one epoch and return its mean loss."""
        self.pruner.begin_epoch(epoch)
        order = torch.randperm(len(labels), generator=self.generator)
        total = 0.0
        for batch in range(self.batches):
            chosen = order[batch * self.settings.batch_size : (batch + 1) * self.settings.batch_size]
            total += self.run_step(make_batch(chosen, self.generator), labels[chosen])
        return total / self.batches

    def run_step(self, batch: Tensor | Taught, labels: Tensor) -> float:
        loss = self.loss(batch, labels)
        self.optimiser.zero_grad()
        loss.backward()
        if self.pruner.mask is not None:
            self.pruner.mask.mask_gradients(self.network)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.gradient_norm)
        self.optimiser.step()
        self.rate.step()
        self.pruner.step()
        self.average.after_step(self.network, self.pruner.pruned)
        return loss.item()

    def loss(self, batch: Tensor | Taught, labels: Tensor) -> Tensor:
        smoothing = self.settings.label_smoothing
        if isinstance(batch, Taught):
            logits = self.network(batch.windows)
            return taught_loss(logits, labels, batch.wanted, self.settings.teaching, smoothing)
        return functional.cross_entropy(self.network(batch), labels, label_smoothing=smoothing)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        return {
            "settings": checkpoint_key(self.settings),
            "network": self.network.state_dict(),
            "average": self.average.state,
            "averaged_steps": self.average.steps,
            "optimiser": self.optimiser.state_dict(),
            "rate": self.rate.state_dict(),
            "generator": self.generator.get_state(),
            "pruner": self.pruner.state_dict(),
            "watch": (self.watch.best, self.watch.risen),
            "history": [asdict(epoch) for epoch in self.history],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue as if the training had never stopped."""
        self.network.load_state_dict(state["network"])
        self.average.state, self.average.steps = state["average"], state["averaged_steps"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.rate.load_state_dict(state["rate"])
        self.generator.set_state(state["generator"])
        self.pruner.load_state_dict(state["pruner"])
        self.watch.best, self.watch.risen = state["watch"]
        self.history = [Epoch(**epoch) for epoch in state["history"]]


def parameter_groups(network: FastGrnnClassifier, settings: WindowSettings) -> list[dict[str, Any]]:
    """Weight decay acts on matrices only; biases, zeta and nu are free."""
    prunable = network.prunable()
    matrices = [p for name, p in network.named_parameters() if name in prunable]
    others = [p for name, p in network.named_parameters() if name not in prunable]
    return [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def checkpoint_key(settings: WindowSettings) -> str:
    """Return what must agree before a training continues from a checkpoint."""
    return f"{', '.join(Epoch.__dataclass_fields__)}, pruner; {settings!r}"


def fit(
    network: FastGrnnClassifier,
    make_batch: MakeBatch,
    labels: np.ndarray,
    settings: WindowSettings,
    observer: Observer | None = None,
    checkpoint: Path | None = None,
) -> FitResult:
    """Train in place and return the network with its averaged weights.

    make_batch turns indices into augmented, normalised windows [batch, steps, inputs], or such with teachers' answers
    (tinygmp.train.teaching), and draws all its chance from the generator it is given; labels int64 [windows]. With
    `checkpoint`, a stopped training continues from it to the bit-identical result. Raises DivergenceError when the
    loss is not finite.
    """
    observer = observer or Observer()
    training = Training(network, settings, max(1, len(labels) // settings.batch_size))
    if (
        checkpoint is not None
        and (state := load_checkpoint(checkpoint, checkpoint_key(settings))) is not None
    ):
        training.restore(state)
    targets = torch.from_numpy(np.asarray(labels))
    for epoch in range(len(training.history), settings.epochs):
        loss = training.run_epoch(epoch, make_batch, targets)
        warning = training.watch.after_epoch(epoch, loss)
        due = epoch % CHECKPOINT_EPOCHS == CHECKPOINT_EPOCHS - 1 or epoch == settings.epochs - 1
        measured = measure_average(training, observer) if due else {}
        nnz = sum(int(torch.count_nonzero(weight)) for weight in network.prunable().values())
        training.history.append(Epoch(epoch, loss, nnz, measured, warning))
        observer.on_epoch(training.history[-1])
        if checkpoint is not None and due:
            save_checkpoint(checkpoint, training.state())
    training.average.copy_to(network)
    return FitResult(network, training.pruner.mask, training.history)


def measure_average(training: Training, observer: Observer) -> dict[str, float]:
    """Return the observer's figures of the averaged weights, leaving the training's own untouched."""
    own = {name: p.detach().clone() for name, p in training.network.named_parameters()}
    training.average.copy_to(training.network)
    measured = {name: float(measure(training.network)) for name, measure in observer.measures.items()}
    with torch.no_grad():
        for name, parameter in training.network.named_parameters():
            parameter.copy_(own[name])
    return measured

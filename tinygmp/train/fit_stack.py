"""Train many FastGRNN runs of one shape at once, each with its own seed, data order and pruner; resumable."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tinygmp.errors import ConfigError, DivergenceError
from tinygmp.models.fastgrnn_stack import FastGrnnStack
from tinygmp.prune.pruner import Pruner

MakeBatch = Callable[
    [Tensor, torch.Generator], Tensor
]  # indices [n] -> normalised windows [n, steps, inputs]


@dataclass(frozen=True)
class StackSettings:
    """AdamW with a one-cycle learning rate, clipped gradients and an average of the weights, alike in all
    runs.
    """

    epochs: int
    batch_size: int = 100
    learning_rate: float = 6.4e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    warmup_fraction: float = 0.3
    gradient_norm: float = 1.0
    average_decay: float = 0.998
    checkpoint_epochs: int = 5

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or self.checkpoint_epochs < 1:
            raise ConfigError(
                f"stack training: {self.epochs} epochs, batch {self.batch_size}, checkpoint every "
                f"{self.checkpoint_epochs}; all need 1 or more"
            )


@dataclass
class StackHistory:
    """Per epoch: loss and test accuracy (averaged weights, 0..1) of every run."""

    losses: list[list[float]] = field(default_factory=list)
    accuracies: list[list[float]] = field(default_factory=list)

    def best(self, run: int) -> float:
        return max(epoch[run] for epoch in self.accuracies)

    def last(self, run: int) -> float:
        return self.accuracies[-1][run]


class StackTraining:
    """Everything that changes from step to step, so that a checkpoint can hold all of it."""

    def __init__(
        self,
        stack: FastGrnnStack,
        settings: StackSettings,
        steps: int,
        seeds: Sequence[int],
        pruners: Sequence[Pruner | None],
    ) -> None:
        if not len(seeds) == len(pruners) == stack.runs:
            raise ConfigError(f"stack of {stack.runs} runs has {len(seeds)} seeds and {len(pruners)} pruners")
        self.stack, self.settings, self.pruners = stack, settings, list(pruners)
        matrices = [stack.get_parameter(name) for name in stack.prunable_names]
        others = [p for name, p in stack.named_parameters() if name not in stack.prunable_names]
        groups = [
            {"params": matrices, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate)
        self.rate = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser,
            max_lr=settings.learning_rate,
            total_steps=steps * settings.epochs,
            pct_start=settings.warmup_fraction,
        )
        self.generators = [torch.Generator().manual_seed(seed + 1) for seed in seeds]
        self.average = {name: p.detach().clone() for name, p in stack.named_parameters()}
        self.averaged_steps = 0
        self.history = StackHistory()

    def step(self, x: Tensor, labels: Tensor) -> Tensor:
        """Train all runs on their own batches [runs, batch, ...] and return their losses [runs]."""
        self.optimiser.zero_grad()
        losses = []
        for part in self._parts():
            logits = self.stack(x[part], part).transpose(1, 2)
            loss = functional.cross_entropy(
                logits, labels[part], label_smoothing=self.settings.label_smoothing, reduction="none"
            ).mean(1)
            loss.sum().backward()  # runs share no parameter, so each gets the gradient of its own mean
            losses.append(loss.detach())
        self._clear_pruned({name: p.grad for name, p in self.stack.named_parameters()})
        self._clip_each_run()
        self.optimiser.step()
        self.rate.step()
        for pruner in self.pruners:
            if pruner is not None:
                pruner.step()
        self._average()
        return torch.cat(losses)

    def _parts(self) -> list[slice]:
        """On a CPU one run at a time, whose states fit its cache; all at once elsewhere."""
        together = 1 if self.stack.zeta.device.type == "cpu" else self.stack.runs
        return [slice(start, start + together) for start in range(0, self.stack.runs, together)]

    def _clear_pruned(self, tensors: dict[str, Any]) -> None:
        for run, pruner in enumerate(self.pruners):
            if pruner is not None:
                for name, pruned in pruner.pruned.items():
                    tensors[name][run].masked_fill_(pruned, 0)

    def _clip_each_run(self) -> None:
        gradients = [p.grad for p in self.stack.parameters() if p.grad is not None]
        norms = torch.stack([g.flatten(1).norm(dim=1) if g.dim() > 1 else g.abs() for g in gradients]).norm(
            dim=0
        )
        scale = (self.settings.gradient_norm / (norms + 1e-6)).clamp(max=1)
        for gradient in gradients:
            gradient.mul_(scale.view(-1, *[1] * (gradient.dim() - 1)))

    def _average(self) -> None:
        self.averaged_steps += 1
        decay = min(self.settings.average_decay, (1 + self.averaged_steps) / (10 + self.averaged_steps))
        for name, parameter in self.stack.named_parameters():
            self.average[name].lerp_(parameter.detach(), 1 - decay)
        self._clear_pruned(self.average)

    def accuracies(self, x: Tensor, labels: Tensor, batch: int = 200) -> list[float]:
        """Return every run's accuracy with its averaged weights on the same windows [count, steps,
        inputs].
        """
        own = {name: p.detach().clone() for name, p in self.stack.named_parameters()}
        self.load(self.average)
        correct = torch.zeros(self.stack.runs)
        with torch.no_grad():
            for start in range(0, len(x), batch):
                windows, expected = x[None, start : start + batch], labels[start : start + batch]
                for part in self._parts():
                    correct[part] += (self.stack(windows, part).argmax(2) == expected).sum(1)
        self.load(own)
        return [float(count) / len(x) for count in correct]

    def load(self, values: dict[str, Tensor]) -> None:
        """Copy values into the stack's parameters, in place."""
        with torch.no_grad():
            for name, parameter in self.stack.named_parameters():
                parameter.copy_(values[name])

    def state(self) -> dict[str, Any]:
        """Return all that a checkpoint must hold."""
        return {
            "settings": repr(self.settings),
            "stack": self.stack.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "rate": self.rate.state_dict(),
            "generators": [generator.get_state() for generator in self.generators],
            "average": (self.average, self.averaged_steps),
            "history": (self.history.losses, self.history.accuracies),
            "pruners": [None if pruner is None else pruner.state_dict() for pruner in self.pruners],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue as if training had never stopped; a checkpoint of other settings raises ConfigError."""
        if state["settings"] != repr(self.settings):
            raise ConfigError(f"checkpoint was made with {state['settings']}, not {self.settings}; delete it")
        if "pruners" not in state:
            raise ConfigError("checkpoint is of an earlier version, without its pruners; delete it")
        self.stack.load_state_dict(state["stack"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.rate.load_state_dict(state["rate"])
        for generator, stored in zip(self.generators, state["generators"], strict=True):
            generator.set_state(stored)
        self.average, self.averaged_steps = state["average"]
        self.history = StackHistory(*state["history"])
        for pruner, stored in zip(self.pruners, state["pruners"], strict=True):
            if pruner is not None:
                pruner.load_state_dict(stored)


def fit_stack(
    stack: FastGrnnStack,
    make_batch: MakeBatch,
    labels: np.ndarray,
    test: tuple[np.ndarray, np.ndarray],
    settings: StackSettings,
    seeds: Sequence[int],
    pruners: Sequence[Pruner | None],
    checkpoint: Path | None = None,
    report: Callable[[int, StackHistory], None] = lambda epoch, history: None,
) -> StackTraining:
    """Train all runs in place; at the end the stack holds the averaged weights, pruned ones exactly 0.

    Each run draws its own order and augmentation from its own seed. With a checkpoint path a stopped training
    goes on from the last multiple of checkpoint_epochs. Raises DivergenceError naming the run whose loss is
    not finite.
    """
    steps = max(1, len(labels) // settings.batch_size)
    training = StackTraining(stack, settings, steps, seeds, pruners)
    if checkpoint is not None and checkpoint.exists():
        training.restore(torch.load(checkpoint, weights_only=True))
    targets = torch.from_numpy(np.asarray(labels))
    test_x, test_labels = torch.from_numpy(test[0]), torch.from_numpy(np.asarray(test[1]))
    for epoch in range(len(training.history.losses), settings.epochs):
        for pruner in pruners:
            if pruner is not None:
                pruner.begin_epoch(epoch)
        training.history.losses.append(_one_epoch(training, make_batch, targets, steps, epoch))
        training.history.accuracies.append(training.accuracies(test_x, test_labels))
        report(epoch, training.history)
        if checkpoint is not None and (epoch + 1) % settings.checkpoint_epochs == 0:
            partial = checkpoint.with_suffix(".partial")
            torch.save(training.state(), partial)
            os.replace(partial, checkpoint)
    training.load(training.average)
    return training


def _one_epoch(
    training: StackTraining, make_batch: MakeBatch, labels: Tensor, steps: int, epoch: int
) -> list[float]:
    size = training.settings.batch_size
    orders = [torch.randperm(len(labels), generator=generator) for generator in training.generators]
    total = torch.zeros(training.stack.runs)
    for step in range(steps):
        chosen = [order[step * size : (step + 1) * size] for order in orders]
        drawn = [make_batch(c, g) for c, g in zip(chosen, training.generators, strict=True)]
        total += training.step(torch.stack(drawn), torch.stack([labels[c] for c in chosen]))
    means = total / steps
    if not bool(means.isfinite().all()):
        run = int((~means.isfinite()).nonzero()[0])
        raise DivergenceError(
            f"run {run}, epoch {epoch}: loss is {float(means[run])}; lower the learning rate"
        )
    return [float(mean) for mean in means]

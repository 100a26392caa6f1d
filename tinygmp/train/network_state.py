"""Everything of a training run that changes from step to step, so that a checkpoint holds all of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from tinygmp.errors import FileFormatError
from tinygmp.prune.pruner import Pruner
from tinygmp.train.average import WeightAverage
from tinygmp.train.checkpoint import load_checkpoint, save_checkpoint
from tinygmp.train.network_settings import EpochRecord, TrainSettings


@dataclass
class TrainState:
    """A network in training with all that belongs to it."""

    network: nn.Module
    settings: TrainSettings
    pruner: Pruner | None
    optimiser: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    average: WeightAverage | None
    history: list[EpochRecord] = field(default_factory=list)

    def step(self, loss: torch.Tensor) -> None:
        """Move the weights along one gradient, keep pruned ones at 0, and take the result into the average."""
        self.optimiser.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        if self.pruner is not None:
            self.pruner.step()
        if self.average is not None:
            self.average.after_step(self.network, self.pruner.pruned if self.pruner is not None else {})

    def save(self, path: Path) -> None:
        """Write the state after an epoch, whole or not at all."""
        average = self.average
        state = {
            "settings": self.identity(),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": None if average is None else {"steps": average.steps, "state": average.state},
            "pruner": None if self.pruner is None else self.pruner.state_dict(),
            "history": [asdict(record) for record in self.history],
        }
        save_checkpoint(path, state)

    def resume(self, path: Path) -> None:
        """Continue after the last saved epoch, if any, as if training had never stopped.

        Raises FileFormatError for a damaged checkpoint, or one of other settings.
        """
        state = load_checkpoint(path, self.identity())
        if state is None:
            return
        try:
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.scaler.load_state_dict(state["scaler"])
            if self.average is not None:
                self.average.steps = state["average"]["steps"]
                for name, value in state["average"]["state"].items():
                    self.average.state[name].copy_(value)
            if self.pruner is not None:
                self.pruner.load_state_dict(state["pruner"])
            self.history[:] = [EpochRecord(**record) for record in state["history"]]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise FileFormatError(
                f"checkpoint '{path}' is of another network ({str(error)[:200]}); delete it to start again"
            ) from error

    def identity(self) -> str:
        """Return what must be the same when training continues; the number of decoding threads need not."""
        schedule = None if self.pruner is None else self.pruner.schedule
        return f"{replace(self.settings, workers=1)} {schedule}"


def started(network: nn.Module, settings: TrainSettings, pruner: Pruner | None) -> TrainState:
    """Return the state before the first step."""
    device = next(network.parameters()).device
    average = WeightAverage(network, settings.average_decay, buffers=True) if settings.average_decay else None
    scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "float16")
    return TrainState(network, settings, pruner, optimiser_of(network, settings), scaler, average)


def optimiser_of(network: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    parameters, rate, decay = network.parameters(), settings.learning_rate, settings.weight_decay
    if settings.optimiser == "adam":
        return torch.optim.Adam(parameters, rate, weight_decay=decay)
    return torch.optim.SGD(
        parameters, rate, momentum=settings.momentum, weight_decay=decay, nesterov=settings.nesterov
    )

"""Training of image networks with a pruner in the loop, on one process or several, on CPU or GPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import distributed, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from tinygmp.errors import ConfigError, DataError, DivergenceError
from tinygmp.prune.pruner import Pruner


class Samples(Protocol):
    """Images with labels; sample(index, rng) gives float32 [channels, height, width] and a class number."""

    def __len__(self) -> int: ...

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, int]: ...


@dataclass(frozen=True)
class TrainSettings:
    """How to train: batch_size is the whole batch over all processes; learning_rate is its peak.

    workers: threads that decode images, while the network trains on the batch before.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    optimiser: str = "sgd"
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    warmup_epochs: int = 0
    label_smoothing: float = 0.0
    seed: int = 0
    workers: int = 4

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1:
            raise ConfigError(
                f"training: {self.epochs} epochs of batch {self.batch_size}; both need 1 or more"
            )
        if not self.learning_rate > 0:
            raise ConfigError(f"training: learning rate {self.learning_rate} is not above 0; try 0.1")
        if self.optimiser not in ("sgd", "adam"):
            raise ConfigError(f"training: optimiser '{self.optimiser}' is unknown; use 'sgd' or 'adam'")
        if not 0 <= self.warmup_epochs <= self.epochs:
            raise ConfigError(f"training: {self.warmup_epochs} warm-up epochs are outside 0..{self.epochs}")

    def rate_at(self, epoch: int) -> float:
        """Return the learning rate of an epoch: linear warm-up, then half a cosine, one value an epoch."""
        if epoch < self.warmup_epochs:
            return self.learning_rate * (epoch + 1) / self.warmup_epochs
        progress = (epoch - self.warmup_epochs) / max(1, self.epochs - self.warmup_epochs)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


@dataclass(frozen=True)
class EpochRecord:
    """One epoch: mean training loss, test accuracy in 0..1, fraction of zeros over the pruner's weights."""

    epoch: int
    loss: float
    accuracy: float
    sparsity: float


def fit(
    model: nn.Module,
    train: Samples,
    test: Samples,
    settings: TrainSettings,
    pruner: Pruner | None = None,
    rate_at: Callable[[int], float] | None = None,
    report: Callable[[EpochRecord], None] = lambda record: None,
) -> list[EpochRecord]:
    """Train in place and return one record an epoch.

    With torch.distributed running, every process trains its equal share of each batch and gradients are
    averaged; processes must start from the same weights; batch norm sees its own process's share only, as in
    the paper's published code. Batches that are not full are left out. rate_at
    overrides the settings' learning rate (for rewinding). Raises DivergenceError when the loss is not finite.
    """
    device = next(model.parameters()).device
    several = distributed.is_available() and distributed.is_initialized()
    wrapped: nn.Module = DistributedDataParallel(model) if several else model
    optimiser = _optimiser(model, settings)
    history = []
    for epoch in range(settings.epochs):
        for group in optimiser.param_groups:
            group["lr"] = (rate_at or settings.rate_at)(epoch)
        if pruner is not None:
            pruner.begin_epoch(epoch)
        model.train()
        losses = []
        for images, labels in batches(train, settings, epoch):
            logits = wrapped(images.to(device))
            loss = functional.cross_entropy(
                logits, labels.to(device), label_smoothing=settings.label_smoothing
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if pruner is not None:
                pruner.after_step()
            losses.append(_mean_over_processes(loss.detach()))
        mean = float(torch.stack(losses).mean())
        if not math.isfinite(mean):
            raise DivergenceError(f"epoch {epoch}: training loss is {mean}; lower the learning rate")
        mask = pruner.mask if pruner is not None else None
        record = EpochRecord(epoch, mean, evaluate(model, test, settings), mask.sparsity if mask else 0.0)
        history.append(record)
        report(record)
    return history


def batches(
    data: Samples, settings: TrainSettings, epoch: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield this process's share of every full batch; order and augmentation depend on seed and epoch
    only.
    """
    rank, world = _rank_and_world()
    if settings.batch_size % world:
        raise ConfigError(
            f"batch of {settings.batch_size} does not split over {world} processes; use a multiple"
        )
    if len(data) < settings.batch_size:
        raise DataError(
            f"{len(data)} samples do not fill a batch of {settings.batch_size}; lower the batch size"
        )
    order = np.random.default_rng([settings.seed, epoch]).permutation(len(data))
    starts = range(0, len(data) - settings.batch_size + 1, settings.batch_size)
    shares = (order[start + rank : start + settings.batch_size : world] for start in starts)
    yield from _decoded_ahead(data, shares, [settings.seed, epoch], settings.workers)


def evaluate(model: nn.Module, data: Samples, settings: TrainSettings) -> float:
    """Return the fraction of samples classified correctly; processes share the samples."""
    rank, world = _rank_and_world()
    device = next(model.parameters()).device
    model.eval()
    if world > 1:
        for buffer in model.buffers():  # batch-norm statistics are each process's own until here
            distributed.broadcast(buffer, src=0)
    correct = torch.zeros((), dtype=torch.float64)
    mine = np.arange(rank, len(data), world)
    with torch.no_grad():
        shares = (
            mine[start : start + settings.batch_size] for start in range(0, len(mine), settings.batch_size)
        )
        for images, labels in _decoded_ahead(data, shares, [0], settings.workers):
            correct += (model(images.to(device)).argmax(1).cpu() == labels).sum()
    if world > 1:
        correct = correct.to(device=device, dtype=torch.float32)
        distributed.all_reduce(correct)
    return float(correct) / len(data)


def _decoded_ahead(
    data: Samples, shares: Iterator[np.ndarray], seeds: list[int], workers: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield one batch per share of indices, decoding the next one while the caller works on this one."""

    def draw(index: int) -> tuple[np.ndarray, int]:
        return data.sample(int(index), np.random.default_rng([*seeds, int(index)]))

    with ThreadPoolExecutor(max(1, workers)) as pool:
        drawn = None
        for share in shares:
            following = [
                pool.submit(_draw_all, draw, part) for part in np.array_split(share, max(1, workers))
            ]
            if drawn is not None:
                yield _stacked(drawn)
            drawn = following
        if drawn is not None:
            yield _stacked(drawn)


def _draw_all(
    draw: Callable[[int], tuple[np.ndarray, int]], indices: np.ndarray
) -> list[tuple[np.ndarray, int]]:
    return [draw(index) for index in indices]


def _stacked(parts: list[Future[list[tuple[np.ndarray, int]]]]) -> tuple[torch.Tensor, torch.Tensor]:
    drawn = [sample for part in parts for sample in part.result()]
    images = torch.from_numpy(np.stack([image for image, _ in drawn]))
    return images, torch.tensor([label for _, label in drawn])


def _optimiser(model: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    if settings.optimiser == "adam":
        return torch.optim.Adam(
            model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
    return torch.optim.SGD(
        model.parameters(),
        settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        nesterov=settings.nesterov,
    )


def _rank_and_world() -> tuple[int, int]:
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _mean_over_processes(value: torch.Tensor) -> torch.Tensor:
    _, world = _rank_and_world()
    if world > 1:
        distributed.all_reduce(value)
    return value / world

"""Training of image networks with a pruner in the loop, on one process or several, on CPU or GPU."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import distributed, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from tinygmp.errors import ConfigError, DataError, DivergenceError
from tinygmp.prune.pruner import Pruner
from tinygmp.train.network_settings import EpochRecord, TrainSettings
from tinygmp.train.network_state import TrainState, started

__all__ = ["EpochRecord", "Loss", "Samples", "TrainSettings", "batches", "evaluate", "fit"]


class Samples(Protocol):
    """Images with labels; sample(index, rng) gives float32 [channels, height, width] and a class number.

    A class may have samples(indices, rngs) too, which gives float32 [count, channels, height, width] and labels, int64
    [count], the same as sample would one by one.
    """

    def __len__(self) -> int: ...

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, int]: ...


Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]  # of images, logits and labels


def fit(
    model: nn.Module,
    train: Samples,
    test: Samples,
    settings: TrainSettings,
    pruner: Pruner | None = None,
    rate_at: Callable[[int], float] | None = None,
    report: Callable[[EpochRecord], None] = lambda record: None,
    checkpoint: Path | None = None,
    loss: Loss | None = None,
) -> list[EpochRecord]:
    """Train in place and return one record an epoch.

    With torch.distributed running, every process trains its equal share of each batch and gradients are
    averaged; processes must start from the same weights; batch norm sees its own process's share only, as in
    the paper's published code. Batches that are not full are left out. rate_at overrides the settings' learning rate
    (for rewinding). checkpoint: process 0 writes the state there after every epoch; a run that finds one continues
    after it, bit for bit as if it had never stopped. loss: instead of cross-entropy, see Distillation. Raises
    DivergenceError when the loss is not finite, FileFormatError for a damaged checkpoint or one of other settings.
    """
    several = distributed.is_available() and distributed.is_initialized()
    state = started(model, settings, pruner)
    if checkpoint is not None:
        state.resume(checkpoint)
    wrapped: nn.Module = DistributedDataParallel(model) if several else model
    for epoch in range(len(state.history), settings.epochs):
        for group in state.optimiser.param_groups:
            group["lr"] = (rate_at or settings.rate_at)(epoch)
        if pruner is not None:
            pruner.begin_epoch(epoch)
        began = time.perf_counter()
        mean = _train_epoch(state, wrapped, train, epoch, loss)
        seconds = time.perf_counter() - began
        mask = pruner.mask if pruner is not None else None
        accuracy = evaluate(_scored(state), test, settings)
        record = EpochRecord(epoch, mean, accuracy, mask.sparsity if mask else 0.0, seconds)
        state.history.append(record)
        if checkpoint is not None and _rank_and_world()[0] == 0:
            state.save(checkpoint)
        report(record)
    if state.average is not None:
        state.average.copy_to(model)
        _share_buffers(model)
    return state.history


def _train_epoch(
    state: TrainState, wrapped: nn.Module, train: Samples, epoch: int, loss_of: Loss | None
) -> float:
    """Take one step a batch and return the mean loss."""
    settings, device = state.settings, next(state.network.parameters()).device
    reduced = settings.precision != "float32"
    dtype = torch.float16 if settings.precision == "float16" else torch.bfloat16
    state.network.train()
    losses = []
    for images, labels in batches(train, settings, epoch):
        images, labels = images.to(device), labels.to(device)
        with torch.autocast(device.type, dtype, enabled=reduced):
            logits = wrapped(images)
        logits = logits.float()
        if loss_of is not None:
            loss = loss_of(images, logits, labels)
        else:
            loss = functional.cross_entropy(logits, labels, label_smoothing=settings.label_smoothing)
        state.step(loss)
        losses.append(_mean_over_processes(loss.detach()))
    mean = float(torch.stack(losses).mean())
    if not math.isfinite(mean):
        raise DivergenceError(f"epoch {epoch}: training loss is {mean}; lower the learning rate")
    return mean


def _scored(state: TrainState) -> nn.Module:
    """Return the network that is scored: the average in a copy where there is one, for training goes on without it."""
    if state.average is None:
        return state.network
    averaged = copy.deepcopy(state.network)
    state.average.copy_to(averaged)
    return averaged


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
    _share_buffers(model)
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

    with ThreadPoolExecutor(max(1, workers)) as pool:
        drawn = None
        for share in shares:
            parts = np.array_split(share, max(1, min(workers, len(share))))
            following = [pool.submit(_drawn, data, part, seeds) for part in parts]
            if drawn is not None:
                yield _joined(drawn)
            drawn = following
        if drawn is not None:
            yield _joined(drawn)


def _drawn(data: Samples, indices: np.ndarray, seeds: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return samples in one array and their labels; each has random numbers of its own, whoever draws it."""
    rngs = [np.random.default_rng([*seeds, int(index)]) for index in indices]
    together = getattr(data, "samples", None)
    if together is not None:
        images, labels = together(indices, rngs)
        return images, labels
    drawn = [data.sample(int(index), rng) for index, rng in zip(indices, rngs, strict=True)]
    return np.stack([image for image, _ in drawn]), np.array([label for _, label in drawn], np.int64)


def _joined(parts: list[Future[tuple[np.ndarray, np.ndarray]]]) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = zip(*(part.result() for part in parts), strict=True)
    if len(parts) == 1:  # copied no more
        return torch.from_numpy(images[0]), torch.from_numpy(labels[0])
    return torch.from_numpy(np.concatenate(images)), torch.from_numpy(np.concatenate(labels))


def _share_buffers(model: nn.Module) -> None:
    """Give every process the batch-norm statistics of process 0; until here each has its own."""
    if _rank_and_world()[1] > 1:
        for buffer in model.buffers():
            distributed.broadcast(buffer, src=0)


def _rank_and_world() -> tuple[int, int]:
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _mean_over_processes(value: torch.Tensor) -> torch.Tensor:
    _, world = _rank_and_world()
    if world > 1:
        distributed.all_reduce(value)
    return value / world

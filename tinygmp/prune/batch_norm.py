"""Running statistics of batch norm, measured again on training images after weights were pruned."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tinygmp.errors import ConfigError, DataError


@torch.no_grad()
def reestimate_batch_norm(network: nn.Module, batches: Iterable[torch.Tensor]) -> int:
    """Replace every batch norm's running mean and variance by the plain average over batches; return how many.

    batches: images [batch, channels, height, width], two or more values a channel in every layer. Only batch norm is in
    training mode meanwhile, dropout is not. The variance is the average of each batch's unbiased one, as torch counts
    it. With torch.distributed running, each process gives its own batches, equally many, and all get the average.
    Raises ConfigError without batch norm that keeps statistics, DataError without batches; an error changes nothing.
    """
    layers = [one for one in network.modules() if isinstance(one, _BatchNorm) and one.track_running_stats]
    if not layers:
        raise ConfigError(f"{type(network).__name__} has no batch norm with running statistics to estimate")
    images = iter(batches)
    first = next(images, None)
    if first is None:
        raise DataError("batch norm: no batch of images to estimate statistics from; give at least one")
    device, count = next(network.parameters()).device, 0
    with measuring(network, layers):
        for one in chain((first,), images):
            network(one.to(device))
            count += 1
    if distributed.is_available() and distributed.is_initialized():
        for layer in layers:
            for statistic in (layer.running_mean, layer.running_var):
                assert statistic is not None
                distributed.all_reduce(statistic)
                statistic /= distributed.get_world_size()
    return count


@contextmanager
def measuring(network: nn.Module, layers: list[_BatchNorm]) -> Iterator[None]:
    """Let batch norm average from nothing; then give back modes and momentum, after an error the statistics too."""
    modes = {module: module.training for module in network.modules()}
    momenta = [layer.momentum for layer in layers]
    before = [{name: value.clone() for name, value in layer.named_buffers()} for layer in layers]
    network.eval()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch: the average of all batches, each of the same weight
        layer.train()
    try:
        yield
    except BaseException:
        for layer, buffers in zip(layers, before, strict=True):
            for name, value in buffers.items():
                layer.get_buffer(name).copy_(value)
        raise
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for module, mode in modes.items():
            module.training = mode

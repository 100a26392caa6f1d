"""Channels that are constant on all images: their weights become zeros, their value stays, as batch norm's bias."""

from collections.abc import Iterable
from itertools import pairwise

import torch
from torch import distributed, nn

from tinygmp.errors import DataError

TOLERANCE = 1e-4  # of a value after batch norm; a level of int8 is some hundred times that


@torch.no_grad()
def silence_constant_channels(network: nn.Module, batches: Iterable[torch.Tensor]) -> int:
    """Zero the weights of convolution channels whose batch norm gives one value on all images; return how many.

    batches: images [batch, channels, height, width]. Where an activation is 0 on every image (a dead ReLU, frequent
    after pruning), the depthwise filter that reads it gives one value, and its running variance decays to 0; folded
    into the convolution, 1 / sqrt(variance) makes huge weights of no effect, which integers cannot hold. The network
    answers these images as before, to 1e-4 of a channel's value. With torch.distributed running, a channel is constant
    when it is on every process's images. Raises DataError without batches.
    """
    pairs = convolutions_before_batch_norm(network)
    low: dict[nn.Conv2d, torch.Tensor] = {}
    high: dict[nn.Conv2d, torch.Tensor] = {}

    def watch(layer: nn.Module, given: tuple[torch.Tensor, ...], made: torch.Tensor) -> None:
        assert isinstance(layer, nn.Conv2d)
        least, most = made.amin((0, 2, 3)), made.amax((0, 2, 3))
        low[layer] = torch.minimum(low.get(layer, least), least)
        high[layer] = torch.maximum(high.get(layer, most), most)

    hooks = [layer.register_forward_hook(watch) for layer, _ in pairs]
    modes = {module: module.training for module in network.modules()}
    device = next(network.parameters()).device
    network.eval()
    try:
        for images in batches:
            network(images.to(device))
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes.items():
            module.training = mode
    if len(low) < len(pairs):
        raise DataError("constant channels: no batch of images to look for them; give at least one")
    return sum(silence(layer, norm, low[layer], high[layer]) for layer, norm in pairs)


def silence(layer: nn.Conv2d, norm: nn.BatchNorm2d, low: torch.Tensor, high: torch.Tensor) -> int:
    """Zero the channels whose smallest and largest value hardly differ after batch norm."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(low, distributed.ReduceOp.MIN)
        distributed.all_reduce(high, distributed.ReduceOp.MAX)
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    factor = norm.weight / torch.sqrt(variance + norm.eps)
    constant = (high - low) * factor.abs() <= TOLERANCE
    fresh = constant & (layer.weight != 0).flatten(1).any(1)
    value = norm.bias + ((low + high) / 2 - mean) * factor
    norm.bias[fresh] = value[fresh]
    mean[fresh] = layer.bias[fresh] if layer.bias is not None else 0.0
    layer.weight[fresh] = 0.0
    return int(fresh.sum())


def convolutions_before_batch_norm(network: nn.Module) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """Return the pairs that stand one after the other in a Sequential and keep statistics."""
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []
    for parent in network.modules():
        if isinstance(parent, nn.Sequential):
            for layer, norm in pairwise(parent):
                if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    pairs += [(layer, norm)] * (norm.affine and norm.track_running_stats)
    return pairs

"""Exponential moving average of a network's weights."""

import torch
from torch import Tensor, nn


class WeightAverage:
    """average = d * average + (1 - d) * weights after each step; pruned weights stay exactly 0.

    d = min(decay, (1 + step) / (10 + step)), so that a short training does not average its start. buffers: running
    statistics of batch norm are averaged too, counters are not.
    """

    def __init__(self, network: nn.Module, decay: float, buffers: bool = False) -> None:
        self.decay = decay
        self.buffers = buffers
        self.steps = 0
        self.state: dict[str, Tensor] = {name: p.detach().clone() for name, p in self.averaged(network)}

    @torch.no_grad()
    def after_step(self, network: nn.Module, pruned: dict[str, Tensor]) -> None:
        """Take in the weights of a step; `pruned` names the weights that are 0 for good."""
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for name, parameter in self.averaged(network):
            self.state[name].lerp_(parameter, 1 - decay)
        for name, zeros in pruned.items():
            self.state[name].masked_fill_(zeros, 0)

    @torch.no_grad()
    def copy_to(self, network: nn.Module) -> None:
        for name, parameter in self.averaged(network):
            parameter.copy_(self.state[name])

    def averaged(self, network: nn.Module) -> list[tuple[str, Tensor]]:
        tensors: list[tuple[str, Tensor]] = list(network.named_parameters())
        if self.buffers:
            tensors += [(name, b) for name, b in network.named_buffers() if b.is_floating_point()]
        return tensors

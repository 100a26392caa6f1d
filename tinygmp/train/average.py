"""Exponential moving average of a network's weights."""

import torch
from torch import Tensor, nn


class WeightAverage:
    """average = d * average + (1 - d) * weights after each step; pruned weights stay exactly 0.

    d = min(decay, (1 + step) / (10 + step)), so that a short training does not average its start.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.state: dict[str, Tensor] = {name: p.detach().clone() for name, p in network.named_parameters()}

    @torch.no_grad()
    def after_step(self, network: nn.Module, pruned: dict[str, Tensor]) -> None:
        """Take in the weights of a step; `pruned` names the weights that are 0 for good."""
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for name, parameter in network.named_parameters():
            self.state[name].lerp_(parameter, 1 - decay)
        for name, zeros in pruned.items():
            self.state[name].masked_fill_(zeros, 0)

    @torch.no_grad()
    def copy_to(self, network: nn.Module) -> None:
        for name, parameter in network.named_parameters():
            parameter.copy_(self.state[name])

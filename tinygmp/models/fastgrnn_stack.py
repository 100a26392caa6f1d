"""Several FastGRNN classifiers of one shape as one module, so that seeds and sparsities train together."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.models.fastgrnn_gradient import FastGrnnWindow


class FastGrnnStack(nn.Module):
    """Parameters of FastGrnnClassifier with a leading axis of runs; run i computes what network i would."""

    def __init__(self, networks: Sequence[FastGrnnClassifier]) -> None:
        super().__init__()
        if not networks:
            raise ConfigError("FastGRNN stack: no networks to stack; give one per run")
        shapes = [{name: tuple(p.shape) for name, p in network.named_parameters()} for network in networks]
        if any(other != shapes[0] for other in shapes[1:]):
            raise ConfigError(
                "FastGRNN stack: networks differ in shape; stack only equal hidden sizes and ranks"
            )
        for name in shapes[0]:
            stacked = torch.stack([network.get_parameter(name).detach() for network in networks])
            self.register_parameter(name, nn.Parameter(stacked))
        self.runs = len(networks)
        self.prunable_names = tuple(networks[0].prunable())

    def forward(self, x: Tensor, part: slice = slice(None)) -> Tensor:
        """Return logits [runs, batch, classes] of normalised windows [runs, batch, steps, inputs].

        The runs of x may be 1, for the same windows in every run. part: the runs to compute, all by default;
        a CPU is twice as fast when the states of few runs stay in its cache.
        """
        named = {name: parameter[part] for name, parameter in self.named_parameters()}
        runs = len(named["zeta"])
        state: Tensor = FastGrnnWindow.apply(
            x.expand(runs, -1, -1, -1).permute(2, 0, 1, 3).contiguous(),
            _product(named, "W"),
            _product(named, "U"),
            named["bias_gate"],
            named["bias_update"],
            torch.sigmoid(named["zeta"]),
            torch.sigmoid(named["nu"]),
        )
        return torch.baddbmm(named["classifier_bias"][:, None], state, named["classifier"].transpose(1, 2))

    def run_weights(self, run: int) -> dict[str, Tensor]:
        """Return the prunable matrices of one run as views: what is written there is written into the
        stack.
        """
        return {name: self.get_parameter(name).detach()[run] for name in self.prunable_names}

    def copy_run(self, run: int, network: FastGrnnClassifier) -> None:
        """Write one run's parameters into a network of its own."""
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                parameter.copy_(self.get_parameter(name)[run])


def _product(named: dict[str, Tensor], letter: str) -> Tensor:
    """Return W or U of every run [runs, hidden, columns], multiplied out when it is low rank."""
    return named[letter] if letter in named else named[f"{letter}1"] @ named[f"{letter}2"]


def seeded_stack(
    inputs: int, hidden: int, classes: int, seeds: Sequence[int], w_rank: int = 0, u_rank: int = 0
) -> FastGrnnStack:
    """Return a stack whose run i starts as FastGrnnClassifier does from a generator with seeds[i]."""
    return FastGrnnStack(
        [
            FastGrnnClassifier(
                inputs, hidden, classes, w_rank, u_rank, generator=torch.Generator().manual_seed(seed)
            )
            for seed in seeds
        ]
    )


def repeated_stack(stack: FastGrnnStack, runs: Sequence[int]) -> FastGrnnStack:
    """Return a new stack whose run i is a copy of run runs[i] of the given one."""
    copied = copy.deepcopy(stack)
    copied.runs = len(runs)
    for name, parameter in stack.named_parameters():
        copied.register_parameter(name, nn.Parameter(parameter.detach()[list(runs)].clone()))
    return copied


def factored_stack(stack: FastGrnnStack) -> FastGrnnStack:
    """Return the stack with W and U written as products of factors of full rank, which compute the same.

    Singular values are shared out evenly, W1 = Q sqrt(S), W2 = sqrt(S) V: components are ordered by what they
    contribute, so that pruning ranks removes the least. Ranks are min(hidden, inputs) and hidden.
    """
    hidden, inputs = stack.get_parameter("W").shape[1:]
    classes = stack.get_parameter("classifier").shape[1]
    seeds = [0] * stack.runs
    factored = seeded_stack(inputs, hidden, classes, seeds, min(hidden, inputs), hidden)
    with torch.no_grad():
        for name, parameter in factored.named_parameters():
            if name[0] not in "WU":
                parameter.copy_(stack.get_parameter(name))
        for letter in "WU":
            left, values, right = torch.linalg.svd(stack.get_parameter(letter), full_matrices=False)
            root = values.sqrt()
            factored.get_parameter(f"{letter}1").copy_(left * root[:, None])
            factored.get_parameter(f"{letter}2").copy_(root[:, :, None] * right)
    return factored

"""Multiply-adds of a network, dense and pruned, exact per weight: nonzero weights times the places they
are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn import FastGrnnClassifier
from tinygmp.prune.mask import PruneMask
from tinygmp.prune.module_kinds import own_matrices

Hook = Callable[[nn.Module, tuple[torch.Tensor, ...], Any], None]


@dataclass(frozen=True)
class LayerFlops:
    """Multiply-adds of one weight for one input sample: every weight is used `uses` times.

    Positions in a zero border count, as all published figures do; biases, batch norm and pooling do not.
    """

    name: str
    shape: tuple[int, ...]
    uses: int
    nnz: int

    @property
    def weights(self) -> int:
        return int(torch.Size(self.shape).numel())

    @property
    def multiply_adds(self) -> int:
        return self.weights * self.uses

    @property
    def multiply_adds_kept(self) -> int:
        return self.nnz * self.uses


@dataclass(frozen=True)
class NetworkFlops:
    """Multiply-adds of every layer that has weights, in the order of the module."""

    layers: tuple[LayerFlops, ...]

    @property
    def multiply_adds(self) -> int:
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def multiply_adds_kept(self) -> int:
        return sum(layer.multiply_adds_kept for layer in self.layers)

    @property
    def fraction_pruned(self) -> float:
        return 1.0 - self.multiply_adds_kept / self.multiply_adds

    def __getitem__(self, name: str) -> LayerFlops:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ConfigError(
            f"no multiply-adds counted for '{name}'; counted: {', '.join(x.name for x in self.layers)}"
        )


def count_flops(
    module: nn.Module, sample_shape: tuple[int, ...], mask: PruneMask | None = None
) -> NetworkFlops:
    """Return the multiply-adds for one sample of this shape (without the batch axis), found by one forward
    pass.

    Weights outside the mask count as dense. Low-rank factors count as they are applied on a device, one after
    the other. A module of another kind that names its matrices by `prunable()` uses each once a time step of
    [batch, time, features], unless its method `weight_uses(inputs)` returns other uses by name.
    """
    uses: dict[str, int] = {}
    observe(
        module,
        sample_shape,
        [(part, _recorder(path, uses)) for path, part in module.named_modules() if _has_rule(part)],
    )
    named = dict(module.named_parameters())
    kept = mask.layer_nnz() if mask is not None else {}
    return NetworkFlops(
        tuple(
            LayerFlops(name, tuple(tensor.shape), uses[name], kept.get(name, tensor.numel()))
            for name, tensor in named.items()
            if name in uses
        )
    )


def observe(module: nn.Module, sample_shape: Sequence[int], hooks: Iterable[tuple[nn.Module, Hook]]) -> None:
    """Run one sample of zeros through a module in evaluation mode, which a hook on each of some parts sees."""
    handles = [part.register_forward_hook(hook) for part, hook in hooks]
    was_training, example = module.training, next(module.parameters())
    try:
        module.eval()
        with torch.no_grad():
            module(torch.zeros((1, *sample_shape), dtype=example.dtype, device=example.device))
    finally:
        for handle in handles:
            handle.remove()
        module.train(was_training)


def _has_rule(part: nn.Module) -> bool:
    known = isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear | nn.RNNBase)
    return known or hasattr(part, "prunable")


def _recorder(path: str, uses: dict[str, int]) -> Any:
    prefix = f"{path}." if path else ""

    def record(part: nn.Module, inputs: tuple[torch.Tensor, ...], output: Any) -> None:
        for name, count in _uses(part, inputs, output).items():
            uses[prefix + name] = uses.get(prefix + name, 0) + count

    return record


def _uses(part: nn.Module, inputs: tuple[torch.Tensor, ...], output: Any) -> dict[str, int]:
    if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return {"weight": int(output.shape[2:].numel())}
    if isinstance(part, nn.Linear):
        return {"weight": output.numel() // output.shape[-1]}
    if isinstance(part, nn.RNNBase):
        time_axis = 1 if part.batch_first and inputs[0].dim() == 3 else 0
        steps = inputs[0].shape[time_axis]
        return {name: steps for name, _ in part.named_parameters() if name.startswith("weight")}
    stated: Callable[[torch.Tensor], dict[str, int]] | None = getattr(part, "weight_uses", None)
    if stated is not None:
        return stated(inputs[0])
    steps = inputs[0].shape[-2]
    once = ("classifier",) if isinstance(part, FastGrnnClassifier) else ()
    return {name: 1 if name in once else steps for name in own_matrices(part)}

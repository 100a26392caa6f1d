"""Which parameters of a module are prunable: presets of the paper and of deployment, changed by name
patterns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

import torch
from torch import nn

from tinygmp.errors import ConfigError

PRESETS = ("paper", "deployment")


def prunable_parameters(
    module: nn.Module,
    preset: str = "paper",
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> dict[str, nn.Parameter]:
    """Return the prunable parameters by name, in the module's order.

    preset 'paper': every convolution and linear weight, depthwise and classifier included, and the matrices
    of recurrent cells; biases and batch norm never. 'deployment': the same without the stem (the first
    convolution) and depthwise convolutions, which cost devices more to index than they save. A module of
    another kind lists its own matrices in an attribute `prunable_parameters`, a tuple of parameter names.
    include, exclude: shell patterns over full parameter names ('features.0.*'); exclude wins. Raises
    ConfigError for an unknown preset, a pattern that matches no parameter, and when nothing is left.
    """
    named = dict(module.named_parameters())
    chosen = _preset_names(module, preset)
    chosen |= _matches(named, include, "include")
    chosen -= _matches(named, exclude, "exclude")
    if not chosen:
        raise ConfigError(
            f"{type(module).__name__}: preset '{preset}' leaves nothing to prune of {len(named)} parameters; "
            "include some by pattern"
        )
    return {name: parameter for name, parameter in named.items() if name in chosen}


def is_depthwise(module: nn.Module) -> bool:
    """Tell whether a convolution has one group per input channel and more than one channel."""
    return isinstance(module, nn.Conv1d | nn.Conv2d) and 1 < module.groups == module.in_channels


def _preset_names(module: nn.Module, preset: str) -> set[str]:
    if preset not in PRESETS:
        raise ConfigError(f"selection preset '{preset}' is unknown; use one of {', '.join(PRESETS)}")
    chosen: set[str] = set()
    stem_seen = False
    for path, part in module.named_modules():
        is_convolution = isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d)
        is_stem = is_convolution and not stem_seen
        stem_seen = stem_seen or is_convolution
        if preset == "deployment" and (is_stem or is_depthwise(part)):
            continue
        chosen |= {f"{path}.{name}" if path else name for name in own_matrices(part)}
    return chosen


def own_matrices(part: nn.Module) -> list[str]:
    """Return the names of the prunable parameters that a module holds itself, not through its children."""
    if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
        return ["weight"]
    if isinstance(part, nn.RNNBase | nn.RNNCellBase):
        return [name for name, _ in part.named_parameters(recurse=False) if name.startswith("weight")]
    own_list: Callable[[], Iterable[str]] | None = getattr(part, "prunable", None)
    return [] if own_list is None else list(own_list())


def _matches(named: dict[str, nn.Parameter], patterns: Iterable[str], kind: str) -> set[str]:
    matched: set[str] = set()
    for pattern in patterns:
        hits = {name for name in named if fnmatchcase(name, pattern)}
        if not hits:
            raise ConfigError(
                f"{kind} pattern '{pattern}' matches none of {len(named)} parameters; names look like "
                f"'{next(iter(named), 'nothing')}'"
            )
        matched |= hits
    return matched


def prunable_count(parameters: dict[str, torch.Tensor] | dict[str, nn.Parameter]) -> int:
    """Return the number of weights in all parameters."""
    return sum(parameter.numel() for parameter in parameters.values())

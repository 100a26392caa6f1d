"""Which parameters of a module are prunable: presets of the paper and of deployment, changed by name
patterns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

import torch
from torch import nn

from tinygmp.errors import ConfigError
from tinygmp.prune.module_kinds import is_depthwise, own_matrices, reason_of, refuse_unfit

PRESETS = ("paper", "deployment")


class LeftOut(NamedTuple):
    """A parameter that is not pruned."""

    shape: tuple[int, ...]
    reason: str


@dataclass(frozen=True, eq=False)
class Selection(Mapping[str, nn.Parameter]):
    """Prunable parameters by name, in the module's order; left_out: every other name, and why.

    A tied parameter is there once, under its first name; its other names are in left_out.
    """

    chosen: Mapping[str, nn.Parameter]
    left_out: Mapping[str, LeftOut]

    def __getitem__(self, name: str) -> nn.Parameter:
        return self.chosen[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.chosen)

    def __len__(self) -> int:
        return len(self.chosen)


def prunable_parameters(
    module: nn.Module,
    preset: str = "paper",
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> Selection:
    """Return the prunable parameters by name, in the module's order, and with them what is left out and why.

    preset 'paper': every weight of convolutions (transposed ones too), linear layers, embeddings and attention,
    depthwise and classifier included, and the matrices of recurrent cells; biases and norms never. 'deployment': the
    same without the stem (the first convolution) and depthwise convolutions, which cost devices more to index than
    they save. A module of another kind names its own matrices by a method `prunable()`. include, exclude: shell
    patterns over full parameter names ('features.0.*'); exclude wins. Raises ConfigError for an unknown preset, a
    pattern that matches no parameter, masks of torch.nn.utils.prune, and when nothing is left.
    """
    reasons = _reasons(module, preset)
    named = dict(module.named_parameters(remove_duplicate=False))
    firsts: dict[object, str] = {}
    first = {name: firsts.setdefault(place_of(parameter), name) for name, parameter in named.items()}
    chosen = {first[name] for name in named if reasons[name] is None}
    chosen |= {first[name] for name in _matches(named, include, "include")}
    excluded = {first[name] for name in _matches(named, exclude, "exclude")}
    chosen -= excluded
    if not chosen:
        raise ConfigError(
            f"{type(module).__name__}: preset '{preset}' leaves nothing to prune of {len(firsts)} parameters; "
            "include some by pattern"
        )
    reasons |= dict.fromkeys(excluded, "excluded by pattern")
    reasons |= {name: f"the same tensor as '{one}'" for name, one in first.items() if name != one}
    return Selection(
        {name: parameter for name, parameter in named.items() if name in chosen},
        {
            name: LeftOut(tuple(parameter.shape), str(reasons[name]))
            for name, parameter in named.items()
            if name not in chosen
        },
    )


def prunable_count(parameters: Mapping[str, torch.Tensor]) -> int:
    """Return the number of weights in all parameters."""
    return sum(parameter.numel() for parameter in parameters.values())


def place_of(parameter: torch.Tensor) -> object:
    """Return what tied names have in common: their numbers' place in memory, where there is one."""
    if parameter.is_meta or parameter.numel() == 0:
        return id(parameter)
    return parameter.data_ptr(), tuple(parameter.shape), parameter.stride()


def _reasons(module: nn.Module, preset: str) -> dict[str, str | None]:
    """Return by the name of each parameter why a preset leaves it out, None where it does not."""
    if preset not in PRESETS:
        raise ConfigError(f"selection preset '{preset}' is unknown; use one of {', '.join(PRESETS)}")
    convolutions = (part for part in module.modules() if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d))
    stem = next(convolutions, None) if preset == "deployment" else None
    reasons: dict[str, str | None] = {}
    for path, part in module.named_modules(remove_duplicate=False):
        refuse_unfit(path, part)
        prefix = f"{path}." if path else ""
        matrices = {f"{prefix}{name}" for name in own_matrices(part)}
        for name, parameter in part.named_parameters(recurse=False, remove_duplicate=False):
            full = f"{prefix}{name}"
            if full not in matrices or not parameter.is_floating_point() or not parameter.numel():
                reasons.setdefault(full, reason_of(path, part, name, parameter))
            elif part is stem:
                reasons[full] = "the first convolution, dense in preset 'deployment'"
            elif preset == "deployment" and is_depthwise(part):
                reasons[full] = "depthwise, dense in preset 'deployment'"
            else:
                reasons[full] = None
        reasons |= dict.fromkeys(matrices - reasons.keys(), None)  # of children, named by their parent
    return reasons


def _matches(named: Mapping[str, nn.Parameter], patterns: Iterable[str], kind: str) -> set[str]:
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

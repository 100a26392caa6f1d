"""What a pruner writes into a checkpoint, and whether a checkpoint fits a pruner."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

from tinygmp.errors import ConfigError, FileFormatError
from tinygmp.prune.mask import PruneMask

NO_SHAPE = [-1]
State = dict[str, Any]
Settings = Mapping[str, str | bool]
KEYS = {"settings": dict, "shapes": dict, "epoch": int, "kept": dict | None, "remembered": dict}


def described(thing: object) -> str:
    """Return what a thing is in words that another process would use too: its repr without addresses."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(thing))


def checked_state(
    state: Mapping[str, Any], settings: Settings, parameters: Mapping[str, torch.Tensor]
) -> tuple[int, PruneMask | None, dict[str, torch.Tensor]]:
    """Return epoch, mask and remembered weights of a state that fits settings and parameters.

    Raises FileFormatError for what is no state of a pruner, ConfigError where names, shapes or settings differ.
    """
    for key, kind in KEYS.items():
        if not isinstance(state, Mapping) or not isinstance(state.get(key, ...), kind):
            raise FileFormatError(
                f"pruner state: '{key}' is missing or no {kind}; give what Pruner.state_dict() returned"
            )
    for key in settings:
        if state["settings"].get(key) != settings[key]:
            raise ConfigError(
                f"pruner state: made with {key} {state['settings'].get(key)}, this pruner has {settings[key]}; make it "
                "with the same, or begin anew with monotone=True, which holds the zeros that the weights have"
            )
    expect_shapes(
        state["shapes"], {name: list(weight.shape) for name, weight in parameters.items()}, "the network's"
    )
    for part in ("kept", "remembered"):
        shapes = {name: list(getattr(tensor, "shape", ())) for name, tensor in (state[part] or {}).items()}
        wanted = {name: state["shapes"].get(name, NO_SHAPE) for name in shapes}
        expect_shapes(shapes, wanted, f"in '{part}', the network's")
    kept, remembered = state["kept"], dict(state["remembered"])
    mask = None if kept is None else PruneMask({name: one.cpu().numpy() for name, one in kept.items()})
    return state["epoch"], mask, remembered


def expect_shapes(found: Mapping[str, Any], wanted: Mapping[str, Any], whose: str) -> None:
    """Raise ConfigError that names the first weight whose name or shape differs."""
    for name in dict.fromkeys([*wanted, *found]):
        if list(found.get(name, NO_SHAPE)) != list(wanted.get(name, NO_SHAPE)):
            there, here = (side.get(name, "no such weight") for side in (found, wanted))
            raise ConfigError(
                f"pruner state: '{name}' is {there}, {whose} {here}; make the pruner of the same network, not of a "
                "wrapper such as DistributedDataParallel or torch.compile"
            )

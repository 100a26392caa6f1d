"""One mask for all processes of a training."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import distributed

from tinygmp.prune.mask import PruneMask


def several_processes() -> bool:
    """Tell whether torch.distributed runs."""
    return distributed.is_available() and distributed.is_initialized()


def is_first() -> bool:
    """Tell whether this is the process that decides and speaks."""
    return not several_processes() or distributed.get_rank() == 0


def agreed(make: Callable[[], PruneMask], parameters: Mapping[str, torch.Tensor]) -> PruneMask:
    """Return the mask that process 0 makes; every other one receives it."""
    if not several_processes():
        return make()
    mask = make() if is_first() else None
    received = {}
    for name, weight in parameters.items():
        kept = np.zeros(tuple(weight.shape), bool) if mask is None else mask[name]
        bits = torch.tensor(kept.astype(np.uint8), device=weight.device)
        distributed.broadcast(bits, src=0)
        received[name] = bits.cpu().numpy().astype(bool)
    return PruneMask(received)

"""The least number of weights that every layer keeps, in the two meanings that are published.

Both say how many weights a layer keeps at least; they differ in the unit. How the refused budget reaches the
other layers is a separate choice: see global_magnitude_mask (re-ranking) and rescaled_global_magnitude_mask.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tinygmp.errors import ConfigError


@dataclass(frozen=True)
class MinimumWeights:
    """Every layer keeps at least `weights` weights, or all of them when it has fewer.

    Source: the text of Global Magnitude Pruning (arXiv 2209.14624), where the threshold is a number of
    weights.
    """

    weights: int

    def __post_init__(self) -> None:
        if self.weights < 0:
            raise ConfigError(f"minimum threshold: {self.weights} weights is below 0; use 0 or more")

    def floors(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Return the number of weights that each layer keeps at least."""
        return {name: min(size, self.weights) for name, size in sizes.items()}


@dataclass(frozen=True)
class MinimumShare:
    """Every layer keeps at least this share of ALL prunable weights of the network, or all of its own.

    share: fraction, 0.002 for the paper's "MT 0.2 %" (8,418 weights of MobileNet-V1). Source: the published
    code of the paper, whose option is a percentage of the total with 0.05 % by default.
    """

    share: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise ConfigError(f"minimum threshold: share {self.share} is outside 0..1; 0.2 % is 0.002")

    def weights(self, total: int) -> int:
        """Return the share as a number of weights, rounded down."""
        return math.floor(self.share * total + 1e-9)

    def floors(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Return the number of weights that each layer keeps at least."""
        least = self.weights(sum(sizes.values()))
        return {name: min(size, least) for name, size in sizes.items()}


Minimum = MinimumWeights | MinimumShare | int | None


def checked_floors(minimum: Minimum, sizes: Mapping[str, int], to_keep: int) -> dict[str, int]:
    """Return each layer's floor, or raise ConfigError when all floors together exceed what may be kept.

    minimum: an int counts weights, as MinimumWeights.
    """
    if minimum is None:
        return dict.fromkeys(sizes, 0)
    if isinstance(minimum, float):
        raise ConfigError(
            f"minimum threshold {minimum} is a bare fraction; say MinimumShare({minimum}) for a share of all "
            "weights, or give a whole number of weights"
        )
    if isinstance(minimum, int):
        minimum = MinimumWeights(minimum)
    floors = minimum.floors(sizes)
    if sum(floors.values()) > to_keep:
        raise ConfigError(
            f"{minimum}: the layers would keep at least {sum(floors.values())} weights together, "
            f"but the sparsity "
            f"leaves {to_keep} of {sum(sizes.values())}; lower the minimum or the sparsity"
        )
    return floors

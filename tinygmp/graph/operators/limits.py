"""A clamp that an operator ends with: ReLU, ReLU6 and their kin."""

import math
from dataclasses import dataclass

from tinygmp.errors import ConfigError
from tinygmp.graph.values import Value

NAMES = {
    "none": (-math.inf, math.inf),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "relu_n1_to_1": (-1.0, 1.0),
}


@dataclass(frozen=True)
class Limits:
    """Real bounds of an operator's outputs; infinite where there is none."""

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ConfigError(f"clamp {self.low} .. {self.high}: the lower bound must lie below the upper")

    @property
    def name(self) -> str:
        """Return the usual name of these bounds, 'clamp' where they have none."""
        bounds = (self.low, self.high)
        return next((name for name, known in NAMES.items() if known == bounds), "clamp")

    def integers(self, value: Value) -> tuple[int, int]:
        """Return the smallest and the largest integer that a value of this meaning may take."""
        least, most = value.limits
        low = least if self.low == -math.inf else value.zero_point + round(self.low / value.scale)
        high = most if self.high == math.inf else value.zero_point + round(self.high / value.scale)
        return max(least, min(low, most)), max(least, min(high, most))


NO_LIMITS = Limits()


def named_limits(name: str) -> Limits:
    """Return the bounds of a name; raises ConfigError for an unknown one."""
    if name not in NAMES:
        raise ConfigError(f"activation '{name}' is unknown; known: {', '.join(NAMES)}")
    return Limits(*NAMES[name])

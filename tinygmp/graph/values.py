"""What a name in a packed graph stands for: a shape of integers, and what they mean."""

import math
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError, RangeError

DTYPES = ("uint8", "int8", "int16", "int32")
LARGEST_SIDE = 65535  # rows, columns and channels, which the C code counts in 16 bits
LARGEST_VALUE = 1 << 26  # elements, so that a forged model cannot ask for all memory
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Value:
    """One array that flows through a graph: real = scale * (q - zero_point).

    shape: (channels,) or (rows, columns, channels), batch left out; a series of steps is a map of one row.
    scale: a float32 number, 0 where the integers have no single scale (raw sensor counts).
    """

    name: str
    shape: Shape
    dtype: str
    scale: float = 0.0
    zero_point: int = 0

    def __post_init__(self) -> None:
        if len(self.shape) not in (1, 3) or not all(1 <= side <= LARGEST_SIDE for side in self.shape):
            raise ConfigError(
                f"value '{self.name}': shape {self.shape}; use (channels,) or (rows, columns, channels), "
                f"each 1..{LARGEST_SIDE}"
            )
        if self.size > LARGEST_VALUE:
            raise ConfigError(
                f"value '{self.name}': {self.size} elements, the limit is {LARGEST_VALUE}; use a smaller input"
            )
        if self.dtype not in DTYPES:
            raise ConfigError(
                f"value '{self.name}': type '{self.dtype}' is unknown; known: {', '.join(DTYPES)}"
            )
        if not (self.scale >= 0 and math.isfinite(self.scale)):
            raise RangeError(
                f"value '{self.name}': scale {self.scale}: must be a positive number; calibrate again"
            )
        low, high = self.limits
        if not low <= self.zero_point <= high:
            raise RangeError(
                f"value '{self.name}': zero_point {self.zero_point} is outside {low}..{high}; calibrate again"
            )

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes in RAM."""
        return self.size * np.dtype(self.dtype).itemsize

    @property
    def channels(self) -> int:
        return self.shape[-1]

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """Return (rows, columns, channels); a vector is a map of one position."""
        return (
            (1, 1, self.shape[0]) if len(self.shape) == 1 else (self.shape[0], self.shape[1], self.shape[2])
        )

    @property
    def positions(self) -> int:
        """Rows times columns."""
        return self.size // self.channels

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest integer of the type."""
        info = np.iinfo(self.dtype)
        return int(info.min), int(info.max)

    def real(self, q: np.ndarray) -> np.ndarray:
        """Return the float32 meaning of integers."""
        return (self.scale * (q.astype(np.float64) - self.zero_point)).astype(np.float32)

    def quantize(self, real: np.ndarray) -> np.ndarray:
        """Return integers of real values, rounded half to even, saturated."""
        q = np.rint(np.asarray(real, np.float64) / self.scale) + self.zero_point
        return np.clip(q, *self.limits).astype(self.dtype)

    def means_as(self, other: "Value") -> bool:
        """True when the same integers mean the same."""
        return (self.dtype, self.scale, self.zero_point) == (other.dtype, other.scale, other.zero_point)

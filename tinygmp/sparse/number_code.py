"""What every code for non-negative numbers offers; gaps between survivors and magnitudes are such numbers."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Numbers:
    """Every complete number of a stream; bits of padding may look like further numbers."""

    values: np.ndarray  # int64 [n]
    ends: np.ndarray  # int64 [n], bits from the end of the header to the end of each number
    header_bytes: int


class NumberCode(Protocol):
    """Codes a sequence of non-negative numbers as a self-describing stream."""

    def encode(self, numbers: np.ndarray) -> np.ndarray:
        """Return the uint8 stream of int64 numbers."""
        ...

    def decode(self, name: str, stream: np.ndarray) -> Numbers:
        """Return the numbers; raises FormatError when the header is damaged."""
        ...

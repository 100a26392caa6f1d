"""What every index format offers."""

from typing import Protocol

import numpy as np

Shape = tuple[int, int]


class IndexFormat(Protocol):
    """Codes which weights of a matrix survive; values lie elsewhere, in row-major order."""

    name: str
    stores_zeros: bool  # True when the value stream holds all rows * columns values

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        """Return the uint8 index stream of a bool mask [rows, columns]; FormatError when it cannot hold it."""
        ...

    def decode(self, name: str, stream: np.ndarray, shape: Shape, nnz: int) -> np.ndarray:
        """Return the int64 flat positions, ascending; FormatError when the stream is damaged."""
        ...

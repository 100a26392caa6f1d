"""What every index format and every value format offers."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

Shape = tuple[int, int]
Streams = Mapping[str, np.ndarray]


class IndexFormat(Protocol):
    """Codes which weights of a matrix are stored; their values lie elsewhere, in row-major order."""

    name: str
    has_index: bool  # False when there is no index stream because every weight is stored
    stores_zeros: bool  # True when a stored weight may be zero

    def stored(self, name: str, mask: np.ndarray) -> np.ndarray:
        """Return the ascending flat positions that a bool mask [rows, columns] makes the format store."""
        ...

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        """Return the uint8 index stream of a bool mask [rows, columns]; FormatError when it cannot hold it."""
        ...

    def decode(self, name: str, stream: np.ndarray, shape: Shape) -> np.ndarray:
        """Return the int64 flat positions, ascending; FormatError when the stream is damaged."""
        ...


class SurvivorsOnly:
    """Part of an index format that stores the survivors and nothing else."""

    has_index = True
    stores_zeros = False

    def stored(self, name: str, mask: np.ndarray) -> np.ndarray:
        return np.flatnonzero(mask)


class ValueFormat(Protocol):
    """Codes the stored int8 values, without their positions."""

    name: str
    bits: int  # of one value where all take the same, 8 for entropy-coded int8
    streams: frozenset[str]

    def encode(self, name: str, values: np.ndarray, zeros: bool) -> Streams:
        """Return uint8 streams of int8 values; `zeros` tells that some may be 0. FormatError when one has no code."""
        ...

    def decode(self, name: str, streams: Streams, count: int, zeros: bool) -> np.ndarray:
        """Return int8 [count]; FormatError when a stream is damaged."""
        ...

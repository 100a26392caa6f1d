"""Positions of survivors as gaps: the number of zeros since the previous survivor.

A last gap runs on to the position rows * columns, so that a reader walking row by row needs no count.
"""

import numpy as np

from tinygmp.errors import FormatError


def gaps_of(mask: np.ndarray) -> np.ndarray:
    """Return int64 gaps of a flattened mask, nnz + 1 of them."""
    positions = np.append(np.flatnonzero(mask), mask.size)
    return np.diff(positions, prepend=-1) - 1


def positions_of(name: str, gaps: np.ndarray, size: int, nnz: int) -> np.ndarray:
    """Return the flat positions behind nnz + 1 gaps; raises FormatError unless the last gap lands on `size`."""
    ends = np.cumsum(gaps + 1) - 1
    if len(gaps) != nnz + 1 or ends[-1] != size:
        landed = int(ends[-1]) if len(ends) else -1
        raise FormatError(
            f"{name}: {len(gaps)} gaps end at position {landed}, expected {nnz + 1} that end at {size}; "
            "the stream is damaged"
        )
    return ends[:-1]

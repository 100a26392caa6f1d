"""Index formats that store gaps: the number of zeros since the previous survivor, in some code for numbers.

A last gap runs on to the position rows * columns, so that a reader walking row by row needs no count.
"""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import expect_padding
from tinygmp.sparse.number_code import NumberCode
from tinygmp.sparse.protocol import Shape, SurvivorsOnly


class Gaps(SurvivorsOnly):
    def __init__(self, name: str, code: NumberCode) -> None:
        self.name = name
        self.code = code

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        return encode_gaps(self.code, mask)

    def decode(self, name: str, stream: np.ndarray, shape: Shape) -> np.ndarray:
        return decode_gaps(self.code, f"{name}, index '{self.name}'", stream, shape[0] * shape[1])


def encode_gaps(code: NumberCode, mask: np.ndarray) -> np.ndarray:
    """Return the stream of a flattened mask."""
    positions = np.append(np.flatnonzero(mask), mask.size)
    return code.encode(np.diff(positions, prepend=-1) - 1)


def decode_gaps(code: NumberCode, name: str, stream: np.ndarray, size: int) -> np.ndarray:
    """Return int64 positions; raises FormatError unless a gap lands on `size` and nothing follows it."""
    numbers = code.decode(name, stream)
    positions = np.cumsum(numbers.values + 1) - 1
    last = int(np.searchsorted(positions, size))
    if last == len(positions) or positions[last] != size:
        landed = int(positions[min(last, len(positions) - 1)]) if len(positions) else "no position"
        raise FormatError(f"{name}: the gaps reach {landed}, expected {size}; the stream is damaged")
    expect_padding(name, stream, int(numbers.ends[last]), numbers.header_bytes)
    return positions[:last]

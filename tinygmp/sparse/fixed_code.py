"""Numbers in codes of a fixed width; the largest code adds itself and leaves the number open."""

import numpy as np

from tinygmp.sparse.bits import pack_fields, unpack_fields
from tinygmp.sparse.number_code import Numbers


class FixedCode:
    def __init__(self, width: int) -> None:
        self.width = width
        self.escape = (1 << width) - 1

    def encode(self, numbers: np.ndarray) -> np.ndarray:
        ends = np.cumsum(numbers // self.escape + 1) - 1
        codes = np.full(int(ends[-1]) + 1 if len(ends) else 0, self.escape, np.uint8)
        codes[ends] = numbers % self.escape
        return pack_fields(codes, self.width)

    def decode(self, name: str, stream: np.ndarray) -> Numbers:
        codes = unpack_fields(stream, self.width)
        ends = np.flatnonzero(codes != self.escape)
        sums = np.cumsum(codes, dtype=np.int64)[ends]
        return Numbers(np.diff(sums, prepend=0), (ends + 1) * self.width, header_bytes=0)

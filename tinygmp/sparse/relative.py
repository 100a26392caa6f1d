"""relative2 .. relative8: gap codes of fixed width; the largest code skips that many zeros without a value."""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import expect_padding, pack_fields, unpack_fields
from tinygmp.sparse.gaps import gaps_of, positions_of
from tinygmp.sparse.protocol import Shape


class Relative:
    stores_zeros = False

    def __init__(self, width: int) -> None:
        self.width = width
        self.name = f"relative{width}"
        self.escape = (1 << width) - 1

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        gaps = gaps_of(mask)
        escapes = gaps // self.escape
        ends = np.cumsum(escapes + 1) - 1
        codes = np.full(int(ends[-1]) + 1, self.escape)
        codes[ends] = gaps % self.escape
        return pack_fields(codes, self.width)

    def decode(self, name: str, stream: np.ndarray, shape: Shape, nnz: int) -> np.ndarray:
        codes = unpack_fields(stream, self.width)
        ends = np.flatnonzero(codes != self.escape)[: nnz + 1]
        if len(ends) != nnz + 1:
            raise FormatError(
                f"{name}: {self.name} index holds {len(ends)} gaps, expected {nnz + 1}; it is cut short"
            )
        expect_padding(name, stream, int(ends[-1] + 1) * self.width)
        skipped = np.cumsum(codes[: ends[-1] + 1])[ends]
        return positions_of(name, np.diff(skipped, prepend=0), shape[0] * shape[1], nnz)

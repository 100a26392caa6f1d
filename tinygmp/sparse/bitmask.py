"""bitmask: one bit for each weight, row-major, rows not padded."""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import expect_padding, pack_bits, unpack_bits
from tinygmp.sparse.protocol import Shape


class Bitmask:
    name = "bitmask"
    stores_zeros = False

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        return pack_bits(mask.ravel())

    def decode(self, name: str, stream: np.ndarray, shape: Shape, nnz: int) -> np.ndarray:
        expect_padding(name, stream, shape[0] * shape[1])
        positions = np.flatnonzero(unpack_bits(stream))
        if len(positions) != nnz:
            raise FormatError(f"{name}: the bitmask has {len(positions)} ones, the values are {nnz}")
        return positions

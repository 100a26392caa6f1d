"""bitmask: one bit for each weight, row-major, rows not padded."""

import numpy as np

from tinygmp.sparse.bits import expect_padding, pack_bits, unpack_bits
from tinygmp.sparse.protocol import Shape, SurvivorsOnly


class Bitmask(SurvivorsOnly):
    name = "bitmask"

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        return pack_bits(mask.ravel())

    def decode(self, name: str, stream: np.ndarray, shape: Shape) -> np.ndarray:
        expect_padding(f"{name}, index 'bitmask'", stream, shape[0] * shape[1])
        return np.flatnonzero(unpack_bits(stream))

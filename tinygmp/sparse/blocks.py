"""block2, block4, block8: a 1 x B block of a row is stored whole, zeros included, when any of its weights survives.

The index is that of the format rice over the matrix [rows, columns / B] of blocks.
"""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.gaps import decode_gaps, encode_gaps
from tinygmp.sparse.protocol import Shape
from tinygmp.sparse.rice_code import RiceCode


class Blocks:
    has_index = True
    stores_zeros = True

    def __init__(self, width: int) -> None:
        self.name = f"block{width}"
        self.width = width

    def kept(self, name: str, mask: np.ndarray) -> np.ndarray:
        """Return bool [rows, columns / width]: blocks with a survivor."""
        self.expect_whole(name, (mask.shape[0], mask.shape[1]))
        return np.asarray(mask.reshape(mask.shape[0], -1, self.width).any(axis=2))

    def stored(self, name: str, mask: np.ndarray) -> np.ndarray:
        return self.expand(np.flatnonzero(self.kept(name, mask)))

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        return encode_gaps(RiceCode(), self.kept(name, mask))

    def decode(self, name: str, stream: np.ndarray, shape: Shape) -> np.ndarray:
        self.expect_whole(name, shape)
        blocks = shape[0] * shape[1] // self.width
        return self.expand(decode_gaps(RiceCode(), f"{name}, index '{self.name}'", stream, blocks))

    def expand(self, blocks: np.ndarray) -> np.ndarray:
        return (blocks[:, None] * self.width + np.arange(self.width)).ravel()

    def expect_whole(self, name: str, shape: Shape) -> None:
        if shape[1] % self.width:
            raise FormatError(
                f"{name}: {shape[1]} columns are no multiple of the {self.width} of {self.name}; use rice or bitmask"
            )

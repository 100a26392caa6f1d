"""dense: every weight has a value, zeros included; no index stream."""

import numpy as np

from tinygmp.sparse.protocol import Shape


class Dense:
    name = "dense"
    has_index = False
    stores_zeros = True

    def stored(self, name: str, mask: np.ndarray) -> np.ndarray:
        return np.arange(mask.size)

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        return np.zeros(0, np.uint8)

    def decode(self, name: str, stream: np.ndarray, shape: Shape) -> np.ndarray:
        return np.arange(shape[0] * shape[1])

"""csr8: for each row a count byte, then that many column bytes in ascending order."""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.protocol import Shape


class Csr8:
    name = "csr8"
    stores_zeros = False

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        counts = mask.sum(axis=1)
        if mask.shape[1] > 256 or counts.max(initial=0) > 255:
            raise FormatError(
                f"{name}: csr8 holds 256 columns and 255 survivors a row, this matrix has {mask.shape[1]} "
                f"and {counts.max(initial=0)}; use a relative index"
            )
        columns = np.nonzero(mask)[1]
        starts = np.cumsum(counts) - counts
        return np.insert(columns, starts, counts).astype(np.uint8)

    def decode(self, name: str, stream: np.ndarray, shape: Shape, nnz: int) -> np.ndarray:
        rows, start = [], 0
        for row in range(shape[0]):
            end = start + 1 + int(stream[start]) if start < len(stream) else len(stream) + 1
            columns = stream[start + 1 : end].astype(np.int64)
            if end > len(stream) or (np.diff(columns) <= 0).any() or columns.max(initial=0) >= shape[1]:
                raise FormatError(
                    f"{name}: csr8 row {row} is cut short, unordered or beyond {shape[1]} columns"
                )
            rows.append(columns + row * shape[1])
            start = end
        positions = np.concatenate(rows) if rows else np.zeros(0, np.int64)
        if start != len(stream) or len(positions) != nnz:
            raise FormatError(
                f"{name}: csr8 index ends at byte {start} of {len(stream)} with {len(positions)} of {nnz}"
            )
        return positions

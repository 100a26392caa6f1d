"""csr8 and csr16: for each row a count, then that many columns in ascending order, all little-endian."""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.protocol import Shape, SurvivorsOnly


class Csr(SurvivorsOnly):
    def __init__(self, bits: int) -> None:
        self.name = f"csr{bits}"
        self.dtype = np.dtype(f"<u{bits // 8}")
        self.limit = (1 << bits) - 1

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        counts = mask.sum(axis=1)
        if mask.shape[1] > self.limit + 1 or counts.max(initial=0) > self.limit:
            raise FormatError(
                f"{name}: {self.name} holds {self.limit + 1} columns and {self.limit} survivors a row, this matrix "
                f"has {mask.shape[1]} and {counts.max(initial=0)}; use a relative index"
            )
        columns = np.nonzero(mask)[1]
        starts = np.cumsum(counts) - counts
        return np.insert(columns, starts, counts).astype(self.dtype).view(np.uint8)

    def decode(self, name: str, stream: np.ndarray, shape: Shape) -> np.ndarray:
        place = f"{name}, index '{self.name}'"
        if len(stream) % self.dtype.itemsize:
            raise FormatError(
                f"{place}: {len(stream)} B are no whole number of {self.dtype.itemsize}-byte entries"
            )
        entries = stream.view(self.dtype).astype(np.int64)
        heads = self.row_heads(place, entries, shape[0])
        columns = np.delete(entries, heads)
        row_of = np.repeat(np.arange(shape[0]), entries[heads])
        positions = columns + row_of * shape[1]
        if columns.max(initial=0) >= shape[1]:
            raise FormatError(f"{place}: column {columns.max()} is beyond the {shape[1]} columns; damaged")
        if (np.diff(positions) <= 0).any():
            raise FormatError(f"{place}: the columns of a row are not ascending; the stream is damaged")
        return positions

    def row_heads(self, place: str, entries: np.ndarray, rows: int) -> np.ndarray:
        """Return where the count of each row stands."""
        if rows > len(entries):
            raise FormatError(
                f"{place}: {len(entries)} entries cannot hold {rows} rows; the stream is cut short"
            )
        heads, at = np.zeros(rows, np.int64), 0
        for row in range(rows):
            if at >= len(entries):
                raise FormatError(f"{place}: the stream ends before row {row} of {rows}; it is cut short")
            heads[row] = at
            at += 1 + int(entries[at])
        if at != len(entries):
            raise FormatError(
                f"{place}: {rows} rows need {at} entries, the stream has {len(entries)}; damaged"
            )
        return heads

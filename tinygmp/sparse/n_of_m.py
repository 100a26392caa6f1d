"""1of4, 2of4, 4of8: of every M neighbours in a row exactly N are stored, zeros where fewer survive.

The index is, for every stored weight, its place within the group: log2(M) bits each, ascending within a group.
"""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import expect_padding, pack_fields, unpack_fields
from tinygmp.sparse.protocol import Shape


class NOfM:
    has_index = True
    stores_zeros = True

    def __init__(self, n: int, m: int) -> None:
        self.name = f"{n}of{m}"
        self.n, self.m = n, m
        self.width = m.bit_length() - 1

    def places(self, name: str, mask: np.ndarray) -> np.ndarray:
        """Return int64 [groups, n]: survivors first by rank, then the lowest free places, sorted."""
        self.expect_whole(name, (mask.shape[0], mask.shape[1]))
        groups = mask.reshape(-1, self.m)
        most = int(groups.sum(axis=1).max(initial=0))
        if most > self.n:
            raise FormatError(
                f"{name}: {most} of {self.m} neighbours survive, {self.name} holds {self.n}; prune to that pattern"
            )
        return np.sort(np.argsort(~groups, axis=1, kind="stable")[:, : self.n], axis=1)

    def stored(self, name: str, mask: np.ndarray) -> np.ndarray:
        return self.flat(self.places(name, mask))

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        return pack_fields(self.places(name, mask).ravel(), self.width)

    def decode(self, name: str, stream: np.ndarray, shape: Shape) -> np.ndarray:
        self.expect_whole(name, shape)
        place = f"{name}, index '{self.name}'"
        stored = shape[0] * shape[1] // self.m * self.n
        expect_padding(place, stream, stored * self.width)
        places = unpack_fields(stream, self.width)[:stored].reshape(-1, self.n).astype(np.int64)
        if (np.diff(places, axis=1) <= 0).any():
            raise FormatError(f"{place}: places within a group are not ascending; the stream is damaged")
        return self.flat(places)

    def flat(self, places: np.ndarray) -> np.ndarray:
        return (np.arange(len(places))[:, None] * self.m + places).ravel()

    def expect_whole(self, name: str, shape: Shape) -> None:
        if shape[1] % self.m:
            raise FormatError(
                f"{name}: {shape[1]} columns are no multiple of the {self.m} of {self.name}; use rice"
            )

"""PackedTensor: a weight matrix as the streams that lie in flash."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.protocol import Shape
from tinygmp.sparse.registry import index_format, value_format

MOST_WEIGHTS = 1 << 26  # so that a forged shape cannot ask for all memory
VALUES_PER_BYTE = 8  # of the shortest value code, one bit


@dataclass(frozen=True)
class PackedTensor:
    """Surviving weights and where they stand; real = scale * q, symmetric, zero is q = 0.

    streams: uint8 arrays exactly as in flash: 'values', 'index' unless the format is dense, 'codebook' when the
    value format has one.
    """

    name: str
    shape: Shape  # rows, columns
    index_format: str
    value_format: str
    scale: float
    streams: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or self.size > MOST_WEIGHTS:
            raise FormatError(
                f"'{self.name}': shape {self.shape} must be at least 1 x 1, with {MOST_WEIGHTS} weights at most"
            )
        if not (self.scale > 0 and math.isfinite(self.scale)):
            raise FormatError(f"'{self.name}': scale {self.scale} must be a positive number; pack it again")
        expected = value_format(self.value_format).streams
        if index_format(self.index_format).has_index:
            expected = expected | {"index"}
        if set(self.streams) != expected:
            raise FormatError(f"'{self.name}': streams {sorted(self.streams)}, expected {sorted(expected)}")
        for stream, data in self.streams.items():
            if data.dtype != np.uint8 or data.ndim != 1:
                raise FormatError(
                    f"'{self.name}': stream '{stream}' is {data.dtype} {data.shape}, expected uint8 [n]"
                )

    @property
    def size(self) -> int:
        """Number of weights, zeros included."""
        return self.shape[0] * self.shape[1]

    @property
    def nnz(self) -> int:
        """Number of weights that are not zero."""
        stored = self.streams["values"] if self.value_format == "int8" else self.values()
        return int(np.count_nonzero(stored))

    @property
    def sparsity(self) -> float:
        return 1 - self.nnz / self.size

    @property
    def payload_bytes(self) -> int:
        return sum(len(data) for data in self.streams.values())

    @property
    def value_bits(self) -> int:
        """Bits of one value for the limit n*h2(k/n) + k*b."""
        return value_format(self.value_format).bits

    def decode(self) -> np.ndarray:
        """Return int8 [rows, columns]; raises FormatError when a stream is damaged."""
        positions = self.positions()
        q = np.zeros(self.size, np.int8)
        q[positions] = self.values_at(positions)
        return q.reshape(self.shape)

    def positions(self) -> np.ndarray:
        """Return the flat positions of the stored values, ascending; raises FormatError when damaged."""
        coding = index_format(self.index_format)
        if not coding.has_index and self.size > VALUES_PER_BYTE * len(self.streams["values"]):
            raise FormatError(
                f"'{self.name}': {len(self.streams['values'])} B of values cannot hold {self.size} weights; damaged"
            )
        index = self.streams.get("index", np.zeros(0, np.uint8))
        return coding.decode(f"'{self.name}'", index, self.shape)

    def values(self) -> np.ndarray:
        """Return the stored int8 values in row-major order; raises FormatError when a stream is damaged."""
        return self.values_at(self.positions())

    def values_at(self, positions: np.ndarray) -> np.ndarray:
        zeros = index_format(self.index_format).stores_zeros
        coding = value_format(self.value_format)
        values = coding.decode(f"'{self.name}'", self.streams, len(positions), zeros)
        if (values == -128).any():
            raise FormatError(f"'{self.name}': value -128 is outside -127..127; the stream is damaged")
        if not zeros and not values.all():
            raise FormatError(
                f"'{self.name}': a stored value is zero, which '{self.index_format}' never stores; damaged"
            )
        return values

    def check(self) -> None:
        """Raise FormatError unless every stream is complete and consistent."""
        self.values()


def encode(
    name: str, q: np.ndarray, scale: float, index_format_name: str, value_format_name: str = "int8"
) -> PackedTensor:
    """Return int8 weights [rows, columns] in one format; raises FormatError when the format cannot hold them."""
    expect_weights(name, q)
    index, values = index_format(index_format_name), value_format(value_format_name)
    mask = q != 0
    stored = q.ravel()[index.stored(f"'{name}'", mask)]
    streams = dict(values.encode(f"'{name}'", stored, index.stores_zeros))
    if index.has_index:
        streams["index"] = index.encode(f"'{name}'", mask)
    return PackedTensor(name, (q.shape[0], q.shape[1]), index_format_name, value_format_name, scale, streams)


def expect_weights(name: str, q: np.ndarray) -> None:
    """Raise FormatError unless q is int8 [rows, columns] within -127..127."""
    if q.dtype != np.int8 or q.ndim != 2:
        raise FormatError(f"'{name}': weights are {q.dtype} {q.shape}, expected int8 [rows, columns]")
    if (q == -128).any():
        raise FormatError(
            f"'{name}': weight -128 is outside the symmetric range -127..127; quantise to +-127"
        )

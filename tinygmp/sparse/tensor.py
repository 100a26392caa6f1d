"""PackedTensor: a weight matrix as the streams that lie in flash."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.protocol import Shape
from tinygmp.sparse.registry import index_format

VALUE_FORMATS = ("int8",)


@dataclass(frozen=True)
class PackedTensor:
    """Surviving weights and where they stand; real = scale * q, symmetric, zero is q = 0.

    streams: uint8 arrays exactly as in flash: 'values', and 'index' unless the format is dense.
    """

    name: str
    shape: Shape  # rows, columns
    index_format: str
    value_format: str
    scale: float
    streams: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        if self.value_format not in VALUE_FORMATS:
            raise FormatError(f"'{self.name}': value format '{self.value_format}' is unknown; known: int8")
        if min(self.shape) < 1:
            raise FormatError(f"'{self.name}': shape {self.shape} must be at least 1 x 1")
        expected = {"values"} if index_format(self.index_format).stores_zeros else {"index", "values"}
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
        return int(np.count_nonzero(self.streams["values"]))

    @property
    def sparsity(self) -> float:
        return 1 - self.nnz / self.size

    @property
    def payload_bytes(self) -> int:
        return sum(len(data) for data in self.streams.values())

    def decode(self) -> np.ndarray:
        """Return int8 [rows, columns]; raises FormatError when a stream is damaged."""
        values = self.streams["values"].view(np.int8)
        positions = self.positions()
        q = np.zeros(self.size, np.int8)
        q[positions] = values
        return q.reshape(self.shape)

    def positions(self) -> np.ndarray:
        """Return the flat positions of the stored values, ascending."""
        values = self.streams["values"]
        coding = index_format(self.index_format)
        if coding.stores_zeros and len(values) != self.size:
            raise FormatError(
                f"'{self.name}': {len(values)} values, expected {self.size}; the stream is damaged"
            )
        index = self.streams.get("index", np.zeros(0, np.uint8))
        return coding.decode(f"'{self.name}'", index, self.shape, len(values))

    def check(self) -> None:
        """Raise FormatError unless every stream is complete and consistent and no value is -128."""
        self.positions()
        if (self.streams["values"] == 0x80).any():
            raise FormatError(f"'{self.name}': value -128 is outside -127..127; pack it again")


def encode(
    name: str, q: np.ndarray, scale: float, index_format_name: str, value_format: str = "int8"
) -> PackedTensor:
    """Return int8 weights [rows, columns] in one format; raises FormatError when the format cannot hold them."""
    if q.dtype != np.int8 or q.ndim != 2:
        raise FormatError(f"'{name}': weights are {q.dtype} {q.shape}, expected int8 [rows, columns]")
    if (q == -128).any():
        raise FormatError(
            f"'{name}': weight -128 is outside the symmetric range -127..127; quantise to +-127"
        )
    coding = index_format(index_format_name)
    if coding.stores_zeros:
        streams = {"values": q.ravel().view(np.uint8).copy()}
    else:
        streams = {"index": coding.encode(f"'{name}'", q != 0), "values": q[q != 0].view(np.uint8)}
    return PackedTensor(name, (q.shape[0], q.shape[1]), index_format_name, value_format, scale, streams)

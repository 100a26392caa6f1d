"""int8: one byte for each stored weight, two's complement."""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.protocol import Streams


class Int8Values:
    name = "int8"
    bits = 8
    streams = frozenset({"values"})

    def encode(self, name: str, values: np.ndarray, zeros: bool) -> Streams:
        return {"values": values.view(np.uint8).copy()}

    def decode(self, name: str, streams: Streams, count: int, zeros: bool) -> np.ndarray:
        values = streams["values"]
        if len(values) != count:
            raise FormatError(
                f"{name}: {len(values)} int8 values, the index holds {count}; a stream is damaged"
            )
        return values.view(np.int8)

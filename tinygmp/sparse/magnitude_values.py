"""int8_rice and int8_huffman: int8 values whose common magnitudes take fewer bits.

The first byte is the smallest magnitude m; after it every value v is the number 2 * (|v| - m) + (v < 0), in the same
code as the gaps of the index formats rice and huffman, so that one decoder serves both. Pruning by magnitude leaves
nothing below its threshold, and few values far above.
"""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import expect_padding
from tinygmp.sparse.number_code import NumberCode
from tinygmp.sparse.protocol import Streams

LARGEST_MAGNITUDE = 127


class MagnitudeValues:
    bits = 8
    streams = frozenset({"values"})

    def __init__(self, name: str, code: NumberCode) -> None:
        self.name = name
        self.code = code

    def encode(self, name: str, values: np.ndarray, zeros: bool) -> Streams:
        magnitudes = np.abs(values.astype(np.int64))
        smallest = int(magnitudes.min(initial=LARGEST_MAGNITUDE))
        stream = self.code.encode(2 * (magnitudes - smallest) + (values < 0))
        return {"values": np.concatenate([np.array([smallest], np.uint8), stream])}

    def decode(self, name: str, streams: Streams, count: int, zeros: bool) -> np.ndarray:
        place = f"{name}, values '{self.name}'"
        stream = streams["values"]
        if len(stream) == 0:
            raise FormatError(f"{place}: the smallest magnitude is missing; the stream is cut short")
        numbers = self.code.decode(place, stream[1:])
        if len(numbers.values) < count:
            raise FormatError(f"{place}: {len(numbers.values)} values, the index holds {count}; damaged")
        used_bits = int(numbers.ends[count - 1]) if count else 0
        expect_padding(place, stream[1:], used_bits, numbers.header_bytes)
        coded = numbers.values[:count]
        magnitudes = (coded >> 1) + int(stream[0])
        if magnitudes.max(initial=0) > LARGEST_MAGNITUDE or ((magnitudes == 0) & (coded == 1)).any():
            raise FormatError(
                f"{place}: magnitude {magnitudes.max()} beyond 127, or a negative zero; damaged"
            )
        return np.where(coded & 1, -magnitudes, magnitudes).astype(np.int8)

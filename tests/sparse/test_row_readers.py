"""A second reader, written from docs/formats.md alone: row by row, a few integers of state, no tables in memory."""

import numpy as np
import pytest

from tinygmp.sparse import encode

SHAPES = [(1, 1), (1, 90), (9, 7), (40, 33), (12, 64)]


class BitReader:
    """State: where the next bit is."""

    def __init__(self, stream: np.ndarray, header_bytes: int = 0) -> None:
        self.stream = stream
        self.at = 8 * header_bytes

    def bit(self) -> int:
        value = int(self.stream[self.at >> 3]) >> (self.at & 7) & 1
        self.at += 1
        return value

    def field(self, width: int) -> int:
        return sum(self.bit() << place for place in range(width))


class FixedNumbers:
    def __init__(self, stream: np.ndarray, width: int) -> None:
        self.bits, self.width = BitReader(stream), width

    def next(self) -> int:
        total, escape = 0, (1 << self.width) - 1
        while (code := self.bits.field(self.width)) == escape:
            total += escape
        return total + code


class RiceNumbers:
    def __init__(self, stream: np.ndarray) -> None:
        self.bits, self.k = BitReader(stream, 1), int(stream[0])

    def next(self) -> int:
        quotient = 0
        while self.bits.bit():
            quotient += 1
        return (quotient << self.k) + self.bits.field(self.k)


class HuffmanNumbers:
    def __init__(self, stream: np.ndarray) -> None:
        self.stream, self.shift, self.escape = stream, int(stream[0]) & 15, int(stream[1])
        self.bits = BitReader(stream, 2 + (int(stream[0]) >> 4))

    def rank(self) -> int:
        code = first = rank = length = 0
        while True:
            length += 1
            code |= self.bits.bit()
            count = int(self.stream[1 + length])
            if code - first < count:
                return rank + code - first
            rank += count
            first = (first + count) << 1
            code <<= 1

    def next(self) -> int:
        total = 0
        while (rank := self.rank()) == self.escape:
            total += self.escape << self.shift
        return total + (rank << self.shift) + self.bits.field(self.shift)


def numbers_of(index_format: str, stream: np.ndarray):
    if index_format.startswith("relative"):
        return FixedNumbers(stream, int(index_format[-1]))
    return HuffmanNumbers(stream) if index_format == "huffman" else RiceNumbers(stream)


def next_value(tensor):
    """Return a function that yields the next stored value at each call."""
    stream = tensor.streams["values"]
    if tensor.value_format == "int8":
        fields = BitReader(stream)
        return lambda: (fields.field(8) ^ 128) - 128
    if tensor.value_format == "int8_ranked":
        ranks = HuffmanNumbers(stream)
        return lambda: int(tensor.streams["codebook"].view(np.int8)[ranks.next()])
    smallest = int(stream[0])
    numbers = (HuffmanNumbers if tensor.value_format == "int8_huffman" else RiceNumbers)(stream[1:])

    def magnitude_and_sign() -> int:
        number = numbers.next()
        magnitude = (number >> 1) + smallest
        return -magnitude if number & 1 else magnitude

    return magnitude_and_sign


def rows_by_gaps(tensor):
    """Yield one row after another; the next survivor's column is all that is carried from row to row."""
    gaps, value = numbers_of(tensor.index_format, tensor.streams["index"]), next_value(tensor)
    rows, columns = tensor.shape
    column = gaps.next()
    for _ in range(rows):
        row = np.zeros(columns, np.int8)
        while column < columns:
            row[column] = value()
            column += 1 + gaps.next()
        column -= columns
        yield row
    assert column == 0


def pruned(shape: tuple[int, int], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    q = rng.integers(1, 128, shape) * rng.choice([-1, 1], shape)
    return (q * (rng.random(shape) < rng.choice([0, 0.1, 0.5, 1]))).astype(np.int8)


@pytest.mark.parametrize("value_format", ["int8", "int8_rice", "int8_huffman", "int8_ranked"])
@pytest.mark.parametrize("index_format", [*(f"relative{width}" for width in range(2, 9)), "rice", "huffman"])
@pytest.mark.parametrize("shape", SHAPES)
def test_streams_are_read_row_by_row(index_format, value_format, shape):
    for seed in range(4):
        q = pruned(shape, seed)
        tensor = encode("t", q, 1.0, index_format, value_format)
        assert np.array_equal(np.array(list(rows_by_gaps(tensor))), q)

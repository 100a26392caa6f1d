"""A second reader, written from docs/formats.md alone: row by row, a few integers of state, no tables in memory."""

import numpy as np
import pytest

from tinygmp.sparse import encode
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS

SHAPES = [(1, 1), (1, 90), (9, 7), (30, 33), (12, 64), (3, 255)]
GROUPED_SHAPES = [(1, 8), (1, 96), (9, 16), (12, 64), (30, 40)]


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


def signed(field: int, bits: int) -> int:
    return field - (1 << bits) if field >> (bits - 1) else field


def power_of_two(field: int) -> int:
    if field == 7:
        return 0
    return -(1 << (field & 7)) if field & 8 else 1 << field


def next_value(tensor):
    """Return a function that yields the next stored value at each call."""
    stream, name = tensor.streams["values"], tensor.value_format
    codebook = tensor.streams["codebook"].view(np.int8) if "codebook" in tensor.streams else None
    if name == "int8_ranked":
        ranks = HuffmanNumbers(stream)
        return lambda: int(codebook[ranks.next()])
    if name in ("int8_rice", "int8_huffman"):
        return magnitudes(stream, RiceNumbers if name == "int8_rice" else HuffmanNumbers)
    fields = BitReader(stream)
    if name.startswith("codebook"):
        width = {"codebook4": 2, "codebook8": 3, "codebook16": 4}[name]
        return lambda: int(codebook[fields.field(width)])
    if name == "ternary" and not stores_zeros(tensor.index_format):
        return lambda: -1 if fields.bit() else 1
    if name == "power2":
        return lambda: power_of_two(fields.field(4))
    width = {"int8": 8, "int4": 4, "ternary": 2}[name]
    return lambda: signed(fields.field(width), width)


def magnitudes(stream: np.ndarray, code):
    smallest, numbers = int(stream[0]), code(stream[1:])

    def next_signed() -> int:
        number = numbers.next()
        magnitude = (number >> 1) + smallest
        return -magnitude if number & 1 else magnitude

    return next_signed


def stores_zeros(index_format: str) -> bool:
    return index_format == "dense" or index_format.startswith("block") or "of" in index_format


def stored_columns(tensor):
    """Yield, for each row, an iterator over the columns whose values are stored."""
    name, index, (rows, columns) = tensor.index_format, tensor.streams.get("index"), tensor.shape
    if name == "dense":
        return (iter(range(columns)) for _ in range(rows))
    if name == "bitmask":
        bits = BitReader(index)
        return ((column for column in range(columns) if bits.bit()) for _ in range(rows))
    if name.startswith("csr"):
        entries = BitReader(index)
        width = int(name[3:])
        return ((entries.field(width) for _ in range(entries.field(width))) for _ in range(rows))
    if "of" in name:
        n, m = int(name[0]), int(name[3])
        places = BitReader(index)
        return (
            (start + places.field(m.bit_length() - 1) for start in range(0, columns, m) for _ in range(n))
            for _ in range(rows)
        )
    if name.startswith("block"):
        width = int(name[5:])
        blocks = columns_by_gaps(RiceNumbers(index), rows, columns // width)
        return ((block * width + place for block in row for place in range(width)) for row in blocks)
    return columns_by_gaps(numbers_of(name, index), rows, columns)


def columns_by_gaps(gaps, rows: int, columns: int):
    """The next survivor's column is all that is carried from row to row."""
    column = gaps.next()

    def one_row():
        nonlocal column
        while column < columns:
            yield column
            column += 1 + gaps.next()
        column -= columns

    for _ in range(rows):
        yield one_row()
    assert column == 0


def read_rows(tensor) -> np.ndarray:
    q = np.zeros(tensor.shape, np.int8)
    value = next_value(tensor)
    for row, columns in enumerate(stored_columns(tensor)):
        for column in columns:
            q[row, column] = value()
    return q


def weights_for(index_format: str, value_format: str, shape: tuple[int, int], seed: int) -> np.ndarray:
    """Return random pruned weights that both formats can hold."""
    rng = np.random.default_rng(seed)
    levels = {"int4": [1, 3, 7], "ternary": [1], "power2": [1, 8, 64], "codebook4": [5], "codebook8": [2, 90]}
    magnitudes = levels.get(value_format, [1, 4, 5, 9, 127])
    q = rng.choice(magnitudes, shape) * rng.choice([-1, 1], shape)
    kept = rng.random(shape) < rng.choice([0, 0.1, 0.5, 1])
    if "of" in index_format:
        kept &= np.arange(shape[1]) % int(index_format[3]) < int(index_format[0])
    return (q * kept).astype(np.int8)


@pytest.mark.parametrize("value_format", VALUE_FORMATS)
@pytest.mark.parametrize("index_format", INDEX_FORMATS)
def test_streams_are_read_row_by_row(index_format, value_format):
    """Every index format with every value format."""
    grouped = index_format.startswith("block") or "of" in index_format
    for seed, shape in enumerate(GROUPED_SHAPES if grouped else SHAPES):
        q = weights_for(index_format, value_format, shape, seed)
        tensor = encode("t", q, 1.0, index_format, value_format)
        assert np.array_equal(read_rows(tensor), q)

"""Value formats whose codes have a fixed width: int4, ternary, power2 and codebooks of 4, 8 and 16 entries.

Codes lie one after another, the least significant bit first in each byte.
"""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import expect_padding, pack_fields, unpack_fields
from tinygmp.sparse.protocol import Streams

NO_VALUE = -128  # what a code without meaning stands for


class FieldValues:
    """Codes with a meaning that the format fixes; `with_zero` serves index formats that store zeros."""

    streams = frozenset({"values"})

    def __init__(self, name: str, without_zero: list[int], with_zero: list[int]) -> None:
        self.name = name
        self.tables = {False: np.array(without_zero, np.int8), True: np.array(with_zero, np.int8)}
        self.bits = field_width(len(without_zero))

    def encode(self, name: str, values: np.ndarray, zeros: bool) -> Streams:
        return {"values": encode_fields(f"{name}, values '{self.name}'", values, self.tables[zeros])}

    def decode(self, name: str, streams: Streams, count: int, zeros: bool) -> np.ndarray:
        return decode_fields(f"{name}, values '{self.name}'", streams["values"], self.tables[zeros], count)


class CodebookValues:
    """Codes that select an entry of the stream 'codebook': int8, ascending, 1 .. 2**bits of them."""

    streams = frozenset({"values", "codebook"})

    def __init__(self, entries: int) -> None:
        self.name = f"codebook{entries}"
        self.entries = entries
        self.bits = field_width(entries)

    def encode(self, name: str, values: np.ndarray, zeros: bool) -> Streams:
        codebook = np.unique(values)
        if len(codebook) > self.entries:
            raise FormatError(
                f"{name}: {len(codebook)} different values, {self.name} holds {self.entries}; cluster them first"
            )
        return {
            "values": encode_fields(name, values, self.table(codebook)),
            "codebook": codebook.view(np.uint8),
        }

    def decode(self, name: str, streams: Streams, count: int, zeros: bool) -> np.ndarray:
        codebook = streams["codebook"].view(np.int8)
        if len(codebook) > self.entries or (np.diff(codebook.astype(int)) <= 0).any():
            raise FormatError(
                f"{name}: the codebook of {len(codebook)} entries is not ascending or above {self.entries}; damaged"
            )
        return decode_fields(f"{name}, values '{self.name}'", streams["values"], self.table(codebook), count)

    def table(self, codebook: np.ndarray) -> np.ndarray:
        return np.append(codebook, np.full(self.entries - len(codebook), NO_VALUE)).astype(np.int8)


def field_width(codes: int) -> int:
    return max(codes - 1, 1).bit_length()


def encode_fields(place: str, values: np.ndarray, table: np.ndarray) -> np.ndarray:
    code_of = np.full(256, -1)
    code_of[table.view(np.uint8)] = np.arange(len(table))
    code_of[np.int8(NO_VALUE).view(np.uint8)] = -1
    codes = code_of[values.view(np.uint8)]
    if (codes < 0).any():
        raise FormatError(f"{place}: value {values[codes < 0][0]} has no code; quantise to this format first")
    return pack_fields(codes, field_width(len(table)))


def decode_fields(place: str, stream: np.ndarray, table: np.ndarray, count: int) -> np.ndarray:
    width = field_width(len(table))
    expect_padding(place, stream, count * width)
    values = table[unpack_fields(stream, width)[:count]]
    if (values == NO_VALUE).any():
        raise FormatError(f"{place}: a code has no value; the stream is damaged")
    return values


INT4 = FieldValues("int4", *[[*range(8), NO_VALUE, *range(-7, 0)]] * 2)
TERNARY = FieldValues("ternary", [1, -1], [0, 1, NO_VALUE, -1])
POWERS = [1 << exponent for exponent in range(7)]
POWER2 = FieldValues(
    "power2",
    [*POWERS, NO_VALUE, *(-power for power in POWERS), NO_VALUE],
    [*POWERS, 0, *(-power for power in POWERS), NO_VALUE],
)

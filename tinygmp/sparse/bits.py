"""Streams of bits, least significant bit first in each byte."""

import numpy as np

from tinygmp.errors import FormatError


def pack_bits(bits: np.ndarray) -> np.ndarray:
    """Return uint8 bytes of a 0/1 array; the last byte is filled with zeros."""
    return np.packbits(bits.astype(np.uint8, copy=False), bitorder="little")


def unpack_bits(stream: np.ndarray) -> np.ndarray:
    """Return every bit of a uint8 stream, padding included, as uint8 0/1."""
    return np.unpackbits(stream, bitorder="little")


def pack_fields(codes: np.ndarray, width: int) -> np.ndarray:
    """Return codes of `width` bits each (1..8), one after another without gaps."""
    fields = np.unpackbits(codes.astype(np.uint8)[:, None], axis=1, count=width, bitorder="little")
    return pack_bits(fields.ravel())


def unpack_fields(stream: np.ndarray, width: int) -> np.ndarray:
    """Return every whole field of `width` bits (1..8) as uint8."""
    bits = unpack_bits(stream)
    fields = bits[: len(bits) // width * width].reshape(-1, width)
    return np.packbits(fields, axis=1, bitorder="little")[:, 0] if len(fields) else np.zeros(0, np.uint8)


def pack_variable(codes: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the bits of codes of different lengths as uint8 0/1, the least significant bit of each first."""
    starts = np.cumsum(lengths) - lengths
    bits = np.zeros(int(lengths.sum()), np.uint8)
    for bit in range(int(lengths.max(initial=0))):
        longer = lengths > bit
        bits[starts[longer] + bit] = (codes[longer] >> bit) & 1
    return bits


def expect_padding(name: str, stream: np.ndarray, used_bits: int, header_bytes: int = 0) -> None:
    """Raise FormatError unless the stream ends in the byte of its last used bit, filled with zeros."""
    expected = header_bytes + (used_bits + 7) // 8
    if len(stream) != expected:
        raise FormatError(
            f"{name}: the stream has {len(stream)} B, its content needs {expected}; it is damaged"
        )
    if used_bits % 8 and stream[-1] >> used_bits % 8:
        raise FormatError(f"{name}: the padding bits of the last byte are not zero; the stream is damaged")

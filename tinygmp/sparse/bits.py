"""Streams of bits, least significant bit first in each byte."""

import numpy as np

from tinygmp.errors import FormatError


def pack_bits(bits: np.ndarray) -> np.ndarray:
    """Return uint8 bytes of a 0/1 array; the last byte is filled with zeros."""
    return np.packbits(bits.astype(np.uint8), bitorder="little")


def unpack_bits(stream: np.ndarray) -> np.ndarray:
    """Return every bit of a uint8 stream, padding included, as uint8 0/1."""
    return np.unpackbits(stream, bitorder="little")


def pack_fields(codes: np.ndarray, width: int) -> np.ndarray:
    """Return codes of `width` bits each, one after another without gaps."""
    return pack_bits((codes[:, None] >> np.arange(width)) & 1)


def unpack_fields(stream: np.ndarray, width: int) -> np.ndarray:
    """Return every whole field of `width` bits as int64."""
    bits = unpack_bits(stream)
    fields = bits[: len(bits) // width * width].reshape(-1, width)
    return fields.astype(np.int64) @ (1 << np.arange(width))


def expect_padding(name: str, stream: np.ndarray, used_bits: int) -> None:
    """Raise FormatError unless the stream ends in the byte of its last used bit, filled with zeros."""
    if len(stream) != (used_bits + 7) // 8:
        raise FormatError(
            f"{name}: the index stream has {len(stream)} B, its content needs {(used_bits + 7) // 8}"
        )
    if unpack_bits(stream)[used_bits:].any():
        raise FormatError(f"{name}: the index stream's padding bits are not zero; the stream is damaged")

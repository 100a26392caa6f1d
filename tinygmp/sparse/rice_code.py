"""Numbers in the Rice code; the first byte of the stream is its parameter k.

A number n is n >> k ones, a zero, then its k low bits, least significant first (Rice and Plaunt 1971).
"""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import pack_bits, unpack_bits
from tinygmp.sparse.number_code import Numbers
from tinygmp.sparse.prefix_code import code_starts

LARGEST_PARAMETER = 15


class RiceCode:
    def encode(self, numbers: np.ndarray) -> np.ndarray:
        k = best_parameter(numbers)
        quotients = numbers >> k
        starts = np.cumsum(quotients + 1 + k) - (quotients + 1 + k)
        bits = np.zeros(int(starts[-1] + quotients[-1] + 1 + k) if len(numbers) else 0, np.uint8)
        within = np.arange(quotients.sum()) - np.repeat(np.cumsum(quotients) - quotients, quotients)
        bits[np.repeat(starts, quotients) + within] = 1
        for bit in range(k):
            bits[starts + quotients + 1 + bit] = (numbers >> bit) & 1
        return np.concatenate([np.array([k], np.uint8), pack_bits(bits)])

    def decode(self, name: str, stream: np.ndarray) -> Numbers:
        if len(stream) == 0 or stream[0] > LARGEST_PARAMETER:
            found = f"is {stream[0]}, above {LARGEST_PARAMETER}" if len(stream) else "is missing"
            raise FormatError(f"{name}: the Rice parameter {found}; the stream is damaged")
        k = int(stream[0])
        bits = unpack_bits(stream[1:])
        zero_at = np.where(bits == 0, np.arange(len(bits), dtype=np.int32), np.int32(len(bits)))
        zero_at = np.minimum.accumulate(zero_at[::-1])[::-1]
        starts = code_starts(zero_at + 1 + k)
        stops = zero_at[starts]
        stops, values = stops.astype(np.int64), (stops - starts) << k
        for bit in range(k):
            values += bits[stops + 1 + bit].astype(np.int64) << bit
        return Numbers(values, stops + 1 + k, header_bytes=1)


def best_parameter(numbers: np.ndarray) -> int:
    """Return the k that needs fewest bits; the smaller on a tie."""
    bits = [int((numbers >> k).sum()) + len(numbers) * (1 + k) for k in range(LARGEST_PARAMETER + 1)]
    return int(np.argmin(bits))

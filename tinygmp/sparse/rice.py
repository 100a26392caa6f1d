"""rice: gaps in the Rice code with the best parameter of the tensor, which is the first byte of the stream.

A gap is gap >> k ones, a zero, then its k low bits, least significant first.
"""

import numpy as np

from tinygmp.errors import FormatError
from tinygmp.sparse.bits import expect_padding, pack_bits, unpack_bits
from tinygmp.sparse.gaps import gaps_of, positions_of
from tinygmp.sparse.protocol import Shape

LARGEST_PARAMETER = 15


class Rice:
    name = "rice"
    stores_zeros = False

    def encode(self, name: str, mask: np.ndarray) -> np.ndarray:
        gaps = gaps_of(mask)
        k = best_parameter(gaps)
        quotients = gaps >> k
        starts = np.cumsum(quotients + 1 + k) - (quotients + 1 + k)
        bits = np.zeros(int(starts[-1] + quotients[-1] + 1 + k), np.uint8)
        within = np.arange(quotients.sum()) - np.repeat(np.cumsum(quotients) - quotients, quotients)
        bits[np.repeat(starts, quotients) + within] = 1
        for bit in range(k):
            bits[starts + quotients + 1 + bit] = (gaps >> bit) & 1
        return np.concatenate([np.array([k], np.uint8), pack_bits(bits)])

    def decode(self, name: str, stream: np.ndarray, shape: Shape, nnz: int) -> np.ndarray:
        if len(stream) == 0 or stream[0] > LARGEST_PARAMETER:
            raise FormatError(f"{name}: the Rice parameter is missing or above {LARGEST_PARAMETER}")
        k = int(stream[0])
        bits = unpack_bits(stream[1:])
        starts, stops = code_bounds(name, bits, k, nnz + 1)
        expect_padding(name, stream[1:], int(stops[-1]) + 1 + k)
        gaps = (stops - starts) << k
        for bit in range(k):
            gaps += bits[stops + 1 + bit].astype(np.int64) << bit
        return positions_of(name, gaps, shape[0] * shape[1], nnz)


def best_parameter(gaps: np.ndarray) -> int:
    """Return the k that needs fewest bits; the smaller on a tie."""
    bits = [int((gaps >> k).sum()) + len(gaps) * (1 + k) for k in range(LARGEST_PARAMETER + 1)]
    return int(np.argmin(bits))


def code_bounds(name: str, bits: np.ndarray, k: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each code starts, and where its terminating zero lies."""
    zeros = np.flatnonzero(bits == 0)
    next_zero = np.append(zeros, len(bits))[np.searchsorted(zeros, np.arange(len(bits) + 1))].tolist()
    starts, stops, start = [], [], 0
    for _ in range(count):
        stop = next_zero[start] if start <= len(bits) else len(bits)
        if stop + 1 + k > len(bits):
            raise FormatError(f"{name}: the Rice code is cut short after {len(starts)} of {count} gaps")
        starts.append(start)
        stops.append(stop)
        start = stop + 1 + k
    return np.array(starts), np.array(stops)

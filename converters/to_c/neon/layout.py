"""How int8 maps lie in memory on 64-bit ARM: planes of four channels, [channels / 4][positions][4]."""

import numpy as np

from tinygmp.graph.values import Value

FOUR = 4
OVERREAD_BYTES = 64  # that kernels may read behind the last plane


def fours(count: int) -> int:
    """Return how many fours hold so many."""
    return -(-count // FOUR)


def plane_bytes(positions: int) -> int:
    """Return tg_plane_bytes: of four channels at all positions."""
    return FOUR if positions == 1 else fours(positions) * FOUR * FOUR


def in_planes(value: Value) -> bool:
    """Return whether a value lies in planes between inputs and outputs; only what is not int8 lies as it is."""
    return value.dtype == "int8"


def map_bytes(value: Value) -> int:
    """Return the bytes of a value in planes, and of what may be read behind it."""
    return fours(value.channels) * plane_bytes(value.positions) + OVERREAD_BYTES


def grouped(weights: np.ndarray) -> np.ndarray:
    """Return int8 [outputs rounded up to four, taps * fours of channels, 4] of weights [outputs, taps, channels]."""
    outputs, taps, channels = weights.shape
    padded = np.zeros((fours(outputs) * FOUR, taps, fours(channels) * FOUR), np.int8)
    padded[:outputs, :, :channels] = weights
    return padded.reshape(len(padded), -1, FOUR)

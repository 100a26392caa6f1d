"""One 33-byte table serves sigmoid and tanh.

entry[i] = round(256 * tanh(i / 8)) for pre-activations v = i / 4 in [0, 8], because
sigmoid(v) = (1 + tanh(v / 2)) / 2 and tanh(v) is the same curve read at 2 v.
Pre-activations are int16 in Q11 (real = q / 2048), the table answers in 1/256.
"""

import numpy as np

PRE_FRACTION_BITS = 11
SEGMENTS = 32
SEGMENT_BITS = 9  # one segment is 2**9 units of Q11 = 0.25
TABLE_LIMIT = SEGMENTS << SEGMENT_BITS  # |v| >= 8.0 reads the last entry


def half_tanh_table() -> np.ndarray:
    """Return the uint8 table of 33 entries, 0..255."""
    entries = np.rint(256 * np.tanh(np.arange(SEGMENTS + 1) / 8))
    return np.minimum(entries, 255).astype(np.uint8)


def interpolate(table: np.ndarray, magnitude: np.ndarray) -> np.ndarray:
    """Return t in 0..255 for magnitudes >= 0 in Q11; magnitudes from 8.0 up read the last entry.

    t = t0 + ((t1 - t0) * f + 128 >> 8) with the fraction f of the segment in 8 bits, so that every
    product is 8 x 8 bits.
    """
    inside = np.minimum(magnitude.astype(np.int32), TABLE_LIMIT - 1)
    segment = inside >> SEGMENT_BITS
    fraction = (inside >> (SEGMENT_BITS - 8)) & 255
    low = table[segment].astype(np.int32)
    rise = table[segment + 1].astype(np.int32) - low
    between = low + ((rise * fraction + 128) >> 8)
    return np.where(magnitude >= TABLE_LIMIT, np.int32(table[SEGMENTS]), between)


def sigmoid_q9(table: np.ndarray, pre: np.ndarray) -> np.ndarray:
    """Return sigmoid of int16 Q11 values as 1..511 in units of 1/512."""
    pre = pre.astype(np.int32)
    t = interpolate(table, np.abs(pre))
    return 256 + np.where(pre < 0, -t, t)


def tanh_q8(table: np.ndarray, pre: np.ndarray) -> np.ndarray:
    """Return tanh of int16 Q11 values as -255..255 in units of 1/256."""
    pre = pre.astype(np.int32)
    t = interpolate(table, 2 * np.abs(pre))
    return np.where(pre < 0, -t, t)

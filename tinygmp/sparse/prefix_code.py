"""Split a bit stream into the codes of a prefix code, without a Python step for each code."""

import numpy as np

WINDOW_BITS = 1 << 14
DOUBLINGS = 4


def code_starts(following: np.ndarray) -> np.ndarray:
    """Return the bit positions where the complete codes of a stream start.

    following: for every bit position, where the code that starts there would end; beyond the stream's length
    when it is cut short or no code.
    """
    pieces: list[np.ndarray] = []
    start = 0
    while start < len(following):
        starts = start + starts_in_window(following[start : start + WINDOW_BITS].astype(np.int64) - start)
        pieces.append(starts)
        start = int(following[starts[-1]])
    if start > len(following):
        pieces[-1] = pieces[-1][:-1]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int64)


def starts_in_window(following: np.ndarray) -> np.ndarray:
    """Return the starts reached from position 0; jumps of 16 codes are walked, those between are gathered."""
    end = len(following)
    jumps = [np.append(np.minimum(following, end), end)]
    for _ in range(DOUBLINGS):
        jumps.append(jumps[-1][jumps[-1]])
    heads, at = [], 0
    while at < end:
        heads.append(at)
        at = int(jumps[-1][at])
    starts = np.array(heads)
    for jump in reversed(jumps[:-1]):
        starts = np.stack([starts, jump[starts]], axis=1).ravel()
    return starts[starts < end]

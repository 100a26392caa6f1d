"""A channel over time in one line of text."""

import numpy as np

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: np.ndarray, width: int, lowest: float, highest: float) -> str:
    """Return `width` blocks as high as values [rows], picked evenly, between lowest and highest; fewer for few rows."""
    chosen = values[np.linspace(0, len(values) - 1, min(width, len(values))).astype(int)]
    span = highest - lowest
    heights = (chosen - lowest) / span if span > 0 else np.zeros(len(chosen))
    return "".join(BLOCKS[int(level)] for level in np.clip(heights * len(BLOCKS), 0, len(BLOCKS) - 1))

"""The counts that a layer's time is a sum of, each times a coefficient of the core, and what each count stands for.

Terms are generic on purpose: they follow from shapes and zeros, not from how a kernel is written, so a new kernel needs a
new fit and no new code.
"""

from collections.abc import Callable

from tinygmp.cost.work import Work
from tinygmp.graph.operators.window import Window

PRODUCTS, SCALING, READING, DECODING, OVERHEAD = "products", "scaling", "reading", "decoding", "overhead"
CAUSES = (PRODUCTS, SCALING, READING, DECODING, OVERHEAD)
Terms = dict[str, float]
LANES = 4  # positions that go together in most kernels
BLOCK = 8
RUN = 32  # positions whose sums are scaled at once


def terms_of(work: Work) -> Terms:
    """Return the counts of a layer by the name 'cause: what'."""
    group = work.group.removesuffix(", sparse")
    terms = TERMS.get(group, by_element)(work)
    if work.group != group:
        terms |= decoding(work)
    return terms | {f"{OVERHEAD}: layer": 1.0}


def cause_of(term: str) -> str:
    return term.partition(":")[0]


def decoding(work: Work) -> Terms:
    """Return what reading the survivors of a matrix takes, by its format, as often as the work space is filled."""
    often = work.refills if work.group.startswith("pointwise") else 1.0
    return {
        f"{DECODING}: {work.storage}, survivor": often * work.nonzero,
        f"{DECODING}: {work.storage}, weight": often * work.size,
        f"{DECODING}: {work.storage}, row": often * work.weights[0],
    }


def scaling(work: Work, outputs: float) -> Terms:
    """Return the outputs to be scaled, by the way that the whole model scales."""
    return {f"{SCALING}: output, {work.scaling}": outputs}


def pointwise(work: Work) -> Terms:
    """Return the counts of a 1 x 1 convolution."""
    positions, (outputs, inputs) = work.positions, work.weights
    return scaling(work, float(positions * outputs)) | {
        f"{PRODUCTS}: one": float(work.multiply_adds_kept),
        f"{PRODUCTS}: with zeros": float(work.multiply_adds),
        f"{PRODUCTS}: of 2 positions": float(up(positions, 2) * work.nonzero),
        f"{PRODUCTS}: of {LANES} positions": float(up(positions, LANES) * work.nonzero),
        f"{PRODUCTS}: of {BLOCK} positions": float(up(positions, BLOCK) * work.nonzero),
        f"{PRODUCTS}: block": float(blocks(positions, BLOCK) * work.nonzero),
        f"{PRODUCTS}: filling": work.refills * work.nonzero,
        f"{SCALING}: block of outputs": float(blocks(positions, BLOCK) * outputs),
        f"{SCALING}: run of outputs": float(blocks(positions, RUN) * outputs),
        f"{SCALING}: filling": work.refills * outputs,
        f"{READING}: input": float(positions * inputs),
        f"{READING}: position": float(positions),
        f"{READING}: filling": work.refills * inputs,
        f"{OVERHEAD}: channel": float(outputs),
    }


def patches(work: Work) -> Terms:
    """Return the counts of a convolution over a window: those of a 1 x 1 one over its patches, and the copies."""
    rows = work.positions * work.window.kernel[0]
    short = work.written[0] * (work.written[1] % BLOCK > 0)
    return pointwise(work) | {
        f"{READING}: row of a patch": float(rows),
        f"{READING}: border": float(border_positions(work) * work.window.taps),
        f"{OVERHEAD}: row": float(work.written[0]),
        f"{PRODUCTS}: short block": float(short * work.nonzero),
        f"{PRODUCTS}: short block with zeros": float(short * work.size),
        f"{PRODUCTS}: filling with zeros": work.refills * work.size,
    }


def depthwise(work: Work) -> Terms:
    """Return the counts of a convolution channel by channel."""
    rows, columns, channels = work.written
    read = work.read[0] * work.read[1] * work.read[2]
    near = float(work.window.stride[1] == 1)
    return scaling(work, float(work.positions * channels)) | {
        f"{PRODUCTS}: one": float(work.multiply_adds),
        f"{PRODUCTS}: pair of columns": float(rows * blocks(columns, 2) * 2 * work.size),
        f"{PRODUCTS}: stride 1": near * work.multiply_adds,
        f"{READING}: input": float(read),
        f"{READING}: line": float(rows * channels),
        f"{READING}: line of stride 1": near * rows * channels,
        f"{READING}: border": float(border_positions(work) * work.size),
        f"{READING}: border of stride 1": near * border_positions(work) * work.size,
        f"{READING}: position": float(work.positions),
        f"{OVERHEAD}: channel": float(channels),
        f"{OVERHEAD}: row": float(rows),
    }


def matrix(work: Work) -> Terms:
    """Return the counts of a matrix times a vector."""
    outputs, inputs = work.weights
    return scaling(work, float(outputs)) | {
        f"{PRODUCTS}: one": float(work.nonzero),
        f"{PRODUCTS}: with zeros": float(work.size),
        f"{PRODUCTS}: rest of a row": float(inputs % LANES * outputs * work.density),
        f"{READING}: input": float(inputs),
    }


def windowed(work: Work) -> Terms:
    """Return the counts of a pool."""
    return by_element(work) | {
        f"{PRODUCTS}: tap": float(work.positions * work.window.taps * work.written[2]),
        f"{OVERHEAD}: tap": float(work.positions * work.window.taps),
    }


def by_element(work: Work) -> Terms:
    """Return the counts of what goes element by element."""
    rows, columns, channels = work.written
    return {
        f"{READING}: input": float(work.read[0] * work.read[1] * work.read[2]),
        f"{SCALING}: output": float(rows * columns * channels),
        f"{OVERHEAD}: channel": float(channels),
        f"{OVERHEAD}: row": float(rows),
    }


TERMS: dict[str, Callable[[Work], Terms]] = {
    "pointwise": pointwise,
    "patches": patches,
    "depthwise 3x3": depthwise,
    "depthwise": depthwise,
    "fully_connected": matrix,
    "fully_connected sums": matrix,
    "max_pool": windowed,
    "average_pool": windowed,
}


def border_positions(work: Work) -> int:
    """Return the outputs whose window reaches over the border."""
    rows, columns = (
        inner(work.read[axis], work.written[axis], work.window, axis) for axis in (0, 1)
    )
    return work.positions - rows * columns


def inner(read: int, written: int, window: Window, axis: int) -> int:
    """Return the outputs of one axis whose window lies inside."""
    before, stride = window.padding[2 * axis], window.stride[axis]
    first = -(-before // stride)
    last = (read - window.extent[axis] + before) // stride
    return max(0, min(last, written - 1) - first + 1)


def blocks(count: int, size: int) -> int:
    return -(-count // size)


def up(count: int, size: int) -> int:
    return blocks(count, size) * size

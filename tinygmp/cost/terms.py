"""The counts that a layer's time is a sum of, each times a coefficient of the core, and what each count stands for.

Terms are generic on purpose: they follow from shapes and zeros, not from how a kernel is written, so a new kernel
needs a new fit and no new code.
"""

from collections.abc import Callable, Sequence

from tinygmp.cost.work import ALONE, DENSE, SPARSE, TOGETHER, Work

PRODUCTS, SCALING, READING, DECODING, OVERHEAD = "products", "scaling", "reading", "decoding", "overhead"
CAUSES = (PRODUCTS, SCALING, READING, DECODING, OVERHEAD)
Terms = dict[str, float]
LANES = 4  # positions that go together in most kernels
BLOCK = 8
RUN = 32  # positions whose sums are scaled at once


def terms_of(work: Work) -> Terms:
    """Return the counts of a layer by the name 'cause: what'."""
    group = work.group.removesuffix(ALONE).removesuffix(TOGETHER).removesuffix(SPARSE)
    terms = TERMS.get(group, by_element)(work)
    if work.storage != DENSE:
        terms |= decoding(work)
    return terms | {f"{OVERHEAD}: layer": 1.0}


def terms_together(works: Sequence[Work]) -> Terms:
    """Return the counts of a layer of one node, or of several that run together, each with counts of its own."""
    if len(works) == 1:
        return terms_of(works[0])
    return {f"{term} of {work.kind}": count for work in works for term, count in terms_of(work).items()}


def group_of(works: Sequence[Work]) -> str:
    """Return the family of kernels of a layer of one node or several."""
    return " + ".join(work.group for work in works)


def cause_of(term: str) -> str:
    return term.partition(":")[0]


def variant_of(term: str) -> tuple[str, str, str]:
    """Return what is before the way of scaling or the storage format that a term is of, that, and what is behind it."""
    if term.startswith(f"{SCALING}: output") and ", " in term:
        return f"{SCALING}: output, ", term.removeprefix(f"{SCALING}: output"), ""
    if term.startswith(DECODING):
        storage, _, what = term.removeprefix(f"{DECODING}: ").partition(", ")
        return f"{DECODING}: ", storage, what
    return term, "", ""


def decoding(work: Work) -> Terms:
    """Return what reading the survivors of a matrix takes, by its format, as often as the work space is filled."""
    often = work.refills if work.group.startswith("pointwise") else 1.0
    return {
        f"{DECODING}: {work.storage}, survivor": often * work.stored,
        f"{DECODING}: {work.storage}, weight": often * work.size,
        f"{DECODING}: {work.storage}, row": often * work.weights[0],
    }


def scaling(work: Work, outputs: float) -> Terms:
    """Return the outputs to be scaled, by the way that the whole model scales."""
    return {f"{SCALING}: output{layout(work, 1)}, {work.scaling}": outputs}


def layout(work: Work, end: int) -> str:
    """Return what tells maps in planes apart, of the map read, 0, or written, 1."""
    return " in planes" if work.planes[end] else ""


def pointwise(work: Work) -> Terms:
    """Return the counts of a 1 x 1 convolution."""
    positions, (outputs, inputs) = work.positions, work.weights
    return scaling(work, float(positions * outputs)) | {
        f"{PRODUCTS}: one": float(work.positions * work.stored),
        f"{PRODUCTS}: with zeros": float(work.multiply_adds),
        f"{PRODUCTS}: of 2 positions": float(up(positions, 2) * work.stored),
        f"{PRODUCTS}: of {LANES} positions": float(up(positions, LANES) * work.stored),
        f"{PRODUCTS}: of {BLOCK} positions": float(up(positions, BLOCK) * work.stored),
        f"{PRODUCTS}: block": float(blocks(positions, BLOCK) * work.stored),
        f"{PRODUCTS}: {held(work)} at once": float(work.positions * work.stored),
        f"{SCALING}: {held(work)} at once": float(positions * outputs),
        f"{PRODUCTS}: filling": work.refills * work.stored,
        f"{SCALING}: block of outputs": float(blocks(positions, BLOCK) * outputs),
        f"{SCALING}: run of outputs": float(blocks(positions, RUN) * outputs),
        f"{SCALING}: filling": work.refills * outputs,
        f"{READING}: input{layout(work, 0)}": float(positions * inputs),
        f"{READING}: position{layout(work, 0)}": float(positions),
        f"{READING}: filling{layout(work, 0)}": work.refills * inputs,
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
        f"{PRODUCTS}: short block": float(short * work.stored),
        f"{PRODUCTS}: short block with zeros": float(short * work.size),
        f"{PRODUCTS}: filling with zeros": work.refills * work.size,
    }


def depthwise(work: Work) -> Terms:
    """Return the counts of a 3 x 3 convolution channel by channel, line by line."""
    (rows, columns, channels), (step, near) = work.written, work.window.stride
    lines = channels * (step * (rows - 1) + 3)
    apart = (f"stride {near}" if near < 3 else "wide stride") + layout(work, 0)
    return scaling(work, float(work.positions * channels)) | {
        f"{PRODUCTS}: one, {apart}": float(work.multiply_adds),
        f"{PRODUCTS}: pair of columns, {apart}": float(rows * up(columns, 2) * work.size),
        f"{SCALING}: run of outputs": float(blocks(work.positions, RUN) * channels),
        f"{SCALING}: row of outputs{layout(work, 1)}": float(rows * channels),
        f"{READING}: input{layout(work, 0)}": float(lines * work.read[1]),
        f"{READING}: rest of a line{layout(work, 0)}": float(lines * (work.read[1] % LANES)),
        f"{READING}: line{layout(work, 0)}": float(lines),
        f"{READING}: row of a map{layout(work, 0)}": float(work.read[0] * channels),
        f"{READING}: weight": float(work.size),
        f"{OVERHEAD}: channel": float(channels),
    }


def any_depthwise(work: Work) -> Terms:
    """Return the counts of any other convolution channel by channel, position by position."""
    return (
        scaling(work, float(work.positions * work.written[2]))
        | taps(work)
        | {
            f"{READING}: weight": float(work.size),
            f"{OVERHEAD}: channel": float(work.written[2]),
            f"{OVERHEAD}: row": float(work.written[0] * work.written[2]),
        }
    )


def taps(work: Work) -> Terms:
    """Return what a window does at every position and channel."""
    each = work.positions * work.written[2]
    inside = inside_taps(work, 0) * inside_taps(work, 1) * work.written[2]
    return {
        f"{PRODUCTS}: tap": float(each * work.window.taps),
        f"{PRODUCTS}: tap inside": float(inside),
        f"{PRODUCTS}: row of taps": float(each * work.window.kernel[0]),
    }


def matrix(work: Work) -> Terms:
    """Return the counts of a matrix times a vector."""
    outputs, inputs = work.weights
    share = work.stored / work.size
    return scaling(work, float(outputs)) | {
        f"{PRODUCTS}: one": float(work.stored),
        f"{PRODUCTS}: with zeros": float(work.size),
        f"{PRODUCTS}: rest of a row": float(inputs % LANES * outputs * share),
        f"{READING}: input": float(inputs),
    }


def windowed(work: Work) -> Terms:
    """Return the counts of a pool."""
    return taps(work) | {
        f"{SCALING}: output": float(work.positions * work.written[2]),
        f"{OVERHEAD}: position": float(work.positions),
        f"{OVERHEAD}: row": float(work.written[0]),
    }


def by_element(work: Work) -> Terms:
    """Return the counts of what goes element by element."""
    rows, columns, channels = work.written
    return {
        f"{READING}: input{layout(work, 0)}": float(work.read[0] * work.read[1] * work.read[2]),
        f"{SCALING}: output": float(rows * columns * channels),
        f"{OVERHEAD}: channel": float(channels),
        f"{OVERHEAD}: row": float(rows),
    }


TERMS: dict[str, Callable[[Work], Terms]] = {
    "pointwise": pointwise,
    "patches": patches,
    "depthwise 3x3": depthwise,
    "depthwise": any_depthwise,
    "fully_connected": matrix,
    "fully_connected sums": matrix,
    "max_pool": windowed,
    "average_pool": windowed,
}


def border_positions(work: Work) -> int:
    """Return the outputs whose window reaches over the border."""
    rows, columns = (
        sum(count == work.window.kernel[axis] for count in inside(work, axis)) for axis in (0, 1)
    )
    return work.positions - rows * columns


def inside_taps(work: Work, axis: int) -> int:
    """Return the taps inside the map of all outputs of one axis together."""
    return sum(inside(work, axis))


def inside(work: Work, axis: int) -> list[int]:
    """Return how many taps of each output of one axis lie inside the map."""
    window, size = work.window, work.read[axis]
    begins = (place * window.stride[axis] - window.padding[2 * axis] for place in range(work.written[axis]))
    steps = range(0, window.extent[axis], window.dilation[axis])
    return [sum(0 <= begin + step < size for step in steps) for begin in begins]


def held(work: Work) -> str:
    """Return how many positions of inputs the work space holds, to a power of two."""
    each = work.positions / max(work.refills, 1e-9) * (2 if work.storage == DENSE else 1)
    return next((f"{size} positions" for size in (2, 4) if each <= 1.2 * size), "many positions")


def blocks(count: int, size: int) -> int:
    return -(-count // size)


def up(count: int, size: int) -> int:
    return blocks(count, size) * size

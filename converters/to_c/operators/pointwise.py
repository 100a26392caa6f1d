"""Convolutions 1 x 1: position by position, or survivor by survivor over planes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from converters.to_c.arrays import symbol_of
from converters.to_c.kernel import round4, words
from converters.to_c.operators.linear import (
    begin_rows,
    expand,
    expanded_bytes,
    is_sparse,
    pair_bytes,
    row_source,
    survivors_of_fullest_row,
)
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d

# Below this share of survivors a list of them beats expanding them first (measured on a Cortex-M4F).
LIST_DENSITY = 0.7
# Parts into which the positions of a sparse kernel are cut; each reads the weights again.
BANDS = tuple(2**power for power in range(7))
LARGEST_PLANES = 65536
BLOCKS = (8, 4, 2)  # positions whose inputs are unpacked at once: more are faster and take more memory
LEAST_OF_PLANES = 4  # positions of planes that are unpacked at once


@dataclass(frozen=True)
class Way:
    """One way to run a 1x1 convolution over any number of positions.

    run: takes the place of the input and its run, the place of the output and its run, the positions and the work
    space, all as C. once: statements before the first positions, of the work space. in_place: whether it may write
    where it reads.
    """

    sources: tuple[str, ...]
    work_bytes: int
    run: Callable[[str, int, str, int, int, str], str]
    once: Callable[[str], str] = lambda work: ""
    in_place: bool = True


def ways(model: PackedModel, node: Node, operator: Conv2d, positions: int, from_: int) -> list[Way]:
    """Return the ways, the faster first, over so many positions at a time of a map with this run."""
    symbol = symbol_of(model, node.name)
    least = 2 if from_ == 1 else LEAST_OF_PLANES
    blocks = [block for block in BLOCKS if block >= least]
    if not is_sparse(operator):
        return [dense(symbol, operator, block) for block in blocks]
    lists = [listed(symbol, operator, band) for band in bands(operator.inputs, positions)]
    if from_ > 1 and operator.inputs * from_ <= LARGEST_PLANES:
        lists = [listed(symbol, operator, 0), *lists]
    expanded = [expanded_dense(symbol, operator, block) for block in blocks]
    density = operator.weights.nnz / operator.weights.size
    return [*lists, *expanded] if density < LIST_DENSITY else [*expanded, *lists]


def bands(inputs: int, positions: int) -> list[int]:
    """Return how many positions may be copied aside at once, the most first; multiples of 4, none if too many."""
    whole = round4(positions)
    sizes = {round4(-(-whole // parts)) for parts in BANDS}
    return sorted((each for each in sizes if inputs * each <= LARGEST_PLANES), reverse=True)


def listed(symbol: str, operator: Conv2d, band: int) -> Way:
    """Return the way by lists of survivors, over a band that is copied aside, or over the map itself where it is 0."""

    def run(read: str, from_: int, write: str, to: int, positions: int, work: str) -> str:
        place = f"{read}, {from_}u, {write}, {to}u, {positions}u, {band}u, {work}"
        return f"tg_pointwise_sparse(&{symbol}, {begin_rows(operator)}, {place});\n"

    work_bytes = operator.inputs * band + 4 * survivors_of_fullest_row(operator) + 8
    return Way(("tg_pointwise_sparse.c", row_source(operator)), work_bytes, run, in_place=band > 0)


def run_dense(
    symbol: str,
    weights: str,
    block: int,
    read: str,
    from_: int,
    write: str,
    to: int,
    positions: int,
    work: str,
) -> str:
    place = f"{read}, {from_}u, {write}, {to}u, {positions}u, {block}u, {work}"
    return f"tg_pointwise_dense(&{symbol}, {weights}, {place});\n"


def dense(symbol: str, operator: Conv2d, block: int) -> Way:
    return Way(
        ("tg_pointwise_dense.c",),
        block // 2 * pair_bytes(operator.inputs),
        partial(run_dense, symbol, f"{symbol}.values", block),
    )


def expanded_dense(symbol: str, operator: Conv2d, block: int) -> Way:
    """Return the way with sparse weights written densely into the work space."""
    whole, survivors = expanded_bytes(operator), 4 * survivors_of_fullest_row(operator)

    def run(read: str, from_: int, write: str, to: int, positions: int, work: str) -> str:
        weights, after = f"(int8_t *)({work})", words(work, whole)
        return run_dense(symbol, weights, block, read, from_, write, to, positions, after)

    # The list of a row is needed only before the kernel's own work space.
    return Way(
        ("tg_pointwise_dense.c", "tg_survivors_expand.c", row_source(operator)),
        whole + max(block // 2 * pair_bytes(operator.inputs), survivors),
        run,
        lambda work: expand(symbol, operator, work, words(work, whole)),
    )

"""Which order the channels of each map take, so that the weights of sparse matrices stand together in fours.

A four of inputs costs the same with one weight or with four. So channels that the same outputs read are put side by
side, in the maps that no one outside sees; what works channel by channel hands an order on.
"""

from collections.abc import Mapping

import numpy as np

from converters.to_c.neon.coverage import fits_planes
from converters.to_c.neon.layout import FOUR
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.pool import GlobalAveragePool, MaxPool

Orders = Mapping[
    str, np.ndarray
]  # value -> its channels, as they stand in planes; as they are where it is not named
LARGEST_DENSITY = 0.5  # of a matrix that gains from an order
CHANNELWISE = (DepthwiseConv2d, MaxPool, GlobalAveragePool)


def channel_orders(model: PackedModel) -> Orders:
    """Return the order of every chain from one matrix, through layers that work channel by channel, to another."""
    orders: dict[str, np.ndarray] = {}
    for node in model.nodes:
        held = weights_held(node)
        if held is None or not fits_planes(model, node) or held.mean() > LARGEST_DENSITY:
            continue
        chain = chain_before(model, node)
        if chain:
            order = together(held)
            orders |= dict.fromkeys(chain, order)
    return orders


def weights_held(node: Node) -> np.ndarray | None:
    """Return bool [outputs, inputs] of a pointwise matrix, None of anything else."""
    operator = node.operator
    if isinstance(operator, FullyConnected) or (
        isinstance(operator, Conv2d) and operator.window.is_pointwise
    ):
        held: np.ndarray = operator.weights.decode() != 0
        return held
    return None


def chain_before(model: PackedModel, node: Node) -> tuple[str, ...]:
    """Return the values that only this matrix reads, or what leads to it, back to the matrix that writes the first.

    Empty where one of them is seen by anything else.
    """
    writers = {name: each for each in model.nodes for name in each.writes}
    chain, name = [], node.reads[0]
    while True:
        value, readers = model.values[name], [each for each in model.nodes if name in each.reads]
        if name not in writers or len(readers) != 1 or name in model.outputs or value.dtype != "int8":
            return ()
        chain.append(name)
        writer = writers[name]
        if isinstance(writer.operator, Conv2d):
            return tuple(chain) if fits_planes(model, writer) else ()
        if not isinstance(writer.operator, CHANNELWISE):
            return ()
        if isinstance(writer.operator, DepthwiseConv2d) and not fits_planes(model, writer):
            return ()
        name = writer.reads[0]


def together(held: np.ndarray) -> np.ndarray:
    """Return the columns of bool [outputs, inputs] in an order in which few outputs read each four.

    Greedily: the fullest column left begins a four, then come those that share most with it.
    """
    columns = held.T.astype(np.float32)
    left, order = list(np.argsort(-columns.sum(axis=1), kind="stable")), []
    while left:
        read = columns[left[0]]
        order.append(left.pop(0))
        for _ in range(min(FOUR - 1, len(left))):
            rest = columns[left]
            # Fours that a column would add; the half of it that is shared counts for it.
            best = int(np.argmin(rest @ (1 - read) - rest.sum(axis=1) / 2))
            read = np.maximum(read, columns[left[best]])
            order.append(left.pop(best))
    return np.array(order)

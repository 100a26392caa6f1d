"""Operator -> its handler."""

from converters.to_c.kernel import INTERLEAVED, Handler, Kernel, Runs
from converters.to_c.operators import (
    conv2d,
    depthwise_conv2d,
    elements,
    fully_connected,
    pools,
    sensor_input,
    shapes,
)
from tinygmp.errors import UnsupportedError
from tinygmp.graph.kinds import kind_of
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.reshape import Reshape
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.operators.softmax import Softmax

HANDLERS: dict[type, Handler] = {
    SensorInput: sensor_input.sensor_input,
    PixelInput: elements.pixel_input,
    Conv2d: conv2d.conv2d,
    DepthwiseConv2d: depthwise_conv2d.depthwise_conv2d,
    FullyConnected: fully_connected.fully_connected,
    Add: elements.add,
    Softmax: elements.softmax,
    Concatenate: shapes.concatenate,
    Pad: shapes.pad,
    Reshape: shapes.reshape,
    MaxPool: pools.pool,
    AveragePool: pools.pool,
    GlobalAveragePool: pools.global_average_pool,
}


# What reads or writes maps whose channels lie apart; its handler takes the runs too.
OF_PLANES = (Conv2d, DepthwiseConv2d, MaxPool, AveragePool, GlobalAveragePool)


def kernels_of(model: PackedModel, node: Node, runs: Runs = INTERLEAVED) -> list[Kernel]:
    """Return the ways to run a node, the faster first; raises UnsupportedError where there is none."""
    handler = HANDLERS.get(type(node.operator))
    if handler is None:
        raise UnsupportedError(
            f"model '{model.name}', layer '{node.name}': no C kernel for '{kind_of(node.operator)}' outside of the "
            "chain of sensor input, one FastGRNN cell and one matrix"
        )
    return handler(model, node, runs) if isinstance(node.operator, OF_PLANES) else handler(model, node)

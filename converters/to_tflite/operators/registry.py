"""Operator -> the function that writes it."""

from collections.abc import Callable

from converters.to_tflite.operators import elements, linear, pools, shapes
from converters.to_tflite.writer import Writer
from tinygmp.errors import UnsupportedError
from tinygmp.graph.kinds import kind_of
from tinygmp.graph.model import Node
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

# Takes the writer, the node and the name of the tensor to write; returns its index.
Handler = Callable[[Writer, Node, str], int]

# What makes int8 of counts or pixels stays outside of the file, which takes what these write.
OUTSIDE: tuple[type, ...] = (SensorInput, PixelInput)
HANDLERS: dict[type, Handler] = {
    Conv2d: linear.convolution,
    DepthwiseConv2d: linear.convolution,
    FullyConnected: linear.fully_connected,
    Add: elements.add,
    Softmax: elements.softmax,
    Concatenate: shapes.concatenate,
    Pad: shapes.pad,
    Reshape: shapes.reshape,
    MaxPool: pools.pool,
    AveragePool: pools.pool,
    GlobalAveragePool: pools.global_average_pool,
}


def write(writer: Writer, node: Node, name: str) -> None:
    """Add a node; raises UnsupportedError for an operator that TFLite files do not hold outside of their chain."""
    handler = HANDLERS.get(type(node.operator))
    if handler is None:
        raise UnsupportedError(
            f"model '{writer.model.name}', layer '{node.name}': no TFLite form of '{kind_of(node.operator)}' outside "
            "of the chain of sensor input, one FastGRNN cell and one matrix"
        )
    writer.tensors[node.writes[0]] = handler(writer, node, name)

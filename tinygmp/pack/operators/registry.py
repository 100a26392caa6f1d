"""Float operator -> the function that packs it."""

from collections.abc import Callable

from tinygmp.errors import UnsupportedError
from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.average_pool import AveragePool
from tinygmp.floats.operators.concatenate import Concatenate
from tinygmp.floats.operators.conv2d import Conv2d
from tinygmp.floats.operators.depthwise_conv2d import DepthwiseConv2d
from tinygmp.floats.operators.fastgrnn import FastGrnn
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.gated_cell import Gru, Lstm
from tinygmp.floats.operators.global_average_pool import GlobalAveragePool
from tinygmp.floats.operators.max_pool import MaxPool
from tinygmp.floats.operators.pad import Pad
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.floats.operators.reshape import Reshape
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.operators.softmax import Softmax
from tinygmp.pack.assembly import Assembly
from tinygmp.pack.operators.add import pack_add
from tinygmp.pack.operators.average_pool import pack_average_pool
from tinygmp.pack.operators.concatenate import pack_concatenate
from tinygmp.pack.operators.conv2d import pack_conv2d
from tinygmp.pack.operators.depthwise_conv2d import pack_depthwise_conv2d
from tinygmp.pack.operators.fastgrnn import pack_fastgrnn
from tinygmp.pack.operators.fully_connected import pack_fully_connected
from tinygmp.pack.operators.gated_cell import pack_gated_cell
from tinygmp.pack.operators.global_average_pool import pack_global_average_pool
from tinygmp.pack.operators.max_pool import pack_max_pool
from tinygmp.pack.operators.pad import pack_pad
from tinygmp.pack.operators.pixel_input import pack_pixel_input
from tinygmp.pack.operators.reshape import pack_reshape
from tinygmp.pack.operators.sensor_input import pack_sensor_input
from tinygmp.pack.operators.softmax import pack_softmax

HANDLERS: dict[type, Callable[[Assembly, FloatNode], None]] = {
    Add: pack_add,
    AveragePool: pack_average_pool,
    Concatenate: pack_concatenate,
    Conv2d: pack_conv2d,
    DepthwiseConv2d: pack_depthwise_conv2d,
    FastGrnn: pack_fastgrnn,
    FullyConnected: pack_fully_connected,
    GlobalAveragePool: pack_global_average_pool,
    Gru: pack_gated_cell,
    Lstm: pack_gated_cell,
    MaxPool: pack_max_pool,
    Pad: pack_pad,
    PixelInput: pack_pixel_input,
    Reshape: pack_reshape,
    SensorScaling: pack_sensor_input,
    Softmax: pack_softmax,
}


def pack_node(assembly: Assembly, node: FloatNode) -> None:
    """Add a node's packed form; raises UnsupportedError for an operator without a handler."""
    handler = HANDLERS.get(type(node.operator))
    if handler is None:
        raise UnsupportedError(f"layer '{node.name}': {type(node.operator).__name__} has no packed form")
    handler(assembly, node)

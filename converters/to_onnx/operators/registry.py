"""Operator -> the function that writes it."""

from collections.abc import Callable

from converters.to_onnx.emitter import Emitter
from converters.to_onnx.operators import elements, inputs, linear, pools, shapes
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

# Takes the emitter, the node and the ONNX names of what it reads; returns the name of what it writes.
Handler = Callable[..., str]

HANDLERS: dict[type, Handler] = {
    SensorInput: inputs.sensor_input,
    PixelInput: inputs.pixel_input,
    Conv2d: linear.linear,
    DepthwiseConv2d: linear.linear,
    FullyConnected: linear.linear,
    Add: elements.add,
    Softmax: elements.softmax,
    Concatenate: shapes.concatenate,
    Pad: shapes.pad,
    Reshape: shapes.reshape,
    MaxPool: pools.max_pool,
    AveragePool: pools.average_pool,
    GlobalAveragePool: pools.global_average_pool,
}


def emit(emitter: Emitter, node: Node) -> None:
    """Append a node; raises UnsupportedError for an operator that ONNX files do not hold outside of their chain."""
    handler = HANDLERS.get(type(node.operator))
    if handler is None:
        raise UnsupportedError(
            f"model '{emitter.model.name}', layer '{node.name}': no ONNX form of '{kind_of(node.operator)}' outside of "
            "the chain of sensor input, one FastGRNN cell and one matrix"
        )
    written = handler(emitter, node, *(emitter.names[name] for name in node.reads))
    emitter.names[node.writes[0]] = written

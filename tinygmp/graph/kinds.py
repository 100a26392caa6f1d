"""Every operator by the name that files, messages and the coverage matrix use."""

from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.gated_cell import Gru, Lstm
from tinygmp.graph.operators.hidden_layer import HiddenLayer
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.reshape import Reshape
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.operators.softmax import Softmax

KINDS: dict[str, type[Operator]] = {
    "sensor_input": SensorInput,
    "pixel_input": PixelInput,
    "fastgrnn": FastGrnn,
    "gru": Gru,
    "lstm": Lstm,
    "hidden_layer": HiddenLayer,
    "conv2d": Conv2d,
    "depthwise_conv2d": DepthwiseConv2d,
    "fully_connected": FullyConnected,
    "add": Add,
    "concatenate": Concatenate,
    "max_pool": MaxPool,
    "average_pool": AveragePool,
    "global_average_pool": GlobalAveragePool,
    "pad": Pad,
    "reshape": Reshape,
    "softmax": Softmax,
}


def kind_of(operator: Operator) -> str:
    """Return the operator's name in KINDS."""
    return next(kind for kind, record in KINDS.items() if record is type(operator))

"""Operator -> the function that prepares it: weights decoded, ready to run on batches."""

from collections.abc import Callable
from typing import Any

from tinygmp.errors import UnsupportedError
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
from tinygmp.graph.reference import arithmetic, convolution, fastgrnn, gated_cell, inputs, pool, shapes
from tinygmp.graph.reference.execute import Execute, Values

Prepare = Callable[[Any, Values, Values], Execute]

REFERENCE: dict[type, Prepare] = {
    SensorInput: inputs.sensor_input,
    PixelInput: inputs.pixel_input,
    FastGrnn: fastgrnn.fastgrnn,
    Gru: gated_cell.gru,
    Lstm: gated_cell.lstm,
    HiddenLayer: gated_cell.hidden_layer,
    Conv2d: convolution.conv2d,
    DepthwiseConv2d: convolution.depthwise_conv2d,
    FullyConnected: convolution.fully_connected,
    Add: arithmetic.add,
    Softmax: arithmetic.softmax,
    Concatenate: shapes.concatenate,
    Pad: shapes.pad,
    Reshape: shapes.reshape,
    MaxPool: pool.max_pool,
    AveragePool: pool.average_pool,
    GlobalAveragePool: pool.global_average_pool,
}


def prepared(operator: Operator, reads: Values, writes: Values) -> Execute:
    """Return the operator as a function of arrays; raises UnsupportedError for one without a reference."""
    prepare = REFERENCE.get(type(operator))
    if prepare is None:
        raise UnsupportedError(f"operator '{type(operator).__name__}' has no reference function")
    return prepare(operator, reads, writes)

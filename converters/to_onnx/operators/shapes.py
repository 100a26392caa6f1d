"""What moves elements and changes none."""

import numpy as np

from converters.to_onnx.emitter import Emitter
from tinygmp.graph.model import Node
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.pad import Pad

AXES = {-1: 1, -2: 3, -3: 2}  # of a map, channels first


def concatenate(emitter: Emitter, node: Node, *parts: str) -> str:
    operator = node.operator
    assert isinstance(operator, Concatenate)
    return emitter.graph.op("Concat", *parts, axis=AXES[operator.axis])


def pad(emitter: Emitter, node: Node, x: str) -> str:
    operator, (read,) = node.operator, emitter.model.read_by(node)
    assert isinstance(operator, Pad)
    top, bottom, left, right = operator.padding
    graph = emitter.graph
    sides = graph.constant(f"{node.name}.sides", [0, 0, top, left, 0, 0, bottom, right], np.int64)
    border = graph.integer(read.zero_point) if emitter.exact else emitter.real(0.0)
    return graph.op("Pad", emitter.as_map(x, read), sides, border)


def reshape(emitter: Emitter, node: Node, x: str) -> str:
    return emitter.reshaped(x, emitter.model.read_by(node)[0], emitter.model.written_by(node)[0])

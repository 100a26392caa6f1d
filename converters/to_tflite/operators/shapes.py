"""What moves elements and changes none."""

import numpy as np

from converters.to_tflite.flatbuffer import schema
from converters.to_tflite.operators.padding import padded
from converters.to_tflite.writer import Writer
from tinygmp.graph.model import Node
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.limits import NO_LIMITS
from tinygmp.graph.operators.pad import Pad


def concatenate(writer: Writer, node: Node, name: str) -> int:
    operator, (written,) = node.operator, writer.model.written_by(node)
    assert isinstance(operator, Concatenate)
    options = schema.ConcatenationOptionsT()
    options.axis = 1 + len(written.shape) + operator.axis
    inputs = [writer.tensors[each] for each in node.reads]
    return writer.finish(
        "CONCATENATION", 2 if writer.quantised else 1, inputs, name, written, NO_LIMITS, options
    )


def pad(writer: Writer, node: Node, name: str) -> int:
    operator, (read,) = node.operator, writer.model.read_by(node)
    assert isinstance(operator, Pad)
    return padded(writer, writer.map_of(node.reads[0]), name, read, operator.padding)


def reshape(writer: Writer, node: Node, name: str) -> int:
    (written,) = writer.model.written_by(node)
    options = schema.ReshapeOptionsT()
    options.newShape = [1, *written.shape]
    shape = writer.graph.constant(f"{name}.shape", np.array([1, *written.shape], np.int32))
    return writer.graph.operator(
        "RESHAPE", 1, [writer.tensors[node.reads[0]], shape], writer.tensor(name, written), options
    )

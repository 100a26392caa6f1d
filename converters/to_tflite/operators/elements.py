"""Sums of two values, and softmax."""

from converters.to_tflite.flatbuffer import schema
from converters.to_tflite.writer import Writer
from tinygmp.graph.model import Node
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.limits import NO_LIMITS


def add(writer: Writer, node: Node, name: str) -> int:
    operator, (written,) = node.operator, writer.model.written_by(node)
    assert isinstance(operator, Add)
    options = schema.AddOptionsT()
    options.fusedActivationFunction = writer.fused(operator.limits, written)
    options.potScaleInt16 = False
    inputs = [writer.tensors[each] for each in node.reads]
    return writer.finish("ADD", 2 if writer.quantised else 1, inputs, name, written, operator.limits, options)


def softmax(writer: Writer, node: Node, name: str) -> int:
    (written,) = writer.model.written_by(node)
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    inputs = [writer.tensors[node.reads[0]]]
    return writer.finish("SOFTMAX", 2 if writer.quantised else 1, inputs, name, written, NO_LIMITS, options)

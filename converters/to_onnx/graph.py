"""A growing ONNX graph: nodes in order, and constants shared with the bodies of its loops."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8  # the version of opset 17, so that older runtimes load the file

Shape = tuple[str | int, ...]


class Graph:
    """Nodes and constants; `body()` starts a subgraph that reads this graph's constants by name."""

    def __init__(self, root: "Graph | None" = None, prefix: str = "") -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {} if root is None else root.initializers
        self.prefix = prefix

    def body(self, prefix: str) -> "Graph":
        return Graph(self, prefix)

    def constant(self, name: str, array: ArrayLike, dtype: type | None = None) -> str:
        """Store an array once under a name that says what it is; the same name must hold the same array."""
        tensor = numpy_helper.from_array(np.asarray(array, dtype), name)
        stored = self.initializers.setdefault(name, tensor)
        assert stored == tensor, f"constant '{name}' was stored with other contents"
        return name

    def integer(self, value: int) -> str:
        return self.constant(f"int64.{value}", value, np.int64)

    def op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Append a node with one output and return the output's name."""
        output = output or f"{self.prefix}{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=f"{output}.node", **attributes))
        return output

    def ops(self, kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        """Append a node with several outputs."""
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=f"{outputs[0]}.node", **attributes))

    def proto(self, name: str, inputs: Iterable, outputs: Iterable, own_constants: bool) -> onnx.GraphProto:
        initializers = list(self.initializers.values()) if own_constants else []
        return helper.make_graph(self.nodes, name, list(inputs), list(outputs), initializers)


def value(name: str, dtype: int, shape: Shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def serialise(graph: onnx.GraphProto, metadata: Mapping[str, str]) -> bytes:
    """Return the bytes of a checked model; the same graph gives the same bytes."""
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tinygmp",
    )
    helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def zeros_like_batch(graph: Graph, counts: str, width: int, dtype: int) -> str:
    """Append nodes that make zeros [batch, width] for counts [batch, ...]."""
    batch = graph.op("Shape", counts, start=0, end=1)
    shape = graph.op("Concat", batch, graph.constant(f"state.width.{width}", [width], np.int64), axis=0)
    return graph.op("ConstantOfShape", shape, value=helper.make_tensor("zero", dtype, [1], [0]))


__all__ = ["Graph", "TensorProto", "serialise", "value", "zeros_like_batch"]

"""One form of a graph under construction in ONNX: real numbers, runtime int8, or the reference's own integers.

Maps are [batch, channels, rows, columns], vectors [batch, channels]; the float and int8 forms hold real numbers in
float32, the exact form holds the reference's integers in int64.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from converters.to_onnx.graph import Graph, TensorProto
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.limits import Limits
from tinygmp.graph.values import Value

Form = Literal["float", "int8", "exact"]


@dataclass
class Emitter:
    """The graph so far, and the ONNX name of every value in it."""

    model: PackedModel
    form: Form
    graph: Graph = field(default_factory=Graph)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        return self.form == "exact"

    def settle(self, x: str, written: Value, limits: Limits | None = None) -> str:
        """Append the clamp of real numbers, and in the int8 form the rounding to the value's integers."""
        if limits is None or limits.name == "none":
            pass
        # Where the int8 range ends there anyway, quantising alone clips, and the runtime can fuse.
        elif self.form == "float" or limits.integers(written) != written.limits:
            x = self.clamp(x, limits)
        return self.rounded(x, written) if self.form == "int8" and written.dtype == "int8" else x

    def clamp(self, x: str, limits: Limits) -> str:
        if limits.name == "relu":
            return self.graph.op("Relu", x)
        low = self.real(limits.low) if np.isfinite(limits.low) else ""
        high = [self.real(limits.high)] if np.isfinite(limits.high) else []
        return self.graph.op("Clip", x, low, *high)

    def real(self, number: float) -> str:
        return self.graph.constant(f"float.{number!r}", number, np.float32)

    def rounded(self, x: str, value: Value) -> str:
        """Append QuantizeLinear and DequantizeLinear, which runtimes fuse with the operators around them."""
        scale = self.graph.constant(f"scale.{value.scale!r}", value.scale, np.float32)
        zero = self.graph.constant(f"zero.{value.zero_point}", value.zero_point, np.int8)
        return self.graph.op("DequantizeLinear", self.graph.op("QuantizeLinear", x, scale, zero), scale, zero)

    def clip(self, x: str, low: int, high: int) -> str:
        return self.graph.op("Clip", x, self.graph.integer(low), self.graph.integer(high))

    def to_last(self, x: str, value: Value) -> str:
        """Append what brings a map's channels to the end; a vector stays."""
        return self.graph.op("Transpose", x, perm=[0, 2, 3, 1]) if len(value.shape) == 3 else x

    def to_first(self, x: str, value: Value) -> str:
        """Append what brings channels of [batch, rows, columns, channels] to the front; a vector stays."""
        return self.graph.op("Transpose", x, perm=[0, 3, 1, 2]) if len(value.shape) == 3 else x

    def as_map(self, x: str, value: Value) -> str:
        """Append what makes a map of one position of a vector; a map stays."""
        if len(value.shape) == 3:
            return x
        return self.graph.op("Unsqueeze", x, self.graph.constant("axes.2.3", [2, 3], np.int64))

    def reshaped(self, x: str, before: Value, after: Value) -> str:
        """Append what gives a value another shape, its elements in the order of rows, columns, channels."""
        if before.shape == after.shape:
            return x
        if before.positions == 1 and len(after.shape) == 1:
            return self.graph.op("Flatten", x)
        shape = self.graph.constant(f"shape.{'x'.join(map(str, after.shape))}", [-1, *after.shape], np.int64)
        return self.to_first(self.graph.op("Reshape", self.to_last(x, before), shape), after)

    def cast(self, x: str, dtype: int) -> str:
        return self.graph.op("Cast", x, to=dtype)

    def input(self, name: str, given: str) -> str:
        """Append what makes a value of an input as the file takes it, channels last."""
        value = self.model.values[name]
        x = self.to_first(given, value)
        if value.dtype != "int8":
            return x  # raw counts or pixels, of which the next node makes numbers
        if self.exact:
            return self.cast(x, TensorProto.INT64)
        scale = self.graph.constant(f"scale.{value.scale!r}", value.scale, np.float32)
        zero = self.graph.constant(f"zero.{value.zero_point}", value.zero_point, np.int8)
        return self.graph.op("DequantizeLinear", x, scale, zero)

    def output(self, name: str, called: str) -> None:
        """Append what names an output's real numbers, channels last."""
        value = self.model.values[name]
        x = self.to_last(self.names[name], value)
        if self.exact:
            centred = self.graph.op("Sub", x, self.graph.integer(value.zero_point))
            scale = self.graph.constant(f"{name}.scale", value.scale, np.float32)
            self.graph.op("Mul", self.cast(centred, TensorProto.FLOAT), scale, output=called)
            return
        self.graph.op("Identity", x, output=called)

"""One form of a graph under construction in TFLite: int8 with the packed scales, or float32.

Tensors have a batch of one in front: [1, rows, columns, channels] or [1, channels].
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from converters.to_tflite.flatbuffer import Subgraph, schema
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.limits import Limits
from tinygmp.graph.values import Value

# 'micro' is int8 whose sparse weights TFLite Micro decodes at run time.
Form = Literal["int8", "f32", "f32_sparse", "micro"]
FUSED = ("none", "relu", "relu6", "relu_n1_to_1")  # clamps that TFLite's operators end with


@dataclass
class Writer:
    """The graph so far, and the tensor of every value in it."""

    model: PackedModel
    form: Form
    graph: Subgraph = field(default_factory=Subgraph)
    tensors: dict[str, int] = field(default_factory=dict)
    mirrored: bool = False  # maps hold the picture turned by half a turn

    @property
    def quantised(self) -> bool:
        return self.form in ("int8", "micro")

    def tensor(self, name: str, value: Value, shape: tuple[int, ...] | None = None) -> int:
        """Add a tensor with a value's meaning, computed at run time."""
        shape = (1, *(value.shape if shape is None else shape))
        if not self.quantised:
            return self.graph.tensor(name, shape, np.float32)
        tensor = self.graph.tensor(name, shape, np.int8, value.scale)
        self.graph.tensors[tensor].quantization.zeroPoint = np.array([value.zero_point], np.int64)
        return tensor

    def constant(self, name: str, number: float, value: Value) -> int:
        """Add one number with a value's meaning."""
        if not self.quantised:
            return self.graph.constant(name, np.array([number], np.float32))
        tensor = self.graph.constant(name, value.quantize(np.array([number])), value.scale)
        self.graph.tensors[tensor].quantization.zeroPoint = np.array([value.zero_point], np.int64)
        return tensor

    def fuses(self, limits: Limits, value: Value) -> bool:
        """Return whether an operator can end with a clamp itself, and every runtime at the reference's integers."""
        if limits.name == "none" or not self.quantised:
            return limits.name in FUSED
        return limits.name in FUSED and runtime_integers(limits, value) == {limits.integers(value)}

    def fused(self, limits: Limits, value: Value) -> int:
        """Return the clamp that an operator itself ends with."""
        name = limits.name if self.fuses(limits, value) else "none"
        return int(getattr(schema.ActivationFunctionType, name.upper()))

    def finish(
        self,
        kind: str,
        version: int,
        inputs: list[int],
        name: str,
        value: Value,
        limits: Limits,
        options: Any,
    ) -> int:
        """Add an operator that writes a value, and the clamp that it cannot end with itself."""
        other = not self.fuses(limits, value)
        if other and self.quantised and limits.integers(value) == value.limits:
            other = False  # the int8 range ends there
        written = self.tensor(f"{name}.open" if other else name, value)
        self.graph.operator(kind, version, inputs, written, options)
        if not other:
            return written
        for which, number in (("MAXIMUM", limits.low), ("MINIMUM", limits.high)):
            if not np.isfinite(number):
                continue
            last = which == "MINIMUM" or not np.isfinite(limits.high)
            clamped = self.tensor(name if last else f"{name}.low", value)
            bound = self.constant(f"{name}.{which.lower()}", number, value)
            options = schema.MaximumMinimumOptionsT()
            written = self.graph.operator(
                which, 2 if self.quantised else 1, [written, bound], clamped, options
            )
        return written

    def reshaped(self, tensor: int, name: str, value: Value, shape: tuple[int, ...]) -> int:
        """Return the tensor under another shape."""
        if list(self.graph.tensors[tensor].shape) == [1, *shape]:
            return tensor
        options = schema.ReshapeOptionsT()
        options.newShape = [1, *shape]
        wanted = self.graph.constant(f"{name}.shape", np.array([1, *shape], np.int32))
        return self.graph.operator("RESHAPE", 1, [tensor, wanted], self.tensor(name, value, shape), options)

    def map_of(self, name: str) -> int:
        """Return the tensor of a value as a map; a vector is a map of one position."""
        value = self.model.values[name]
        return self.reshaped(self.tensors[name], f"{name}.map", value, value.map_shape)


def runtime_integers(limits: Limits, value: Value) -> set[tuple[int, int]]:
    """Return the integers at which runtimes clamp: TFLite's kernels round halves away from zero, XNNPACK to even."""
    real = np.array([limits.low, limits.high], np.float32) / np.float32(value.scale)
    away = np.copysign(np.floor(np.abs(real) + 0.5), real) + value.zero_point
    even = np.rint(real + np.float32(value.zero_point))
    least, most = value.limits
    return {(int(low), int(high)) for low, high in (np.clip(each, least, most) for each in (away, even))}

"""Convolutions in two dimensions; one in one dimension is a map of one row."""

from dataclasses import dataclass, field

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.graph.operators.base import expect_array, expect_counts, expect_dtype, expect_shape
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.operators.window import Window
from tinygmp.graph.values import Value


@dataclass(frozen=True)
class Conv2d(Linear):
    """Over all input channels; weights [outputs, kernel rows * kernel columns * inputs] in that order.

    The map's border is filled with the input's zero point.
    """

    window: Window = field(default_factory=Window)

    @property
    def inputs(self) -> int:
        return self.weights.shape[1] // self.window.taps

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        if self.weights.shape[1] % self.window.taps:
            raise ConfigError(
                f"layer '{node}': {self.weights.shape[1]} weight columns are no multiple of the kernel's "
                f"{self.window.taps} positions"
            )
        if self.inputs != reads[0].channels:
            raise ConfigError(
                f"layer '{node}' takes {self.inputs} channels, '{reads[0].name}' has {reads[0].channels}"
            )
        check_map_output(self, node, reads[0], writes[0])


@dataclass(frozen=True)
class DepthwiseConv2d(Linear):
    """Of each channel by itself; weights [outputs, kernel rows * kernel columns].

    Output channel i * multiplier + j is the j-th filter of input channel i.
    """

    window: Window = field(default_factory=Window)
    multiplier: int = 1

    @property
    def inputs(self) -> int:
        return self.outputs // self.multiplier

    def check(self, node: str, reads: tuple[Value, ...], writes: tuple[Value, ...]) -> None:
        expect_counts(node, reads, writes, 1, 1)
        if self.weights.shape[1] != self.window.taps:
            raise ConfigError(
                f"layer '{node}': {self.weights.shape[1]} weight columns, its kernel has {self.window.taps} positions"
            )
        if self.multiplier < 1 or self.outputs != reads[0].channels * self.multiplier:
            raise ConfigError(
                f"layer '{node}': {self.outputs} outputs of {reads[0].channels} channels "
                f"with multiplier {self.multiplier}"
            )
        check_map_output(self, node, reads[0], writes[0])


def check_map_output(layer: Conv2d | DepthwiseConv2d, node: str, read: Value, written: Value) -> None:
    expect_array(node, "bias", layer.bias, np.int32, (layer.outputs,))
    expect_shape(node, written, layer.window.check(node, read, layer.outputs))
    expect_dtype(node, written, "int8")
    layer.check_sums(node, read, written)

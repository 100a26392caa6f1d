"""A convolution of each channel by itself."""

from dataclasses import dataclass, field

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Shapes, as_maps, clamped, expect_map, expect_reads
from tinygmp.floats.operators.conv2d import fitted
from tinygmp.floats.operators.linear import Linear
from tinygmp.graph.operators.window import Window
from tinygmp.graph.reference.convolution import patches


@dataclass(frozen=True)
class DepthwiseConv2d(Linear):
    """Weights [outputs, kernel rows * kernel columns]; output i * multiplier + j is the j-th of input channel i."""

    window: Window = field(default_factory=Window)
    multiplier: int = 1

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        rows, columns, channels = expect_map(node, reads[0])
        if self.weights.shape != (channels * self.multiplier, self.window.taps):
            raise ConfigError(
                f"layer '{node}': weights {self.weights.shape} for {channels} channels with multiplier "
                f"{self.multiplier}; expected {(channels * self.multiplier, self.window.taps)}"
            )
        return (fitted(node, self.window, rows, columns, self.outputs),)

    def run(self, *reads: np.ndarray) -> Arrays:
        return (clamped(self.limits, self.sums(reads[0])),)

    def sums(self, x: np.ndarray) -> np.ndarray:
        taps = patches(as_maps(x), self.window)
        kernel_rows, kernel_columns = self.window.kernel
        total: np.ndarray | int = 0
        for row in range(kernel_rows):
            for column in range(kernel_columns):
                seen = np.repeat(taps[:, :, :, row, column], self.multiplier, axis=-1)
                total = total + seen * self.weights[:, row * kernel_columns + column]
        return np.asarray(total) + self.bias

    def by_channel(self) -> np.ndarray:
        return self.weights.reshape(self.outputs, self.window.taps, 1)

"""A convolution over all input channels; one in one dimension is a map of one row."""

from dataclasses import dataclass, field

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.operators.base import Arrays, Shapes, as_maps, clamped, expect_map, expect_reads
from tinygmp.floats.operators.linear import Linear
from tinygmp.graph.operators.window import Window
from tinygmp.graph.reference.convolution import patches


@dataclass(frozen=True)
class Conv2d(Linear):
    """Weights [outputs, kernel rows * kernel columns * inputs] in that order; the border is zeros."""

    window: Window = field(default_factory=Window)

    @property
    def inputs(self) -> int:
        return self.weights.shape[1] // self.window.taps

    def written(self, node: str, reads: Shapes) -> Shapes:
        expect_reads(node, reads, 1)
        rows, columns, channels = expect_map(node, reads[0])
        if self.weights.shape[1] != channels * self.window.taps:
            raise ConfigError(
                f"layer '{node}': {self.weights.shape[1]} weight columns for {channels} channels under "
                f"{self.window.taps} kernel positions; expected {channels * self.window.taps}"
            )
        return (fitted(node, self.window, rows, columns, self.outputs),)

    def run(self, *reads: np.ndarray) -> Arrays:
        return (clamped(self.limits, self.sums(reads[0])),)

    def sums(self, x: np.ndarray) -> np.ndarray:
        taps = patches(as_maps(x), self.window)
        batch, rows, columns = taps.shape[:3]
        # One product an image, so that an answer hangs on no other image of the batch.
        products = taps.reshape(batch, rows * columns, -1) @ self.weights.T
        return products.reshape(batch, rows, columns, -1) + self.bias

    def by_channel(self) -> np.ndarray:
        return self.weights.reshape(self.outputs, self.window.taps, -1)


def fitted(node: str, window: Window, rows: int, columns: int, channels: int) -> tuple[int, int, int]:
    """Return the shape of the output; raises ConfigError for a kernel that is larger than the map."""
    rows_out, columns_out = window.output(rows, columns)
    if rows_out < 1 or columns_out < 1:
        raise ConfigError(
            f"layer '{node}': a kernel over {window.extent} positions does not fit a map of {rows} x {columns}; "
            "use a larger input"
        )
    return rows_out, columns_out, channels

"""MobileNet-V1 from arrays by layer: what files without a graph hold."""

from collections.abc import Callable, Mapping

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.graph.operators.limits import named_limits
from tinygmp.graph.operators.window import Window
from tinygmp.readers.builder import GraphBuilder
from tinygmp.readers.folding import Sides

STRIDE_2 = ("conv0", "dw2", "dw4", "dw6", "dw12")
BLOCK_COUNT = 13
NAMES = ("conv0", *(f"{kind}{i}" for i in range(1, BLOCK_COUNT + 1) for kind in ("dw", "pw")), "fc")
Folded = Mapping[str, tuple[np.ndarray, np.ndarray]]
Padding = Callable[[int, int, int], Sides]  # of map size, kernel and stride


def symmetric_padding(size: int, kernel: int, stride: int) -> Sides:
    """Return PyTorch's padding of half a kernel on every side."""
    return (kernel // 2,) * 4


def same_sides(size: int, kernel: int, stride: int) -> Sides:
    """Return TensorFlow's 'SAME' padding of a square map."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2, total // 2, total - total // 2


def mobilenet_v1(
    folded: Folded, size: int, padding: Padding, activation: str, source: str, pixels: PixelInput
) -> FloatGraph:
    """Return the graph of OIHW weights and biases, batch norm folded, by the names in NAMES, for images of `size`."""
    if size < 32 or size % 32:
        raise ConfigError(f"image size {size}: use a multiple of 32, from 32 up")
    limits, builder, rows = named_limits(activation), GraphBuilder(source), size
    builder.start("pixels", (size, size, folded[NAMES[0]][0].shape[1]), pixels)
    last = "pixels"
    for name in NAMES[:-1]:
        weights, bias = folded[name]
        kernel, stride = weights.shape[2], 2 if name in STRIDE_2 else 1
        window = Window((kernel, kernel), (stride, stride), padding=padding(rows, kernel, stride))
        groups = len(weights) if name.startswith("dw") else 1
        builder.convolve(name, last, name, weights, bias, window, groups=groups, name=name)
        builder.activate(name, name, name, limits.low, limits.high)
        last, rows = name, -(-rows // stride)
    builder.global_average("pool", last, "pool")
    builder.fully_connect("fc", "pool", "fc", *folded["fc"], name="fc")
    return builder.finish(["fc"])

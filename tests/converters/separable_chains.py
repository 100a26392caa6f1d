"""Random chains of 1x1 and depthwise convolutions, whose maps lie in planes: odd sizes, strides, borders, formats."""

import numpy as np

from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.conv2d import DepthwiseConv2d
from tinygmp.graph.operators.limits import named_limits
from tinygmp.graph.operators.window import Window
from tinygmp.graph.random_image_model import FEATURE_SCALE, FEATURE_ZERO, RandomChain
from tinygmp.quant.rounding_multiply import ROUNDINGS

STORED = (("dense", 1.0), ("bitmask", 0.3), ("rice", 0.15), ("csr8", 0.1), ("rice", 0.6))
MOST_CHANNELS = 40
ALTERNATING = 0.8  # how often a layer is of the other kind than the one before
LEAST_SIDE, MOST_SIDE = 5, 27


def separable_chain(seed: int) -> PackedModel:
    """Return a network of pixels: a stem, up to six layers of either kind in any order, a mean, two classes.

    Rows of odd seeds begin at words, so that a 1x1 convolution and a depthwise one may run together.
    """
    rng = np.random.default_rng(seed)
    side = int(rng.integers(LEAST_SIDE, MOST_SIDE + 1))
    side = (side + 7) // 8 * 8 if seed % 2 else side
    chain = RandomChain(seed, side, 1.0, "dense", ROUNDINGS[seed % len(ROUNDINGS)])
    chain.convolve("stem", int(rng.integers(1, 12)), 3, int(rng.integers(1, 3)))
    pointwise = bool(rng.integers(2))
    for number in range(int(rng.integers(2, 7))):
        chain.index_format, chain.kept = STORED[rng.integers(len(STORED))]
        if pointwise:
            chain.convolve(f"pw{number}", int(rng.integers(1, MOST_CHANNELS)), 1, 1)
        else:
            border_of(chain, rng, f"dw{number}")
        pointwise = not pointwise if rng.random() < ALTERNATING else pointwise
    return chain.finished(f"chain{seed}", ("no", "yes"))


def border_of(chain: RandomChain, rng: np.random.Generator, name: str) -> None:
    """Add a depthwise convolution 3 x 3 with a border of its own on each side, as wide as the map asks for."""
    rows, columns, channels = chain.after.map_shape
    stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    least = [max(0, 3 - size) for size in (rows, rows, columns, columns)]
    padding = tuple(int(rng.integers(min(2, low), 3)) for low in least)
    window = Window((3, 3), stride, padding=padding)
    fields = chain.weights(name, channels, 9, rng.random() < 0.2, FEATURE_SCALE)
    operator = DepthwiseConv2d(**fields, limits=named_limits("relu6"), rounding=chain.rounding, window=window)
    chain.write(name, operator, (*window.output(rows, columns), channels), FEATURE_SCALE, FEATURE_ZERO)

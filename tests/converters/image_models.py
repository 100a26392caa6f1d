"""Image networks that several converters are tested on, and pictures for them."""

from dataclasses import replace

import numpy as np

from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_image_model import random_image_model

EVEN = (20, 4, ((6, 1), (8, 2), (16, 1)))
# Sizes that no vector width divides, an odd number of positions, a map that shrinks in channels.
ODD = (17, 5, ((7, 2), (13, 1), (5, 1), (70, 2)))
SHAPES = {"even": EVEN, "odd": ODD}
# Index format -> the share of weights that it is tried with.
FORMATS = {"dense": 1.0, "bitmask": 0.3, "rice": 0.25, "csr8": 0.3, "csr16": 0.2}


def model_of(
    shape: tuple, index_format: str = "dense", kept: float = 1.0, seed: int = 5, rounding: str = "fp32"
) -> PackedModel:
    """Return a network of three classes."""
    return random_image_model(seed, *shape, 3, kept, index_format, rounding)


def images(size: int, count: int, seed: int = 0) -> np.ndarray:
    """Return coarse random patterns, so that networks answer differently."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 4, 4, 3))
    fine = np.repeat(np.repeat(coarse, -(-size // 4), 1), -(-size // 4), 2)[:, :size, :size]
    return np.clip(fine + rng.integers(-40, 40, fine.shape), 0, 255).astype(np.uint8)


def with_meaning(model: PackedModel, value: str, scale: float, zero_point: int) -> PackedModel:
    """Return the model with another meaning of the integers of one value."""
    changed = replace(model.values[value], scale=scale, zero_point=zero_point)
    return replace(model, values={**model.values, value: changed})


def integers(model: PackedModel, logits: np.ndarray) -> np.ndarray:
    """Return real logits in units of the model's first output, rounded."""
    return np.rint(logits / model.output.scale + model.output.zero_point)

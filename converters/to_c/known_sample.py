"""A sample that a few lines of C can make too, and the checksum of what the reference answers to it."""

import numpy as np

from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run
from tinygmp.graph.values import Value

STEP = 2654435769  # 2**32 divided by the golden ratio: its multiples fill a range evenly
CHECKSUM_START, CHECKSUM_FACTOR = 2166136261, 16777619  # FNV-1a, on 32-bit words
BITS = {
    "uint8": (8, 0),
    "int8": (8, -128),
    "int16": (14, -8192),
    "int32": (14, -8192),
}  # taken from a word, added


def known_inputs(model: PackedModel) -> list[np.ndarray]:
    """Return one sample: multiples of STEP, counted on from input to input, the upper bits of each."""
    sizes = [model.values[name].size for name in model.inputs]
    words = np.arange(1, sum(sizes) + 1, dtype=np.uint64) * STEP % 2**32
    parts = np.split(words.astype(np.int64), np.cumsum(sizes)[:-1])
    return [shaped(model.values[name], part) for name, part in zip(model.inputs, parts, strict=True)]


def shaped(value: Value, words: np.ndarray) -> np.ndarray:
    bits, added = BITS[value.dtype]
    return ((words >> (32 - bits)) + added).astype(value.dtype).reshape(1, *value.shape)


def known_checksum(model: PackedModel) -> int:
    """Return the checksum of the reference's outputs for the known sample, 32 bits."""
    answer = run(model, *known_inputs(model))
    found = CHECKSUM_START
    for name in model.outputs:
        for word in answer.outputs[name].ravel().astype(np.int64).tolist():
            found = (found ^ word % 2**32) * CHECKSUM_FACTOR % 2**32
    return found

"""One door for networks from anywhere: the reader follows from the file's name."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.linear import Linear
from tinygmp.readers.pixel_meaning import HALF

SUFFIXES = {
    ".npz": "MobileNet-V1 arrays",
    ".h5": "Keras",
    ".keras": "Keras",
    ".tflite": "float TFLite",
    ".onnx": "ONNX",
    ".safetensors": "PyTorch",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
}
PIXELS = {(0.5, 0.5): "minus_one_to_one", (0.0, 1.0): "zero_to_one"}


def load_graph(
    path: Path, size: int | None = None, mean: Sequence[float] = HALF, std: Sequence[float] = HALF
) -> FloatGraph:
    """Return the float graph of a file: .npz, .h5, .keras, .tflite, .onnx, .safetensors, .pt or .pth.

    size: rows and columns of an image, for .npz and PyTorch files, which do not tell; others are held against it. mean,
    std: by channel, what training subtracted from pixels in 0..1 and divided by; 0.5 and 0.5 mean -1..1, 0 and 1 mean
    0..1. Raises DataError, UnsupportedError or ConfigError that name the file and what is missing.
    """
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise ConfigError(f"'{path}' has no ending of image weights; known: {', '.join(SUFFIXES)}")
    check_normalisation(path, mean, std)
    graph = read(path, kind, size, mean, std)
    check_weights(path, graph, len(mean))
    rows, columns = map_sides(graph)
    if size is not None and (rows, columns) != (size, size):
        raise DataError(f"'{path}' takes images of {rows} x {columns}, not {size}; give size {rows}")
    return graph


def map_sides(graph: FloatGraph) -> tuple[int, int]:
    """Return rows and columns of the first input, one of each for a vector."""
    shape = next(iter(graph.inputs.values()))
    return (shape[0], shape[1]) if len(shape) == 3 else (1, 1)


def check_normalisation(path: Path, mean: Sequence[float], std: Sequence[float]) -> None:
    """Raise ConfigError unless mean and std are one finite pair a channel, std above 0."""
    if len(mean) != len(std) or not all(map(math.isfinite, (*mean, *std))) or min(std, default=0) <= 0:
        raise ConfigError(
            f"'{path}': mean {tuple(mean)} and std {tuple(std)}; give one of each a channel, or one for all, std "
            "above 0"
        )


def check_weights(path: Path, graph: FloatGraph, normalised: int) -> None:
    """Raise DataError for weights that are no numbers, ConfigError for a normalisation of other channels."""
    for node in graph.nodes:
        layer = node.operator
        if not isinstance(layer, Linear):
            continue
        wrong = int((~np.isfinite(layer.weights)).sum() + (~np.isfinite(layer.bias)).sum())
        if wrong:
            raise DataError(
                f"'{path}', layer '{node.name}': {wrong:,} weights or biases are not finite; train again, or fetch "
                "the file again"
            )
    channels = next(iter(graph.inputs.values()))[-1]
    if normalised not in (channels, len(HALF)):
        raise ConfigError(
            f"'{path}' takes {channels} channels, mean and std were given for {normalised}; give {channels}, or one "
            "for all"
        )


def read(path: Path, kind: str, size: int | None, mean: Sequence[float], std: Sequence[float]) -> FloatGraph:
    if kind == "ONNX":
        from tinygmp.readers.onnx import load_onnx

        return load_onnx(path, mean, std)
    if kind in ("PyTorch", "MobileNet-V1 arrays") and size is None:
        raise ConfigError(f"'{path}' does not tell the size of its images; give it, 224 or 128 for example")
    if kind == "PyTorch":
        from tinygmp.readers.torch_state import load_torch

        return load_torch(path, size or 0, mean, std)
    pixels = PIXELS.get((mean[0], std[0])) if len({*mean}) == len({*std}) == 1 else None
    if pixels is None:
        raise ConfigError(
            f"'{path}': mean {tuple(mean)} and std {tuple(std)}; a {kind} file is read with 0.5 and 0.5, or 0 and 1"
        )
    if kind == "MobileNet-V1 arrays":
        from tinygmp.readers.npz import load_npz

        return load_npz(path, size or 0, pixels)
    if kind == "Keras":
        from tinygmp.readers.keras_h5 import load_keras

        return load_keras(path, pixels)
    from tinygmp.readers.tflite import load_tflite

    return load_tflite(path, pixels)

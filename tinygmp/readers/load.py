"""One door for networks from anywhere: the reader follows from what the file holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.errors import ConfigError, DataError, TinyGmpError
from tinygmp.file_kind import IN_WORDS, NETWORKS, Kind, holds_program, kind_of_path
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.linear import Linear
from tinygmp.foreign import reads
from tinygmp.readers.pixel_meaning import HALF, with_normalisation

# What training fed, by mean and deviation of pixels in 0..1, as two readers take it without a layer of their own.
PIXELS = {(0.5, 0.5): "minus_one_to_one", (0.0, 1.0): "zero_to_one"}
CHANNELS_FIRST: tuple[Kind, ...] = ("onnx", "torch", "safetensors")


@dataclass(frozen=True)
class Meaning:
    """What the file does not tell.

    size: rows and columns of an image where needed. mean, std: by channel, what training subtracted from pixels in 0..1
    and divided by. reals: maps are plain reals, no pixels.
    """

    size: int | None = None
    mean: tuple[float, ...] = HALF
    std: tuple[float, ...] = HALF
    reals: bool = False


USUAL = Meaning()


@reads("a network", "save or export it again")
def load_graph(path: Path, meaning: Meaning = USUAL) -> FloatGraph:
    """Return the float graph of a Keras, float TFLite, ONNX, PyTorch, safetensors, .npz or EdgeML file or folder.

    Raises DataError, UnsupportedError or ConfigError that name the file and what is missing.
    """
    kind = kind_of_path(path)
    if kind not in NETWORKS:
        known = ", ".join(IN_WORDS[each] for each in NETWORKS)
        raise ConfigError(f"'{path}' is {IN_WORDS[kind]}, no network in floats; give {known}")
    check_normalisation(path, meaning.mean, meaning.std)
    try:
        graph = read(path, kind, meaning)
    except TinyGmpError:
        raise
    except Exception as error:  # libraries that parse damaged files raise what they like
        raise DataError(
            f"'{path}' is a damaged file, or {IN_WORDS[kind]} of another make ({error!r}); save or export it again"
        ) from error
    check_weights(path, graph, len(meaning.mean))
    size, sides = meaning.size, map_sides(graph)
    if size is not None and sides != (size, size):
        raise DataError(f"'{path}' takes images of {sides[0]} x {sides[1]}, not {size}; give size {sides[0]}")
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


def read(path: Path, kind: Kind, meaning: Meaning) -> FloatGraph:
    mean, std, size = meaning.mean, meaning.std, meaning.size
    normalisation = (None, None) if meaning.reals else (mean, std)
    if kind == "edgeml":
        from tinygmp.readers.edgeml import load_edgeml

        return load_edgeml(path)
    if kind == "onnx":
        from tinygmp.readers.onnx import load_onnx

        return load_onnx(path, *normalisation)
    if kind == "torch" and is_exported(path):
        from tinygmp.readers.torch_export import load_exported

        return load_exported(path, *normalisation)
    if kind in ("torch", "safetensors", "arrays") and size is None:
        raise ConfigError(f"'{path}' does not tell the size of its images; give it, 224 or 128 for example")
    if kind in ("torch", "safetensors"):
        from tinygmp.readers.torch_state import load_torch

        return load_torch(path, size or 0, mean, std)
    pixels = PIXELS.get((mean[0], std[0])) if len({*mean}) == len({*std}) == 1 else None
    graph = read_pixels(path, kind, size, None if meaning.reals else pixels or "minus_one_to_one")
    return graph if pixels or meaning.reals else with_normalisation(graph, mean, std)


def read_pixels(path: Path, kind: Kind, size: int | None, pixels: str | None) -> FloatGraph:
    if kind == "arrays":
        from tinygmp.readers.npz import load_npz

        return load_npz(path, size or 0, pixels or "minus_one_to_one")
    if kind == "keras":
        from tinygmp.readers.keras_h5 import load_keras

        return load_keras(path, pixels)
    from tinygmp.readers.tflite import load_tflite

    return load_tflite(path, pixels)


def is_exported(path: Path) -> bool:
    """Return whether a PyTorch file is a program of torch.export (.pt2), which tells the network by itself."""
    import zipfile

    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return holds_program(archive.namelist())

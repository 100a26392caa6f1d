"""Samples for any packed model: windows of a sensor, pictures, or arrays by the names of its inputs."""

from pathlib import Path

import numpy as np

from tinygmp.data.images import RANDOM, RANDOM_IMAGES, Choice, load_images, takes_image
from tinygmp.data.samples import Samples, arrays_of, own_samples
from tinygmp.data.windows import load_windows, takes_windows
from tinygmp.errors import DataError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_graph import random_inputs
from tinygmp.progress import OnStep, silent


def load_samples(
    model: PackedModel, source: str | None = None, choice: Choice | None = None, on_step: OnStep = silent
) -> Samples:
    """Return samples for a model, from what its first operator takes.

    source: of models of sensor windows see tinygmp.data.windows, of one picture tinygmp.data.images; of any other an
    .npz file with an array of each input's name and perhaps 'labels', or 'random', which None means too. Raises
    DataError or ConfigError.
    """
    if takes_windows(model):
        found = load_windows(model, source, on_step)
        return found.spread(choice.limit) if choice else found
    if takes_image(model):
        return load_images(model, source, choice, on_step)
    limit = choice.limit if choice else None
    if source is None or source == RANDOM:
        return random_samples(model, limit or RANDOM_IMAGES)
    arrays = arrays_of(Path(source))
    if missing := [name for name in model.inputs if name not in arrays]:
        raise DataError(
            f"'{source}' holds {sorted(arrays)}; it needs an array '{missing[0]}' of the model's input"
        )
    inputs = [arrays[name] for name in model.inputs]
    return own_samples(model, Path(source), inputs, arrays.get("labels")).spread(limit)


def random_samples(model: PackedModel, count: int, seed: int = 0) -> Samples:
    """Return integers that use the whole range of every input."""
    return Samples(
        "random integers", False, tuple(np.asarray(each) for each in random_inputs(model, count, seed))
    )

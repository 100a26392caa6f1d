"""Published image weights and some pictures of one's own to a packed network, pruned or not, without a training set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.models.image_weights import HALF, load_image_weights
from tinygmp.models.mobilenet_v1_weights import MobileNetWeights
from tinygmp.pack.mobilenet_v1 import pack_with_images
from tinygmp.packed.image_model import PackedImageModel
from tinygmp.prune.data_poor import prune_with_images
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.workflows.image_data import PICTURES, open_picture, spread_over, squared
from tinygmp.workflows.progress import OnStep, silent

MOST_PICTURES = 256
CALIBRATION = 64
NAMED = 5


@dataclass(frozen=True)
class Meaning:
    """What the file does not tell: rows and columns of an image where needed, and what pixels in 0..1 became."""

    size: int | None = None
    mean: tuple[float, ...] = HALF
    std: tuple[float, ...] = HALF


def pack_images(
    weights: Path,
    pictures: Path,
    meaning: Meaning | None = None,
    sparsity: float = 0.0,
    labels: Sequence[str] | None = None,
    rounding: str = "fp32",
    on_step: OnStep = silent,
    skip_corrupt: bool = False,
) -> PackedImageModel:
    """Return the packed network of a weights file.

    pictures: a folder, its subfolders included, of at least 16 pictures like those that the network will see; up to 256
    calibrate the ranges and, with a sparsity above 0, rank the weights and fit the survivors to the dense network
    (tinygmp.prune.data_poor). labels: class names, numbers where None. rounding: as for pack_with_images. Raises
    ConfigError or DataError, which names corrupt pictures.
    """
    meaning = meaning or Meaning()
    if rounding not in ROUNDINGS:
        raise ConfigError(f"rounding '{rounding}' is unknown; known: {', '.join(ROUNDINGS)}")
    on_step("reading weights", 0, 4)
    read = load_image_weights(weights, meaning.size, meaning.mean, meaning.std)
    classes = len(read.layers[-1].weights)
    names = tuple(str(number) for number in range(classes)) if labels is None else tuple(labels)
    if len(names) != classes:
        raise ConfigError(
            f"'{weights}' tells {classes} classes, {len(names)} labels were given; give {classes}"
        )
    on_step("reading pictures", 1, 4)
    pixels = read_pictures(pictures, read, skip_corrupt)
    pruned = read
    if sparsity:
        on_step(f"pruning to {sparsity:.0%}", 2, 4)
        pruned = prune_with_images(
            read, sparsity, pixels, on_layer=lambda name, done, total: on_step(f"fitting {name}", done, total)
        )
    on_step("packing", 3, 4)
    some = pixels[spread_over(len(pixels), CALIBRATION)]
    provenance = {
        "weights": weights.name, "pictures": str(len(pixels)), "sparsity": f"{sparsity:g}", "synthetic": "no",
        "mean": " ".join(f"{part:g}" for part in meaning.mean), "std": " ".join(f"{part:g}" for part in meaning.std),
    }  # fmt: skip
    model = pack_with_images(pruned, some, identifier(weights.stem), names, provenance, rounding=rounding)
    on_step("packed", 4, 4)
    return model


def read_pictures(folder: Path, weights: MobileNetWeights, skip_corrupt: bool = False) -> np.ndarray:
    """Return uint8 pixels of up to 256 pictures spread over a folder; grey ones get equal channels."""
    files = (
        sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
        if folder.is_dir()
        else []
    )
    if not files:
        raise DataError(f"no pictures in '{folder}'; give a folder of some hundred, {', '.join(PICTURES)}")
    channels = weights.layers[0].weights.shape[1] // weights.layers[0].kernel ** 2
    found, corrupt = [], []
    for index in spread_over(len(files), MOST_PICTURES):
        try:
            found.append(squared(open_picture(files[index], channels), weights.size, 1.0))
        except DataError as error:
            corrupt.append(str(error))
    if corrupt and not (skip_corrupt and found):
        more = f"; and {len(corrupt) - NAMED} more" if len(corrupt) > NAMED else ""
        raise DataError(
            f"{len(corrupt)} of {len(corrupt) + len(found)} pictures read in '{folder}' are corrupt: "
            f"{'; '.join(corrupt[:NAMED])}{more}; remove them, or skip them with --skip-corrupt"
        )
    return np.stack(found).reshape(len(found), weights.size, weights.size, channels)


def identifier(text: str) -> str:
    """Return a name that C takes, in small letters."""
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text.lower())
    return name if name[:1].isalpha() else f"net_{name}"

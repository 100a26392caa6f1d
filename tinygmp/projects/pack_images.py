"""Published image weights and some pictures of one's own to a packed network, pruned or not, without a training set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.data.images import PICTURES, cut_out, open_picture
from tinygmp.data.samples import spread_over
from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.model import PackedModel
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.pack.settings import PackSettings
from tinygmp.progress import OnStep, silent
from tinygmp.prune.data_poor import prune_with_images
from tinygmp.readers.load import load_graph
from tinygmp.readers.pixel_meaning import HALF

MOST_PICTURES = 256
CALIBRATION = 64
NAMED = 5


@dataclass(frozen=True)
class Meaning:
    """What the file does not tell: rows and columns of an image where needed, and what pixels in 0..1 became."""

    size: int | None = None
    mean: tuple[float, ...] = HALF
    std: tuple[float, ...] = HALF


def meaning_of(size: int | None, mean: Sequence[float], std: Sequence[float]) -> Meaning:
    """Return the meaning with mean and std for as many channels as the longer one; one number holds for all.

    Three channels are meant where both are one number.
    """
    channels = max(len(mean), len(std))
    channels = 3 if channels == 1 else channels
    return Meaning(size, *(tuple(part) * channels if len(part) == 1 else tuple(part) for part in (mean, std)))


def read_labels(path: Path) -> tuple[str, ...]:
    """Return class names, one a line of a text file; raises DataError."""
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read as class names, one a line: {error}") from error


def pack_images(
    weights: Path,
    pictures: Path,
    meaning: Meaning | None = None,
    sparsity: float = 0.0,
    labels: Sequence[str] | None = None,
    rounding: str = "fp32",
    on_step: OnStep = silent,
    skip_corrupt: bool = False,
) -> PackedModel:
    """Return the packed network of a weights file.

    pictures: a folder, its subfolders included, of at least 16 pictures like those that the network will see; up to 256
    calibrate the ranges and, with a sparsity above 0, rank the weights and fit the survivors to the dense network
    (tinygmp.prune.data_poor). labels: class names, numbers where None. rounding: as for PackSettings. Raises
    ConfigError or DataError, which names corrupt pictures.
    """
    meaning = meaning or Meaning()
    settings = PackSettings(rounding=rounding)
    on_step("reading weights", 0, 4)
    read = load_graph(weights, meaning.size, meaning.mean, meaning.std)
    classes = math.prod(read.output_shape)
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
    model = pack(pruned, some, PackIdentity(identifier(weights.stem), names, provenance), settings)
    on_step("packed", 4, 4)
    return model


def read_pictures(folder: Path, graph: FloatGraph, skip_corrupt: bool = False) -> np.ndarray:
    """Return uint8 pixels of up to 256 pictures spread over a folder; grey ones get equal channels."""
    files = (
        sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
        if folder.is_dir()
        else []
    )
    if not files:
        raise DataError(f"no pictures in '{folder}'; give a folder of some hundred, {', '.join(PICTURES)}")
    rows, columns, channels = picture_shape(graph)
    found, corrupt = [], []
    for index in spread_over(len(files), MOST_PICTURES):
        try:
            found.append(cut_out(open_picture(files[index], channels), rows, columns, 1.0))
        except DataError as error:
            corrupt.append(str(error))
    if corrupt and not (skip_corrupt and found):
        more = f"; and {len(corrupt) - NAMED} more" if len(corrupt) > NAMED else ""
        raise DataError(
            f"{len(corrupt)} of {len(corrupt) + len(found)} pictures read in '{folder}' are corrupt: "
            f"{'; '.join(corrupt[:NAMED])}{more}; remove them, or skip them with --skip-corrupt"
        )
    return np.stack(found).reshape(len(found), rows, columns, channels)


def picture_shape(graph: FloatGraph) -> tuple[int, int, int]:
    """Return rows, columns and channels; raises ConfigError for a network that takes no square pictures."""
    shape = next(iter(graph.inputs.values()))
    if len(graph.inputs) != 1 or len(shape) != 3 or shape[0] != shape[1] or shape[2] not in (1, 3):
        raise ConfigError(
            f"'{graph.source}' takes {dict(graph.inputs)}, no square pictures; use tinygmp.pack.packer.pack"
        )
    return shape[0], shape[1], shape[2]


def identifier(text: str) -> str:
    """Return a name that C takes, in small letters."""
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text.lower())
    return name if name[:1].isalpha() else f"net_{name}"

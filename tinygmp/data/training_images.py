"""Labelled images to train on: class folders, CIFAR-10's python batches, or an array file. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.data.images import PICTURES, pictures, test_part
from tinygmp.data.labelled_pixels import LabelledPixels, Parts, held_out
from tinygmp.data.picture_arrays import from_arrays
from tinygmp.data.picture_cache import PictureCache, fits_in_memory, hashes_of
from tinygmp.data.picture_files import PictureFiles
from tinygmp.data.pixel_file import only
from tinygmp.errors import ConfigError, DataError
from tinygmp.progress import OnStep, silent
from tinygmp.recipes.images import open_cifar10

CIFAR_LABELS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
NAMED_FILES = 5  # corrupt files that a message names
LEAST_TRAINING = 10
CACHE = Path("runs/image_cache")


@dataclass(frozen=True)
class TrainingImages:
    """Training, held-out and test images of one size, class names, and files that could not be decoded.

    Choices are made on held-out images only; test images are scored once. repeated: test images that are equal to a
    training or held-out one, to the pixel.
    """

    name: str
    train: LabelledPixels
    held_out: LabelledPixels
    test: LabelledPixels
    classes: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    repeated: int = 0


@dataclass(frozen=True)
class Reading:
    """How pictures become images: rows and columns, whether corrupt ones are left out, threads, mirrored or not.

    crop_scale: None to move training images by a few pixels, or the least share of a picture's area that a random crop
    of it keeps; pictures are stored at 8/7 of the size then.
    """

    size: int = 32
    skip_corrupt: bool = False
    workers: int = 1
    mirror: bool = True
    crop_scale: float | None = None

    def __post_init__(self) -> None:
        if self.size < 8 or self.workers < 1:
            raise ConfigError(
                f"images of {self.size} x {self.size} by {self.workers} workers: at least 8 pixels and 1 worker"
            )
        if self.crop_scale is not None and not 0 < self.crop_scale <= 1:
            raise ConfigError(
                f"crop scale {self.crop_scale} is outside (0, 1]; 0.5 keeps half of the area at least"
            )

    @property
    def stored_size(self) -> int:
        """Rows and columns of training pictures as they are stored."""
        return self.size if self.crop_scale is None else round(self.size * 8 / 7)


def open_training_images(
    source: Path,
    reading: Reading,
    classes: int | None = None,
    cache: Path = CACHE,
    on_step: OnStep = silent,
) -> TrainingImages:
    """Return the images of a source; a tenth of the training ones, of every class alike, is held out.

    source: a folder with cifar-10-batches-py, or with train/<class>/ and test/<class>/ (or val/<class>/), or an .npz
    file with pixels, labels, test_pixels, test_labels (uint8 [images, size, size, 3]; class numbers). classes: how many
    there must be. cache: folder for decoded images of a set above 256 MiB, which a second call finds there;
    only those wanted are in memory. Grey pictures get three equal channels.
    Raises DataError, which names and counts corrupt pictures unless they are to be skipped, or when the disk is full.
    """
    decoded = PictureCache(cache, reading.workers, on_step)
    if source.suffix == ".npz":
        parts = from_arrays(source, reading.size, decoded)
    elif (source / "cifar-10-batches-py").is_dir():
        parts = from_cifar10(source, reading.size)
    else:
        parts = from_folders(source, reading, decoded)
    if classes is not None and classes != len(parts.classes):
        raise DataError(
            f"'{source}' holds {len(parts.classes)} classes, {classes} were asked for; use {len(parts.classes)}"
        )
    if len(parts.pixels) < LEAST_TRAINING or not len(parts.test_pixels):
        raise DataError(
            f"'{source}': {len(parts.pixels)} training and {len(parts.test_pixels)} test images; "
            f"{LEAST_TRAINING} and 1 are least"
        )
    return held_apart(parts, reading)


def held_apart(parts: Parts, reading: Reading) -> TrainingImages:
    """Return the parts with every tenth training image of a fixed order, class by class, held out."""
    held = held_out(parts.labels)
    hashes = hashes_of(parts.pixels) if parts.hashes is None else parts.hashes
    test_hashes = hashes_of(parts.test_pixels) if parts.test_hashes is None else parts.test_hashes
    crop, size = reading.crop_scale, None if reading.crop_scale is None else reading.size
    held_pixels = only(parts.pixels, held) if parts.held_pixels is None else parts.held_pixels
    return TrainingImages(
        parts.name,
        LabelledPixels(only(parts.pixels, ~held), parts.labels[~held], True, reading.mirror, crop, size),
        LabelledPixels(held_pixels, parts.labels[held]),
        LabelledPixels(parts.test_pixels, parts.test_labels),
        parts.classes,
        parts.skipped,
        int(np.isin(test_hashes, hashes).sum()),
    )


def from_cifar10(source: Path, size: int) -> Parts:
    if size != 32:
        raise ConfigError(f"'{source}' holds CIFAR-10 of 32 x 32 pixels, not {size}; use size 32")
    train, test = open_cifar10(source, train=True), open_cifar10(source, train=False)
    return Parts("CIFAR-10", train.pixels, train.labels, test.pixels, test.labels, CIFAR_LABELS)


def from_folders(source: Path, reading: Reading, cache: PictureCache) -> Parts:
    """Return training and test images of class folders, resized from their largest centred squares."""
    test_folder = test_part(source)
    files, labels, classes = listed(source / "train")
    test_files, test_labels, test_classes = listed(test_folder)
    if classes != test_classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise DataError(
            f"'{test_folder}' has other classes than '{source / 'train'}', {len(odd)} in one of them only: "
            f"{shortened(odd)}; give both the same class folders"
        )
    wanted = (
        PictureFiles("train", source, files, reading.stored_size, reading.size),
        PictureFiles("test", source, test_files, reading.size, reading.size),
    )
    small = fits_in_memory(wanted)
    later = 0 if reading.crop_scale is None else len(files) // 10 * reading.size**2 * 3
    train, test = cache.all(wanted, small, later)
    skipped = (
        *(f"{files[at]} ({why})" for at, why in train.bad.items()),
        *(f"{test_files[at]} ({why})" for at, why in test.bad.items()),
    )
    if skipped and not reading.skip_corrupt:
        raise DataError(
            f"{len(skipped)} of {len(files) + len(test_files)} pictures cannot be decoded: {shortened(skipped)}; "
            "remove them, or skip them with --skip-corrupt"
        )
    labels, test_labels = np.delete(labels, list(train.bad)), np.delete(test_labels, list(test.bad))
    gone = [name for number, name in enumerate(classes) if number not in labels]
    if gone:
        raise DataError(f"'{source / 'train'}': no picture of {shortened(gone)} can be decoded; replace some")
    held = None
    if reading.crop_scale is not None:
        good = np.delete(np.arange(len(files)), list(train.bad))[held_out(labels)]
        scored = PictureFiles("held-out", source, [files[at] for at in good], reading.size, reading.size)
        held = cache.all([scored], small)[0].pixels
    return Parts(
        source.name,
        train.pixels,
        labels,
        test.pixels,
        test_labels,
        classes,
        skipped,
        held,
        train.hashes,
        test.hashes,
    )


def listed(folder: Path) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """Return files, labels and class names of folder/<class>/<picture>, sorted; names with a dot first are no class."""
    names = []
    if folder.is_dir():
        names = sorted(one.name for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    found = [[str(file) for file in pictures(folder / name)] for name in names]
    if not names or not any(found):
        raise DataError(
            f"no pictures in '{folder}'; expected {folder}/<class>/<picture>, one of {', '.join(PICTURES)}"
        )
    empty = [name for name, files in zip(names, found, strict=True) if not files]
    if empty:
        raise DataError(
            f"no pictures in {len(empty)} of {len(names)} class folders of '{folder}': {shortened(empty)}; "
            "fill or remove them"
        )
    labels = np.repeat(np.arange(len(names), dtype=np.int64), [len(files) for files in found])
    return [file for files in found for file in files], labels, tuple(names)


def shortened(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_FILES} more" if len(names) > NAMED_FILES else ""
    return ", ".join(names[:NAMED_FILES]) + more

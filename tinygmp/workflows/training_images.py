"""Labelled images to train on: class folders, CIFAR-10's python batches, or an array file. No torch here."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.errors import ConfigError, DataError
from tinygmp.recipes.images import open_cifar10
from tinygmp.workflows.image_data import PICTURES, open_picture, pictures, squared

MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)  # as packed networks mean pixels: zero padding is grey for both
CIFAR_LABELS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
NAMED_FILES = 5  # corrupt files that a message names
LIMIT_BYTES = 4 * 1024**3  # images are held in memory
LEAST_TRAINING = 10
KEYS = ("pixels", "labels", "test_pixels", "test_labels")


@dataclass(frozen=True)
class LabelledPixels:
    """Images in memory, uint8 [count, size, size, 3], and labels, int64 [count].

    augment: reflect-pad by an eighth of the size and crop at random; mirror half of the images where mirror is set.
    """

    pixels: np.ndarray
    labels: np.ndarray
    augment: bool = False
    mirror: bool = True

    def __len__(self) -> int:
        return len(self.pixels)

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """Return one image as float32 [3, size, size] in -1..1, and its class number."""
        image = self.pixels[index]
        if self.augment:
            size = len(image)
            padding = size // 8
            top, left = rng.integers(0, 2 * padding + 1, 2)
            padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)), mode="reflect")
            image = padded[top : top + size, left : left + size]
            image = image[:, ::-1] if self.mirror and rng.integers(0, 2) else image
        scaled = (image.transpose(2, 0, 1).astype(np.float32) - 127.5) / 127.5
        return np.ascontiguousarray(scaled, dtype=np.float32), int(self.labels[index])


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
class Parts:
    """What a source holds, before images are held out."""

    name: str
    pixels: np.ndarray
    labels: np.ndarray
    test_pixels: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """How pictures become images: rows and columns, whether corrupt ones are left out, threads, mirrored or not."""

    size: int = 32
    skip_corrupt: bool = False
    workers: int = 1
    mirror: bool = True

    def __post_init__(self) -> None:
        if self.size < 8 or self.workers < 1:
            raise ConfigError(
                f"images of {self.size} x {self.size} by {self.workers} workers: at least 8 pixels and 1 worker"
            )


def open_training_images(source: Path, reading: Reading, classes: int | None = None) -> TrainingImages:
    """Return the images of a source; a tenth of the training ones, of every class alike, is held out.

    source: a folder with cifar-10-batches-py, or with train/<class>/ and test/<class>/ (or val/<class>/), or an .npz
    file with pixels, labels, test_pixels, test_labels (uint8 [images, size, size, 3]; class numbers). classes: how many
    there must be. Grey pictures get three equal channels. Raises DataError, which names and counts corrupt pictures
    unless they are to be skipped.
    """
    if source.suffix == ".npz":
        parts = from_arrays(source, reading.size)
    elif (source / "cifar-10-batches-py").is_dir():
        parts = from_cifar10(source, reading.size)
    else:
        parts = from_folders(source, reading)
    if classes is not None and classes != len(parts.classes):
        raise DataError(
            f"'{source}' holds {len(parts.classes)} classes, {classes} were asked for; use {len(parts.classes)}"
        )
    if len(parts.pixels) < LEAST_TRAINING or not len(parts.test_pixels):
        raise DataError(
            f"'{source}': {len(parts.pixels)} training and {len(parts.test_pixels)} test images; "
            f"{LEAST_TRAINING} and 1 are least"
        )
    return held_apart(parts, reading.mirror)


def held_apart(parts: Parts, mirror: bool) -> TrainingImages:
    """Return the parts with every tenth training image of a fixed order, class by class, held out."""
    order = np.random.default_rng(0).permutation(len(parts.pixels))
    by_class = order[np.argsort(parts.labels[order], kind="stable")]
    held = np.zeros(len(order), bool)
    held[by_class[9::10]] = True
    known = {image.tobytes() for image in parts.pixels}
    return TrainingImages(
        parts.name,
        LabelledPixels(parts.pixels[~held], parts.labels[~held], augment=True, mirror=mirror),
        LabelledPixels(parts.pixels[held], parts.labels[held]),
        LabelledPixels(parts.test_pixels, parts.test_labels),
        parts.classes,
        parts.skipped,
        sum(image.tobytes() in known for image in parts.test_pixels),
    )


def from_cifar10(source: Path, size: int) -> Parts:
    if size != 32:
        raise ConfigError(f"'{source}' holds CIFAR-10 of 32 x 32 pixels, not {size}; use size 32")
    train, test = open_cifar10(source, train=True), open_cifar10(source, train=False)
    return Parts("CIFAR-10", train.pixels, train.labels, test.pixels, test.labels, CIFAR_LABELS)


def from_folders(source: Path, reading: Reading) -> Parts:
    """Return training and test images of class folders, resized from their largest centred squares."""
    test_folder = next(
        (source / name for name in ("test", "val") if (source / name).is_dir()), source / "test"
    )
    files, labels, classes = listed(source / "train")
    test_files, test_labels, test_classes = listed(test_folder)
    if classes != test_classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise DataError(
            f"'{test_folder}' has other classes than '{source / 'train'}', {len(odd)} in one of them only: "
            f"{shortened(odd)}; give both the same class folders"
        )
    needed = (len(files) + len(test_files)) * reading.size**2 * 3
    if needed > LIMIT_BYTES:
        raise DataError(
            f"'{source}': {len(files) + len(test_files)} pictures of {reading.size} x {reading.size} take {needed:,} "
            f"bytes of memory, limit {LIMIT_BYTES:,}; use a smaller size or fewer pictures"
        )
    train, bad = squares(files, reading)
    test, bad_test = squares(test_files, reading)
    skipped = (
        *(f"{files[at]} ({bad[at]})" for at in bad),
        *(f"{test_files[at]} ({bad_test[at]})" for at in bad_test),
    )
    if skipped and not reading.skip_corrupt:
        raise DataError(
            f"{len(skipped)} of {len(files) + len(test_files)} pictures cannot be decoded: {shortened(skipped)}; "
            "remove them, or skip them with --skip-corrupt"
        )
    labels, test_labels = np.delete(labels, list(bad)), np.delete(test_labels, list(bad_test))
    gone = [name for number, name in enumerate(classes) if number not in labels]
    if gone:
        raise DataError(f"'{source / 'train'}': no picture of {shortened(gone)} can be decoded; replace some")
    return Parts(source.name, train, labels, test, test_labels, classes, skipped)


def listed(folder: Path) -> tuple[list[Path], np.ndarray, tuple[str, ...]]:
    """Return files, labels and class names of folder/<class>/<picture>, sorted; names with a dot first are no class."""
    names = []
    if folder.is_dir():
        names = sorted(one.name for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    found = [pictures(folder / name) for name in names]
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


def squares(files: list[Path], reading: Reading) -> tuple[np.ndarray, dict[int, str]]:
    """Return the pictures as uint8 [count, size, size, 3] without those that cannot be decoded, and why by index."""

    def square(file: Path) -> np.ndarray | str:
        try:
            return squared(open_picture(file, 3), reading.size, 1.0)
        except DataError as error:
            return str(error)

    with ThreadPoolExecutor(reading.workers) as pool:
        made = list(pool.map(square, files))
    good = [one for one in made if isinstance(one, np.ndarray)]
    pixels = np.stack(good) if good else np.empty((0, reading.size, reading.size, 3), np.uint8)
    return pixels, {index: one for index, one in enumerate(made) if isinstance(one, str)}


def from_arrays(source: Path, size: int) -> Parts:
    """Return the arrays of an .npz file; object arrays are refused, so nothing in it can run."""
    try:
        with np.load(source, allow_pickle=False) as file:
            pixels, labels, test_pixels, test_labels = (file[key] for key in KEYS)
    except Exception as error:  # numpy and zipfile raise many classes for a damaged file
        raise DataError(
            f"'{source}' cannot be read ({error}); it needs the arrays {', '.join(KEYS)}"
        ) from error
    for name, array in (("pixels", pixels), ("test_pixels", test_pixels)):
        if array.dtype != np.uint8 or array.shape[1:] != (size, size, 3):
            raise DataError(
                f"'{source}': {name} are {array.dtype} {array.shape}, expected uint8 [images, {size}, {size}, 3]; "
                "give the size that they have, or resize them"
            )
    for name, array, count in (
        ("labels", labels, len(pixels)),
        ("test_labels", test_labels, len(test_pixels)),
    ):
        if array.shape != (count,) or not np.issubdtype(array.dtype, np.integer) or (array < 0).any():
            raise DataError(
                f"'{source}': {name} are {array.dtype} {array.shape}, expected {count} class numbers from 0"
            )
    present = np.unique(labels).astype(np.int64)
    odd = np.flatnonzero(present != np.arange(len(present)))
    if len(odd):
        raise DataError(f"'{source}': labels reach {present[-1]}, but no training image is of class {odd[0]}")
    classes = len(present)
    if int(test_labels.max(initial=-1)) >= classes:
        raise DataError(
            f"'{source}': test_labels reach {int(test_labels.max())}, training has {classes} classes"
        )
    names = tuple(str(number) for number in range(classes))
    return Parts(
        source.stem, pixels, labels.astype(np.int64), test_pixels, test_labels.astype(np.int64), names
    )


def shortened(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_FILES} more" if len(names) > NAMED_FILES else ""
    return ", ".join(names[:NAMED_FILES]) + more

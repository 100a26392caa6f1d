"""Image data in its ordinary layouts: one folder per class, and CIFAR-10's python batches. No torch here."""

from __future__ import annotations

import csv
import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
SAMPLE_CROP = 224
CIFAR_TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))


@dataclass(frozen=True)
class SmallImages:
    """Images in memory, uint8 [count, height, width, 3], labels int64 [count].

    augment: reflect-pad by 4, crop at random, flip at random, as the paper's CIFAR-10 runs.
    """

    pixels: np.ndarray
    labels: np.ndarray
    augment: bool = False

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 4 or self.pixels.shape[3] != 3:
            raise DataError(
                f"images are {self.pixels.dtype} {self.pixels.shape}, expected uint8 [count, h, w, 3]"
            )
        if len(self.pixels) != len(self.labels):
            raise DataError(f"{len(self.pixels)} images but {len(self.labels)} labels")

    def __len__(self) -> int:
        return len(self.pixels)

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """Return one image as normalised float32 [3, height, width], and its class number."""
        image = self.pixels[index]
        if self.augment:
            height, width = image.shape[:2]
            top, left, flip = rng.integers(0, 9), rng.integers(0, 9), rng.integers(0, 2)
            padded = np.pad(image, ((4, 4), (4, 4), (0, 0)), mode="reflect")
            image = padded[top : top + height, left : left + width]
            image = image[:, ::-1] if flip else image
        return normalised(image, CIFAR_MEAN, CIFAR_STD), int(self.labels[index])


@dataclass(frozen=True)
class ImageFiles:
    """Image files decoded one by one to size x size.

    augment: a random crop of 8-100 % of the area and 3:4 to 4:3 aspect, flipped at random; otherwise the
    shorter side is scaled to size * 256 / 224 and the centre is cut out.
    """

    files: Sequence[Path]
    labels: np.ndarray
    size: int = 224
    augment: bool = False

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """Return one image as normalised float32 [3, size, size], and its class number."""
        image = decoded(self.files[index])
        image = _random_crop(image, self.size, rng) if self.augment else _centre_crop(image, self.size)
        return normalised(np.asarray(image), IMAGENET_MEAN, IMAGENET_STD), int(self.labels[index])


def class_folders(folder: Path) -> tuple[list[Path], np.ndarray, list[str]]:
    """Return files, labels and class names of folder/<class>/<file>; classes and files in sorted order."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    files: list[Path] = []
    labels: list[int] = []
    for number, name in enumerate(names):
        found = sorted(path for path in (folder / name).iterdir() if path.is_file())
        files += found
        labels += [number] * len(found)
    if not files:
        raise DataError(f"no images in '{folder}'; expected {folder}/<class>/<image file>")
    return files, np.array(labels, dtype=np.int64), names


def open_imagenet(root: Path, train: bool, size: int = 224) -> ImageFiles:
    """Return ImageNet in the ImageFolder layout, root/train/<class>/* and root/val/<class>/*."""
    files, labels, _ = class_folders(root / ("train" if train else "val"))
    return ImageFiles(files, labels, size, augment=train)


def open_image_sample(
    folder: Path, size: int, limit: int | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return uint8 images [n, size, size, 3] (centre crop 224, bilinear), labels and class names of folder/labels.csv.

    labels.csv has the columns file, label and name; files lie in folder/images. limit: at most so many, spread evenly.
    Raises DataError.
    """
    from PIL import Image

    try:
        with open(folder / "labels.csv", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise DataError(
            f"'{folder}' holds no labels.csv ({error.strerror}); it needs columns file, label, name"
        ) from error
    if limit is not None:
        rows = rows[:: -(-len(rows) // limit)]
    pixels = np.empty((len(rows), size, size, 3), np.uint8)
    for index, row in enumerate(rows):
        image = Image.open(folder / "images" / row["file"]).convert("RGB")
        left, top = (image.width - SAMPLE_CROP) // 2, (image.height - SAMPLE_CROP) // 2
        crop = image.crop((left, top, left + SAMPLE_CROP, top + SAMPLE_CROP))
        pixels[index] = np.asarray(crop.resize((size, size), Image.Resampling.BILINEAR))
    return pixels, np.array([int(row["label"]) for row in rows]), tuple(row["name"] for row in rows)


def open_cifar10(root: Path, train: bool) -> SmallImages:
    """Return CIFAR-10 from root/cifar-10-batches-py, or else from root/train/<class>/* and
    root/test/<class>/*.
    """
    batches = root / "cifar-10-batches-py"
    if batches.is_dir():
        parts = [read_cifar_batch(batches / name) for name in (CIFAR_TRAIN if train else ("test_batch",))]
        pixels, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return SmallImages(pixels, labels, augment=train)
    files, labels, _ = class_folders(root / ("train" if train else "test"))
    return SmallImages(np.stack([np.asarray(decoded(file)) for file in files]), labels, augment=train)


def read_cifar_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels uint8 [count, 32, 32, 3] and labels int64 of one python batch, without running its
    pickle.
    """
    try:
        batch = _ArraysOnly(io.BytesIO(path.read_bytes()), encoding="bytes").load()
        flat = np.asarray(batch[b"data"], dtype=np.uint8)
        labels = np.asarray(batch[b"labels"], dtype=np.int64)
        pixels = flat.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    except OSError as error:
        raise DataError(f"CIFAR-10 batch '{path}' cannot be read: {error.strerror}") from error
    except Exception as error:  # a damaged pickle can raise anything
        raise DataError(f"CIFAR-10 batch '{path}' is damaged or not the python version: {error}") from error
    if len(pixels) != len(labels):
        raise DataError(f"CIFAR-10 batch '{path}' holds {len(pixels)} images but {len(labels)} labels")
    return pixels, labels


def normalised(image: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """Return uint8 [height, width, 3] as float32 [3, height, width] with mean and deviation per channel
    removed.
    """
    scaled = (image.astype(np.float32) / 255 - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def decoded(file: Path) -> Any:
    """Return a file as an RGB image of Pillow, or raise DataError naming the file."""
    from PIL import Image

    try:
        with Image.open(file) as image:
            return image.convert("RGB")
    except OSError as error:
        raise DataError(f"image '{file}' cannot be decoded: {error}") from error


def _centre_crop(image: Any, size: int) -> Any:
    scale = size * 256 / 224 / min(image.size)
    scaled = image.resize((max(size, round(image.width * scale)), max(size, round(image.height * scale))))
    left, top = (scaled.width - size) // 2, (scaled.height - size) // 2
    return scaled.crop((left, top, left + size, top + size))


def _random_crop(image: Any, size: int, rng: np.random.Generator) -> Any:
    from PIL import Image

    width, height = image.size
    for _ in range(10):
        area = width * height * rng.uniform(0.08, 1.0)
        aspect = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
        w, h = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
        if 0 < w <= width and 0 < h <= height:
            left, top = rng.integers(0, width - w + 1), rng.integers(0, height - h + 1)
            cut = image.resize((size, size), Image.Resampling.BILINEAR, (left, top, left + w, top + h))
            break
    else:
        cut = _centre_crop(image, size)
    return cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.integers(0, 2) else cut


class _ArraysOnly(pickle.Unpickler):
    """Unpickles numbers, containers and numpy arrays; anything that would run code is refused."""

    ALLOWED = ("_reconstruct", "ndarray", "dtype")

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "numpy" and name in self.ALLOWED:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"refused to load {module}.{name}")

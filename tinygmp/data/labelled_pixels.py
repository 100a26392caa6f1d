"""Labelled images as a network is trained on them: shifted or cropped, mirrored, scaled to -1..1. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinygmp.data.pixel_file import Pixels
from tinygmp.data.samples import spread_over

MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)  # as packed networks mean pixels: zero padding is grey for both
ASPECT = 4 / 3  # crops are at most so much wider than high, or higher than wide
TRIES = 10  # to draw a crop that lies inside the picture


@dataclass(frozen=True)
class LabelledPixels:
    """Images, uint8 [count, stored, stored, 3], in memory or in a file, and labels, int64 [count].

    augment: reflect-pad by an eighth of the size and crop at random, or, where crop_scale is set, cut out at least that
    share of the area (3:4 to 4:3) and resize it; mirror half of the images where mirror is set. size: rows and columns
    of a sample, None for those stored.
    """

    pixels: Pixels
    labels: np.ndarray
    augment: bool = False
    mirror: bool = True
    crop_scale: float | None = None
    size: int | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """Return one image as float32 [3, size, size] in -1..1, and its class number."""
        images, labels = self.samples(np.array([index]), [rng])
        return images[0], int(labels[0])

    def samples(
        self, indices: np.ndarray, rngs: Sequence[np.random.Generator]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return images as float32 [count, 3, size, size] in -1..1, and their class numbers.

        Scaled together: other threads run while numpy is at work on large arrays, not so between small ones.
        """
        size = self.size or self.pixels.shape[1]
        images = np.empty((len(indices), size, size, 3), np.uint8)
        for image, index, rng in zip(images, indices, rngs, strict=True):
            image[:] = self.augmented(self.pixels[index], size, rng)
        scaled = images.transpose(0, 3, 1, 2).astype(np.float32, order="C")
        scaled -= 127.5
        scaled /= 127.5
        return scaled, self.labels[indices]

    def augmented(self, image: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        if not self.augment:
            return image if len(image) == size else resized(image, size, (0, 0, len(image), len(image)))
        if self.crop_scale is None:
            image = shifted(image, rng)
        else:
            image = resized(image, size, random_box(len(image), self.crop_scale, rng))
        return image[:, ::-1] if self.mirror and rng.integers(0, 2) else image

    def some(self, limit: int) -> "LabelledPixels":
        """Return at most so many images, spread evenly, whole and of the samples' size, in memory."""
        chosen = spread_over(len(self), limit)
        whole, size = replace(self, augment=False), self.size or self.pixels.shape[1]
        pixels = [whole.augmented(image, size, np.random.default_rng(0)) for image in self.pixels[chosen]]
        return LabelledPixels(np.stack(pixels), self.labels[chosen])


@dataclass(frozen=True)
class Parts:
    """What a source holds, before images are held out.

    held_pixels: images to hold out as they are scored, where the training ones are stored larger. hashes: of training
    and test images, where they are known.
    """

    name: str
    pixels: Pixels
    labels: np.ndarray
    test_pixels: Pixels
    test_labels: np.ndarray
    classes: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    held_pixels: Pixels | None = None
    hashes: np.ndarray | None = None
    test_hashes: np.ndarray | None = None


def held_out(labels: np.ndarray) -> np.ndarray:
    """Return a mask of every tenth training image of a fixed order, class by class."""
    order = np.random.default_rng(0).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    held = np.zeros(len(order), bool)
    held[by_class[9::10]] = True
    return held


def shifted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an image moved by up to an eighth of its size either way, its border reflected."""
    size = len(image)
    padding = size // 8
    top, left = rng.integers(0, 2 * padding + 1, 2)
    reflected = np.pad(np.arange(size), padding, mode="reflect")
    return image.take(reflected[top : top + size], 0).take(reflected[left : left + size], 1)


def random_box(side: int, least: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of a part of a square: area at least that share, aspect 3:4 to 4:3."""
    for _ in range(TRIES):
        area = side**2 * rng.uniform(least, 1.0)
        aspect = np.exp(rng.uniform(-np.log(ASPECT), np.log(ASPECT)))
        width, height = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
        if 0 < width <= side and 0 < height <= side:
            left, top = (int(rng.integers(0, side - part + 1)) for part in (width, height))
            return left, top, left + width, top + height
    return 0, 0, side, side


def resized(image: np.ndarray, size: int, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return a part of uint8 [side, side, 3] as uint8 [size, size, 3], bilinear."""
    from PIL import Image

    picture = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR, box)
    return np.asarray(picture)

"""Images of an .npz file: one after the other where they are many, so that memory does not grow with them."""

import hashlib
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np

from tinygmp.data.labelled_pixels import Parts
from tinygmp.data.picture_cache import (
    VERSION,
    Keep,
    PictureCache,
    fits_in_memory,
    hash_of,
    stem_of,
)
from tinygmp.errors import DataError
from tinygmp.progress import OnStep

KEYS = ("pixels", "labels", "test_pixels", "test_labels")
BLOCK = 4096  # images between two tellings of progress


@dataclass(frozen=True)
class ArrayMember:
    """One array of images of an .npz file; by_columns: stored in Fortran's order, which is read whole only."""

    source: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    by_columns: bool

    @property
    def count(self) -> int:
        return self.shape[0]

    @property
    def side(self) -> int:
        return self.shape[1]

    @property
    def stem(self) -> str:
        return stem_of(self.name, self.side, self.source)

    @cached_property
    def key(self) -> str:
        about = self.source.stat()
        text = f"{VERSION} {self.name} {self.shape} {about.st_size} {about.st_mtime_ns}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def decode(self, keep: Keep, workers: int, on_step: OnStep) -> tuple[np.ndarray, dict[int, str]]:
        """Give every image to `keep` with its index; return uint64 hashes of all, and that none is bad."""
        if self.by_columns:
            with np.load(self.source, allow_pickle=False) as file:
                images = file[self.name]
            for index, image in enumerate(images):
                keep(index, image)
            return np.frombuffer(b"".join(map(hash_of, images)), np.uint64), {}
        hashes = []
        try:
            with zipfile.ZipFile(self.source) as archive, archive.open(f"{self.name}.npy") as stream:
                header(stream)
                for index in range(self.count):
                    if index % BLOCK == 0:
                        on_step(f"reading {self.name}", index, self.count)
                    content = stream.read(int(np.prod(self.shape[1:])))
                    image = np.frombuffer(content, np.uint8).reshape(self.shape[1:])
                    keep(index, image)
                    hashes.append(hash_of(image))
        except (zipfile.BadZipFile, EOFError, ValueError) as error:
            raise DataError(
                f"'{self.source}' is damaged within {self.name} ({error}); write it again"
            ) from error
        return np.frombuffer(b"".join(hashes), np.uint64), {}


def header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Read an .npy header: shape, whether in Fortran's order, type."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(stream)  # type: ignore[no-any-return,no-untyped-call]


def member(source: Path, name: str) -> ArrayMember:
    with zipfile.ZipFile(source) as archive, archive.open(f"{name}.npy") as stream:
        shape, by_columns, dtype = header(stream)
    return ArrayMember(source, name, shape, dtype, by_columns and len(shape) > 1)


def from_arrays(source: Path, size: int, cache: PictureCache) -> Parts:
    """Return the arrays of an .npz file; object arrays are refused, so nothing in it can run."""
    try:
        with np.load(source, allow_pickle=False) as file:
            labels, test_labels = file["labels"], file["test_labels"]
        pixels, test_pixels = member(source, "pixels"), member(source, "test_pixels")
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
        ("labels", labels, pixels.count),
        ("test_labels", test_labels, test_pixels.count),
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
    small = fits_in_memory([pixels, test_pixels])
    if not small and (pixels.by_columns or test_pixels.by_columns):
        raise DataError(
            f"'{source}': pixels lie in Fortran's order, which takes all of them in memory; write them again with "
            "np.ascontiguousarray"
        )
    train, test = cache.all([pixels, test_pixels], small)
    return Parts(
        source.stem,
        train.pixels,
        labels.astype(np.int64),
        test.pixels,
        test_labels.astype(np.int64),
        names,
        hashes=train.hashes,
        test_hashes=test.hashes,
    )

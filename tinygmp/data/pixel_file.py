"""Images in an .npy file of which only the rows that are asked for are read."""

import json
import os
import weakref
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.artifact import write_atomically
from tinygmp.errors import DataError, OutputError

CHUNK = 256  # rows read at once when all are wanted


class PixelFile:
    """An open .npy file of uint8 [count, size, size, 3]; raises DataError for any other or a shorter one.

    Rows are read, not mapped: mapped pages count as memory of the process, and waiting for one that lies on the disk
    would stop every thread, where a read stops its own only.
    """

    def __init__(self, path: Path) -> None:
        try:
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            self.handle = os.open(path, os.O_RDONLY)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(
                f"'{path}' is no file of images ({error}); delete it, it will be made again"
            ) from error
        weakref.finalize(self, os.close, self.handle)
        shape = mapped.shape
        if mapped.dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or not mapped.flags.c_contiguous:
            raise DataError(
                f"'{path}' holds {mapped.dtype} {shape}, expected uint8 [count, size, size, 3]; delete it"
            )
        self.path, self.shape = path, shape
        self.row_bytes = int(np.prod(shape[1:]))
        self.start = os.fstat(self.handle).st_size - shape[0] * self.row_bytes

    def read(self, row: int, into: np.ndarray) -> None:
        """Fill uint8 [size, size, 3] with a row."""
        count = os.preadv(self.handle, [into.data], self.start + row * self.row_bytes)
        if count != self.row_bytes:
            raise DataError(f"'{self.path}' ends inside row {row}; delete it, it will be made again")


@dataclass(frozen=True)
class StoredPixels:
    """Some rows of a file, int64 [count], in any order; indexed like an array, with uint8 arrays as the answer."""

    file: PixelFile
    rows: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.file.shape[1:])

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any) -> np.ndarray:
        """Return one image of an index, or the images of a slice, of indices or of a mask."""
        chosen = self.rows[key]
        images = np.empty((*np.shape(chosen), *self.file.shape[1:]), np.uint8)
        if not np.ndim(chosen):
            self.file.read(int(chosen), images)
        else:
            for image, row in zip(images, chosen, strict=True):
                self.file.read(int(row), image)
        return images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return all images in memory."""
        return self[:] if dtype is None else self[:].astype(dtype)

    def only(self, mask: np.ndarray) -> "StoredPixels":
        """Return the rows of a mask, bool [count], without reading any."""
        return StoredPixels(self.file, self.rows[mask])


Pixels = np.ndarray | StoredPixels


def only(pixels: Pixels, mask: np.ndarray) -> Pixels:
    return pixels.only(mask) if isinstance(pixels, StoredPixels) else pixels[mask]


def crc32_of(pixels: Pixels) -> int:
    """Return the CRC-32 of all bytes of images; for rows of a file it is kept beside it, as it takes a while."""
    if isinstance(pixels, np.ndarray):
        return zlib.crc32(np.ascontiguousarray(pixels))
    path = pixels.file.path
    kept = path.with_suffix(".crc32")
    key = f"{zlib.crc32(np.ascontiguousarray(pixels.rows))}, {len(pixels)}, {os.fstat(pixels.file.handle).st_mtime_ns}"
    try:
        return int(json.loads(kept.read_text())[key])
    except (OSError, ValueError, TypeError, KeyError):
        pass
    crc = 0
    for start in range(0, len(pixels), CHUNK):
        crc = zlib.crc32(pixels[start : start + CHUNK], crc)
    with suppress(OutputError):  # in a cache that may only be read it is computed at every start
        write_atomically(kept, json.dumps({key: crc}).encode())
    return crc

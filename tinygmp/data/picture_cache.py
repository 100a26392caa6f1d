"""Pictures decoded once: small sets into memory, large ones into files of a cache folder that later runs read."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from tinygmp.artifact import write_atomically
from tinygmp.data.pixel_file import PixelFile, Pixels, StoredPixels
from tinygmp.errors import DataError, OutputError
from tinygmp.progress import OnStep, silent

Keep = Callable[[int, np.ndarray], None]
IN_MEMORY_BYTES = 256 * 1024**2  # sets up to this size are decoded anew at every start
SPARE_BYTES = 64 * 1024**2  # of the disk, left free
VERSION = 1  # of decoding and of the files; another one is decoded again


class Wanted(Protocol):
    """Images of a source, uint8 [count, side, side, 3].

    key: names the content of the source and how it is read. stem: name of the cache's files, which a changed source
    keeps, so that its files take the place of those of its past.
    """

    @property
    def count(self) -> int: ...
    @property
    def side(self) -> int: ...
    @property
    def key(self) -> str: ...
    @property
    def stem(self) -> str: ...

    def decode(self, keep: Keep, workers: int, on_step: OnStep) -> tuple[np.ndarray, dict[int, str]]:
        """Give every image to `keep` with its index; return uint64 hashes of all, and why some have none."""


@dataclass(frozen=True)
class Decoded:
    """Squares of the pictures that could be decoded, uint64 hashes of them, and why not by index of the others."""

    pixels: Pixels
    hashes: np.ndarray
    bad: dict[int, str]


@dataclass(frozen=True)
class PictureCache:
    """Where decoded pictures lie, and by how many threads they are made."""

    folder: Path
    workers: int = 1
    on_step: OnStep = silent

    def all(self, wanted: Sequence[Wanted], in_memory: bool, later_bytes: int = 0) -> list[Decoded]:
        """Return all images of a source: in memory, or from files made now or earlier.

        later_bytes: room that will be needed besides. Raises DataError when the disk lacks room, before anything is
        decoded. Of several processes one decodes, the others wait for it.
        """
        if in_memory:
            return [self.in_memory(one) for one in wanted]
        with locked(self.folder):
            known = [self.known(one) for one in wanted]
            missing = [one for one, there in zip(wanted, known, strict=True) if there is None]
            if missing:
                self.check_room(missing, later_bytes)
            return [there or self.made(one) for one, there in zip(wanted, known, strict=True)]

    def in_memory(self, wanted: Wanted) -> Decoded:
        pixels = np.zeros((wanted.count, wanted.side, wanted.side, 3), np.uint8)
        hashes, bad = wanted.decode(pixels.__setitem__, self.workers, self.on_step)
        gone = list(bad)
        return Decoded(np.delete(pixels, gone, 0) if bad else pixels, np.delete(hashes, gone), bad)

    def known(self, wanted: Wanted) -> Decoded | None:
        """Return what an earlier run decoded, or None where it is absent, damaged, or of other pictures."""
        path = self.folder / f"{wanted.stem}.npy"
        try:
            facts = json.loads(path.with_suffix(".json").read_text())
            if facts["key"] != wanted.key or facts["mtime_ns"] != path.stat().st_mtime_ns:
                return None
            hashes = np.frombuffer(bytes.fromhex(facts["hashes"]), np.uint64)
            bad = {int(index): str(why) for index, why in facts["bad"].items()}
            file = PixelFile(path)
            whole = file.shape == (wanted.count, wanted.side, wanted.side, 3) and len(hashes) == wanted.count
            return of_file(file, hashes, bad) if whole else None
        except (OSError, ValueError, LookupError, TypeError, AttributeError):  # DataError is a ValueError
            return None

    def check_room(self, wanted: Sequence[Wanted], later_bytes: int) -> None:
        needed = sum(needed_bytes(one) for one in wanted) + later_bytes
        free = shutil.disk_usage(self.folder).free
        if needed + SPARE_BYTES > free:
            raise DataError(
                f"{sum(one.count for one in wanted):,} decoded pictures take {needed:,} bytes in '{self.folder}', "
                f"{free:,} are free there and {SPARE_BYTES:,} are to stay free; use a smaller size, delete old files, "
                "or name a folder on another disk with --cache"
            )

    def made(self, wanted: Wanted) -> Decoded:
        """Decode into a file of a temporary name, which then takes its own; what is known of it is written last."""
        path = self.folder / f"{wanted.stem}.npy"
        with written(path, (wanted.count, wanted.side, wanted.side, 3)) as write:
            hashes, bad = wanted.decode(write, self.workers, self.on_step)
        facts = {"key": wanted.key, "mtime_ns": path.stat().st_mtime_ns, "bad": bad}
        facts["hashes"] = hashes.tobytes().hex()
        write_atomically(path.with_suffix(".json"), json.dumps(facts).encode())
        return of_file(PixelFile(path), hashes, bad)


def needed_bytes(wanted: Wanted) -> int:
    return wanted.count * wanted.side**2 * 3


def fits_in_memory(wanted: Sequence[Wanted]) -> bool:
    return sum(needed_bytes(one) for one in wanted) <= IN_MEMORY_BYTES


def stem_of(name: str, side: int, source: Path) -> str:
    place = hashlib.blake2b(os.path.abspath(source).encode("utf-8", "replace"), digest_size=6)
    return f"{name}-{side}-{place.hexdigest()}"


def of_file(file: PixelFile, hashes: np.ndarray, bad: dict[int, str]) -> Decoded:
    rows = np.delete(np.arange(file.shape[0]), list(bad))
    return Decoded(StoredPixels(file, rows), hashes[rows], bad)


def hash_of(image: np.ndarray) -> bytes:
    """Return 8 bytes that two images share only where they are equal, but for one chance in 2^64."""
    return hashlib.blake2b(np.ascontiguousarray(image), digest_size=8).digest()


def hashes_of(pixels: Pixels) -> np.ndarray:
    """Return the uint64 hashes of images."""
    return np.frombuffer(b"".join(hash_of(pixels[index]) for index in range(len(pixels))), np.uint64)


@contextmanager
def written(path: Path, shape: tuple[int, ...]) -> Iterator[Callable[[int, np.ndarray], None]]:
    """Give a function that writes rows of a new .npy file; the file appears whole or not at all."""
    partial, row_bytes = path.with_suffix(".partial"), int(np.prod(shape[1:]))
    try:
        np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        handle = os.open(partial, os.O_RDWR)
        try:
            start = os.fstat(handle).st_size - shape[0] * row_bytes
            yield lambda row, image: row_written(handle, image, start + row * row_bytes)
        finally:
            os.close(handle)
        os.replace(partial, path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, OutputError):
            raise OutputError(
                f"cannot write '{path}': {error.strerror}; give another folder with --cache"
            ) from error
        raise


def row_written(handle: int, image: np.ndarray, at: int) -> None:
    data = memoryview(np.ascontiguousarray(image)).cast("B")
    done = 0
    while done < len(data):  # a disk that fills up takes a part first, then tells
        done += os.pwrite(handle, data[done:], at + done)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; other processes wait here. Raises OutputError for a folder that cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_WRONLY | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(
            f"cannot write in '{folder}': {error.strerror}; give another folder with --cache"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

"""Picture files as squares of pixels, decoded by threads."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tinygmp.data.images import cut_out, open_picture
from tinygmp.data.picture_cache import VERSION, Keep, hash_of, stem_of
from tinygmp.errors import DataError
from tinygmp.progress import OnStep

BLOCK = 4096  # pictures given to the threads at once, whose count otherwise would cost memory


@dataclass(frozen=True)
class PictureFiles:
    """Picture files below `source` to become their largest centred squares, resized to `side`.

    name: of the part, such as train. size: of the squares whose hashes tell equal pictures.
    """

    name: str
    source: Path
    files: Sequence[str]
    side: int
    size: int

    @property
    def count(self) -> int:
        return len(self.files)

    @property
    def stem(self) -> str:
        return stem_of(self.name, self.side, self.source)

    @cached_property
    def key(self) -> str:
        """Names, sizes and times of change of all files, and how they are read, as a digest."""
        digest = hashlib.blake2b(f"{VERSION} {self.side} {self.size}".encode(), digest_size=16)
        for file in self.files:
            name = file.removeprefix(str(self.source))
            try:
                about = os.stat(file)
                stamp = f"{about.st_size} {about.st_mtime_ns}"
            except OSError:
                stamp = "gone"  # decoding it will tell
            digest.update(f"\0{name}\0{stamp}".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def decode(self, keep: Keep, workers: int, on_step: OnStep) -> tuple[np.ndarray, dict[int, str]]:
        """Give every square to `keep` with its index; return uint64 hashes of all, and why some have none."""

        def one(index: int) -> bytes | str:
            try:
                picture = open_picture(Path(self.files[index]), 3)
            except DataError as error:
                return str(error)
            pixels = cut_out(picture, self.side, self.side, 1.0)
            keep(index, pixels)
            return hash_of(pixels if self.side == self.size else cut_out(picture, self.size, self.size, 1.0))

        hashes: list[bytes] = []
        bad: dict[int, str] = {}
        with ThreadPoolExecutor(workers) as pool:
            for start in range(0, self.count, BLOCK):
                on_step(f"decoding {self.name} pictures", start, self.count)
                block = range(start, min(start + BLOCK, self.count))
                for index, found in zip(block, pool.map(one, block), strict=True):
                    if isinstance(found, str):
                        bad[index] = found
                    hashes.append(found if isinstance(found, bytes) else bytes(8))
        on_step(f"{self.name} pictures decoded", self.count, self.count)
        return np.frombuffer(b"".join(hashes), np.uint64), bad

"""Artifact: what a converter made, as files in memory, written in one go."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tinygmp.errors import ConfigError, OutputError


@dataclass(frozen=True)
class Artifact:
    """The files of one conversion: relative path -> bytes, and the one to open first.

    `notes` says in plain words what a user must know (tolerance, where it runs, what was refused).
    """

    target: str  # 'c', 'tflite', 'onnx'
    name: str
    files: Mapping[str, bytes]
    entry_point: str
    notes: Mapping[str, str] = field(default_factory=dict)
    interface: str = (
        "stream"  # how firmware calls a C artifact: a step after each sample of a 'stream', or a 'graph'
    )

    def __post_init__(self) -> None:
        if self.entry_point not in self.files:
            raise ConfigError(
                f"artifact '{self.name}': entry point '{self.entry_point}' is not among its files"
            )
        for path in self.files:
            parts = PurePosixPath(path)
            if parts.is_absolute() or ".." in parts.parts:
                raise ConfigError(f"artifact '{self.name}': path '{path}' must stay inside the output folder")

    @property
    def file_bytes(self) -> int:
        """Size of the entry point on disk."""
        return len(self.files[self.entry_point])

    def write(self, folder: Path) -> Path:
        """Write all files under a folder and return the entry point's path; an error leaves none half-written."""
        for relative, content in self.files.items():
            write_atomically(folder / relative, content)
        return folder / self.entry_point


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file by way of a temporary neighbour, so that a reader never sees half of it.

    Raises OutputError when the folder cannot be made or written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise OutputError(
            f"cannot write '{path}': {error.strerror}; choose a folder you may write to"
        ) from error

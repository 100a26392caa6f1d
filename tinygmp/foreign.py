"""The one boundary of files that others made: limits before anything is read, and any surprise told in a sentence."""

import functools
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from tinygmp.errors import DataError, TinyGmpError

if TYPE_CHECKING:
    import numpy as np

LARGEST_FILE_BYTES = 1 << 32
LARGEST_UNPACKED_BYTES = 1 << 34  # of all members of an archive together
REASON_LETTERS = 300
PACKAGES = ("tinygmp", "converters", "har")

Given = ParamSpec("Given")
Found = TypeVar("Found")


@contextmanager
def reading(
    path: Path,
    what: str,
    remedy: str,
    error: type[TinyGmpError] = DataError,
    most_bytes: int = LARGEST_FILE_BYTES,
) -> Iterator[None]:
    """Read a file of others inside: whatever its parsers raise becomes `error` with file, reason, place and remedy.

    What tinygmp itself raises passes as it is. A file that is no regular one (a device, a pipe), or larger than
    `most_bytes`, is refused before a byte of it is read.
    """
    check_file(path, error, most_bytes)
    try:
        yield
    except TinyGmpError:
        raise
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as absent:
        raise error(f"cannot read '{path}': {reason_of(absent)}; {remedy}") from absent
    except (
        Exception
    ) as surprise:  # parsers of damaged files raise what they like, and so does code over what they give
        reason, place = reason_of(surprise), place_of(surprise.__traceback__)
        raise error(
            f"'{path}' is damaged, or {what} of another make: {reason}, in {place}; {remedy}"
        ) from surprise


def reads(
    what: str, remedy: str, error: type[TinyGmpError] = DataError, most_bytes: int = LARGEST_FILE_BYTES
) -> Callable[[Callable[Given, Found]], Callable[Given, Found]]:
    """Return a decorator of functions that read a file: they run within `reading` of their first Path."""

    def bounded(function: Callable[Given, Found]) -> Callable[Given, Found]:
        @functools.wraps(function)
        def read(*arguments: Given.args, **named: Given.kwargs) -> Found:
            path = next(each for each in (*arguments, *named.values()) if isinstance(each, Path))
            with reading(path, what, remedy, error, most_bytes):
                return function(*arguments, **named)

        return read

    return bounded


def check_file(path: Path, error: type[TinyGmpError], most_bytes: int) -> None:
    """Raise `error` for what is neither a folder nor a regular file, or is too large; an absent file is told later."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise error(f"'{path}' is a device or a pipe; write its content to a file and give that")
    if stat.S_ISREG(found.st_mode) and found.st_size > most_bytes:
        raise error(f"'{path}' has {found.st_size:,} B, the limit is {most_bytes:,}; give a smaller file")


def reason_of(surprise: BaseException) -> str:
    """Return one line on an exception that is not tinygmp's own, short enough to read."""
    if isinstance(surprise, OSError) and surprise.strerror:
        return surprise.strerror
    text = " ".join(str(surprise).split())
    return f"{type(surprise).__name__}{f' ({text[:REASON_LETTERS]})' if text else ''}"


def place_of(trace: TracebackType | None) -> str:
    """Return the innermost function of tinygmp that an exception came through, 'tflite_file.tensor', or else any."""
    frames = [
        frame for frame, _ in walk_tb(trace) if frame.f_code.co_filename != __file__ or is_reader(frame)
    ]
    own = [frame for frame in frames if str(frame.f_globals.get("__name__")).split(".")[0] in PACKAGES]
    innermost = (own or frames)[-1]
    return f"{Path(innermost.f_code.co_filename).stem}.{innermost.f_code.co_name}"


def is_reader(frame: FrameType) -> bool:
    """Return whether a frame of this file reads, and does not only stand around a reader."""
    return frame.f_code.co_name not in ("reading", "read")


def read_arrays(path: Path, remedy: str = "write it with numpy.savez, no objects") -> "dict[str, np.ndarray]":
    """Return every array of an .npz file by name; nothing in it is run.

    Raises DataError for a file that is none, holds objects, or claims more bytes than `LARGEST_UNPACKED_BYTES`, before
    anything is unpacked.
    """
    import numpy as np

    with reading(path, "an .npz file", remedy):
        check_archive(path)
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError(f"'{path}' holds one array without a name; {remedy}")
            return {name: archive[name] for name in archive.files}


def check_archive(path: Path) -> None:
    """Raise DataError for a zip that unpacks to too much, or whose array says it is larger than its own member."""
    from numpy.lib import format as npy

    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        claimed = sum(member.file_size for member in members)
        if claimed > LARGEST_UNPACKED_BYTES:
            raise DataError(
                f"'{path}' would unpack to {claimed:,} B, the limit is {LARGEST_UNPACKED_BYTES:,}; give a smaller file"
            )
        for member in members:
            if not member.filename.endswith(".npy"):
                continue
            with archive.open(member) as stream:
                version = npy.read_magic(stream)
                header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape, _, dtype = header(stream)
            elements = 1
            for size in shape:
                elements *= size
            if elements * dtype.itemsize > member.file_size:
                raise DataError(
                    f"'{path}': array '{member.filename}' says {elements:,} elements and holds {member.file_size:,} B; "
                    "write the file again"
                )

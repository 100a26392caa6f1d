"""Read the official UCI HAR archive, as a folder or a zip, and trust no byte of it before its checksum."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import numpy as np

from har.data import HarData, Split
from tinygmp.errors import DataError

ROOT = "UCI HAR Dataset"
SIGNALS = tuple(f"{sensor}_{axis}" for sensor in ("body_acc", "body_gyro", "total_acc") for axis in "xyz")
LARGEST_BYTES = 200_000_000  # of a member or the inner zip, unpacked; the official ones stay far below
REMEDY = "download the archive again from https://archive.ics.uci.edu/dataset/240"
Progress = Callable[[str, int, int], None]  # what is being done, done, of


def pinned_members() -> dict[str, str]:
    """Return member path below the data set's folder -> SHA-256, as `sha256sum` lists them."""
    listing = resources.files("har").joinpath("uci_har.sha256").read_text()
    return {path: checksum for checksum, path in (line.split("  ", 1) for line in listing.splitlines())}


def read_archive(path: Path, progress: Progress = lambda what, done, total: None) -> HarData:
    """Return the data set in a folder or zip; DataError names the member, what was expected, and the remedy."""
    members = pinned_members()
    read = zip_reader(path) if path.is_file() else folder_reader(path)
    arrays: dict[str, np.ndarray] = {}
    for done, (member, checksum) in enumerate(members.items()):
        progress(f"reading {member}", done, len(members))
        content = read(member)
        if (found := hashlib.sha256(content).hexdigest()) != checksum:
            raise DataError(
                f"'{path}': member '{member}' is damaged or another version: SHA-256 {found[:12]}..., "
                f"expected {checksum[:12]}...; {REMEDY}"
            )
        arrays[member] = np.loadtxt(io.BytesIO(content), dtype=np.float32)
    progress("reading done", len(members), len(members))
    digest = hashlib.sha256("".join(members.values()).encode()).hexdigest()
    return HarData("UCI HAR", False, digest, split_of(arrays, "train"), split_of(arrays, "test"))


def split_of(arrays: dict[str, np.ndarray], split: str) -> Split:
    signals = [arrays[f"{split}/Inertial Signals/{signal}_{split}.txt"] for signal in SIGNALS]
    return Split(
        windows=np.stack(signals, axis=-1),
        activities=arrays[f"{split}/y_{split}.txt"].astype(np.int64),
        people=arrays[f"{split}/subject_{split}.txt"].astype(np.int64),
    )


def folder_reader(folder: Path) -> Callable[[str], bytes]:
    """Return a reader of members of the data set's folder, or of one folder or one zip inside."""
    for candidate in (folder, folder / ROOT):
        if (candidate / "train").is_dir():
            return lambda member: read_member(candidate, member)
    zips = sorted(folder.glob("*.zip")) if folder.is_dir() else []
    if len(zips) == 1:
        return zip_reader(zips[0])
    raise DataError(
        f"'{folder}' holds neither the folder '{ROOT}' nor exactly one zip of it; "
        f"give the folder or zip with --data, or {REMEDY}"
    )


def read_member(folder: Path, member: str) -> bytes:
    try:
        return (folder / member).read_bytes()
    except OSError as error:
        raise DataError(
            f"'{folder}': member '{member}' cannot be read ({error.strerror}); {REMEDY}"
        ) from error


def zip_reader(path: Path) -> Callable[[str], bytes]:
    """Return a reader of members of a zip; the official download is a zip in a zip."""
    archive = open_zip(path, str(path))
    inner = [name for name in archive.namelist() if name.endswith(".zip")]
    if len(inner) == 1:
        archive = open_zip(io.BytesIO(read_zip_member(archive, inner[0], path)), f"{path}, {inner[0]}")
    names = {name.split(f"{ROOT}/", 1)[-1]: name for name in official_names(archive)}

    def read(member: str) -> bytes:
        if member not in names:
            raise DataError(
                f"'{path}': member '{ROOT}/{member}' is missing; this is not the archive, {REMEDY}"
            )
        return read_zip_member(archive, names[member], path)

    return read


def official_names(archive: zipfile.ZipFile) -> Iterator[str]:
    return (name for name in archive.namelist() if not name.startswith("__MACOSX"))


def open_zip(source: Path | io.BytesIO, shown: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"'{shown}' is not a complete zip file ({error}); {REMEDY}") from error


def read_zip_member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    if (size := archive.getinfo(name).file_size) > LARGEST_BYTES:
        raise DataError(
            f"'{path}': member '{name}' would unpack to {size:,} bytes, expected at most {LARGEST_BYTES:,}; "
            f"this is not the archive, {REMEDY}"
        )
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise DataError(f"'{path}': member '{name}' is damaged ({error}); {REMEDY}") from error

"""What a file or folder is, told by its content; every command asks here."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tinygmp.errors import ConfigError

Kind = Literal[
    "packed", "c", "edgeml", "elf", "tflite", "onnx", "keras", "torch", "safetensors", "arrays", "unknown"
]  # fmt: skip
IN_WORDS: dict[Kind, str] = {
    "packed": "a packed model (.tgmp)",
    "c": "a folder of generated C",
    "edgeml": "a folder of EdgeML matrices",
    "elf": "a built program (ELF)",
    "tflite": "a TFLite file",
    "onnx": "an ONNX file",
    "keras": "a Keras model",
    "torch": "a PyTorch file",
    "safetensors": "a safetensors file",
    "arrays": "a file of numpy arrays",
    "unknown": "a file of no kind known here",
}
NETWORKS: tuple[Kind, ...] = ("tflite", "onnx", "keras", "torch", "safetensors", "arrays", "edgeml")
PACKED_ENTRY = b'"tinygmp"'  # of the metadata, within the first bytes of a .tgmp file
HEAD_BYTES = 512
ONNX_VERSION = 0x08  # field 1 of ModelProto, a varint: the version of the format, which writers put first


def kind_of_path(path: Path) -> Kind:
    """Return what lies at a path; 'unknown' for a file of none of these kinds.

    Raises ConfigError where nothing is, or it cannot be read.
    """
    if path.is_dir():
        return "edgeml" if (path / "FC.npy").is_file() and any(path.glob("W*.npy")) else "c"
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise ConfigError(
            f"'{path}' cannot be read: {error.strerror}; give a file or a shipped model"
        ) from error
    return kind_of_head(head, path)


def kind_of_head(head: bytes, path: Path) -> Kind:
    if head.startswith(b"\x7fELF"):
        return "elf"
    if head[4:8] == b"TFL3":
        return "tflite"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "keras"
    if head.startswith(b"PK\x03\x04"):
        return kind_of_archive(path)
    if head[8:9] == b"{":
        return "packed" if PACKED_ENTRY in head or path.suffix == ".tgmp" else "safetensors"
    if head.startswith((b"\x80\x02", b"\x80\x04")):  # what torch.save wrote before it wrote archives
        return "torch"
    if head.startswith(b"\x93NUMPY"):
        return "arrays"
    if head[:1] == bytes([ONNX_VERSION]) and 0 < ord(head[1:2] or b"\0") < 32:
        return "onnx"
    return BY_ENDING.get(path.suffix.lower(), "unknown")


# For files that are damaged: their readers tell in words what is wrong.
BY_ENDING: dict[str, Kind] = {
    ".tgmp": "packed",
    ".tflite": "tflite",
    ".onnx": "onnx",
    ".h5": "keras",
    ".keras": "keras",
    ".pt": "torch",
    ".pth": "torch",
    ".safetensors": "safetensors",
    ".npz": "arrays",
    ".npy": "arrays",
}


def holds_program(names: Sequence[str]) -> bool:
    """Return whether the files of an archive are those of a program of torch.export (.pt2)."""
    return any("/models/" in name or name.endswith("archive_format") for name in names)


def kind_of_archive(path: Path) -> Kind:
    """Return the kind of a zip: Keras, PyTorch or numpy arrays."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError):
        return BY_ENDING.get(path.suffix.lower(), "unknown")
    if "config.json" in names:
        return "keras"
    if holds_program(names) or any(name.endswith("data.pkl") for name in names):
        return "torch"
    if names and all(name.endswith(".npy") for name in names):
        return "arrays"
    return "unknown"

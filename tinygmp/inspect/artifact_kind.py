"""Tell what a user gave: a packed model, a .tflite, an .onnx, an ELF file, or a folder of generated C."""

from pathlib import Path
from typing import Literal

from tinygmp.errors import ConfigError
from tinygmp.shipped import model_path

Kind = Literal["packed", "c", "elf", "tflite", "onnx"]
ELF_MARK = b"\x7fELF"
TFLITE_MARK = b"TFL3"


def kind_of(given: str) -> tuple[Kind, Path]:
    """Return kind and path of an artifact; a name without a file is a shipped model.

    Raises ConfigError where there is no such file, or when it is of no known kind.
    """
    path = model_path(given)
    if path.is_dir():
        return "c", path
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError as error:
        raise ConfigError(
            f"'{path}' cannot be read: {error.strerror}; give a file or a shipped model"
        ) from error
    if start.startswith(ELF_MARK):
        return "elf", path
    if start[4:8] == TFLITE_MARK or path.suffix == ".tflite":
        return "tflite", path
    if path.suffix == ".onnx":
        return "onnx", path
    return "packed", path  # whose reader tells in words what is wrong with another file

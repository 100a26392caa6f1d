"""Tell what a user gave: a packed model, a .tflite, an .onnx, an ELF file, or a folder of generated C."""

from pathlib import Path

from tinygmp.file_kind import Kind, kind_of_path
from tinygmp.shipped import model_path


def kind_of(given: str) -> tuple[Kind, Path]:
    """Return kind and path of an artifact; a name without a file is a shipped model.

    Raises ConfigError where there is no such file. Other networks than .tflite and .onnx count as models, whose reader
    tells in words what they need.
    """
    path = model_path(given)
    return kind_of_path(path), path

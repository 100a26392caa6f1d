"""Find the model that a user means: a file, or one that comes with the package."""

from pathlib import Path

from tinygmp.data.registry import model_folders
from tinygmp.errors import ConfigError
from tinygmp.file_kind import IN_WORDS, NETWORKS, kind_of_path
from tinygmp.graph.file import load_model
from tinygmp.graph.model import PackedModel

SHIPPED = "har2"
SUFFIX = ".tgmp"


def shipped_names() -> tuple[str, ...]:
    """Return the names of the models that installed packages bring along."""
    return tuple(sorted(shipped_files()))


def shipped_files() -> dict[str, Path]:
    """Return the file of every model that an installed package brings along, by name."""
    return {path.stem: path for folder in model_folders() for path in sorted(folder.glob(f"*{SUFFIX}"))}


def model_path(name_or_path: str = SHIPPED) -> Path:
    """Return the file of a model by path, or of a shipped model by name; raises ConfigError when there is
    none.
    """
    given = Path(name_or_path)
    if given.suffix or given.exists() or given.parent != Path("."):
        return given
    shipped = shipped_files()
    if name_or_path not in shipped:
        known = ", ".join(sorted(shipped)) or "none in this installation"
        raise ConfigError(
            f"model '{name_or_path}' is neither a file nor a shipped model; shipped: {known}; "
            "give the path of a .tgmp file"
        )
    return shipped[name_or_path]


def is_packed(path: Path) -> bool:
    """Return whether a file holds integers to run as they are: .tgmp, full-integer .tflite or quantised .onnx."""
    kind = kind_of_path(path)
    if kind not in ("tflite", "onnx"):
        return kind not in NETWORKS
    from tinygmp.readers.integer_files import is_full_integer_tflite, is_quantised_onnx

    return is_full_integer_tflite(path) if kind == "tflite" else is_quantised_onnx(path)


def open_model(name_or_path: str = SHIPPED) -> PackedModel:
    """Read a model by path or by shipped name: a .tgmp file, a full-integer .tflite file or a quantised .onnx file.

    Raises ConfigError for a file of another kind, FileFormatError, and for a file of others DataError or
    UnsupportedError.
    """
    path = model_path(name_or_path)
    if not path.exists():
        return load_model(path)  # which tells that it is missing
    kind = kind_of_path(path)
    if kind == "tflite" and is_packed(path):
        from tinygmp.readers.tflite_int8 import load_int8_tflite

        return load_int8_tflite(path)
    if kind == "onnx" and is_packed(path):
        from tinygmp.readers.onnx_int8 import load_int8_onnx

        return load_int8_onnx(path)
    if kind in NETWORKS:
        raise ConfigError(
            f"'{path}' is {IN_WORDS[kind]} in floats; make a packed model of it first: tinygmp pack {path.name} "
            "--calibrate SAMPLES"
        )
    if kind in ("elf", "c"):
        raise ConfigError(f"'{path}' is {IN_WORDS[kind]}, no model; give the .tgmp file that it was made of")
    return load_model(path)

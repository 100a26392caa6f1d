"""Find the model that a user means: a file, or one that comes with the package."""

from importlib import resources
from pathlib import Path

from tinygmp.errors import ConfigError
from tinygmp.packed.file import load_model, load_network
from tinygmp.packed.model import PackedModel
from tinygmp.packed.network import PackedNetwork

SHIPPED = "har2"
SUFFIX = ".tgmp"


def shipped_names() -> tuple[str, ...]:
    """Return the names of the models in har/pretrained."""
    folder = resources.files("har").joinpath("pretrained")
    if not folder.is_dir():
        return ()
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))


def model_path(name_or_path: str = SHIPPED) -> Path:
    """Return the file of a model by path, or of a shipped model by name; raises ConfigError when there is
    none.
    """
    given = Path(name_or_path)
    if given.suffix or given.exists() or given.parent != Path("."):
        return given
    if name_or_path not in shipped_names():
        known = ", ".join(shipped_names()) or "none in this installation"
        raise ConfigError(
            f"model '{name_or_path}' is neither a file nor a shipped model; shipped: {known}; "
            "give the path of a .tgmp file"
        )
    return Path(str(resources.files("har").joinpath("pretrained", f"{name_or_path}{SUFFIX}")))


def open_model(name_or_path: str = SHIPPED) -> PackedModel:
    """Read a model of sensor windows by path or by shipped name; raises ConfigError or FileFormatError."""
    return load_model(model_path(name_or_path))


def open_network(name_or_path: str = SHIPPED) -> PackedNetwork:
    """Read a model of either kind by path or by shipped name; raises ConfigError or FileFormatError."""
    return load_network(model_path(name_or_path))

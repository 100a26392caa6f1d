"""What a Keras file holds, .h5 or .keras, read as data: its configuration and its arrays by layer and variable."""

import io
import json
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError
from tinygmp.readers.hdf5_trial import try_hdf5
from tinygmp.readers.keras_layout import layers_of

LARGEST_WEIGHTS = (
    1 << 31
)  # bytes of the weights inside a .keras file, so that a forged one cannot ask for all memory
KERNEL = ("kernel", "bias")
SEPARABLE = ("depthwise_kernel", "pointwise_kernel", "bias")
# Class -> its variables in the order in which Keras 3 numbers them; those that a layer was made without are left out.
VARIABLES = {
    **dict.fromkeys(("Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D", "Dense"), KERNEL),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), SEPARABLE),
    **dict.fromkeys(("GRU", "LSTM"), ("kernel", "recurrent_kernel", "bias")),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
}
SWITCHES = {"bias": "use_bias", "gamma": "scale", "beta": "center"}
Arrays = dict[str, np.ndarray]


def open_keras(path: Path) -> tuple[Any, Arrays]:
    """Return the model's configuration and its float32 arrays by 'layer/variable'; nothing in the file is executed.

    Raises MissingToolError without h5py, DataError, OSError or KeyError for a file that is no model.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingToolError("h5py is absent; install it with: pip install 'tinygmp[keras]'") from error
    if zipfile.is_zipfile(path):
        return opened_archive(path)
    try_hdf5(path.read_bytes(), str(path))
    with h5py.File(path, "r") as file:
        config = json.loads(file.attrs["model_config"])["config"]
        return config, arrays_of(inside(file, "model_weights"))


def opened_archive(path: Path) -> tuple[Any, Arrays]:
    """Return the same of a .keras file, a zip of JSON and HDF5."""
    import h5py

    try:
        with zipfile.ZipFile(path) as archive:
            for member in ("config.json", "model.weights.h5"):
                if (size := archive.getinfo(member).file_size) > LARGEST_WEIGHTS:
                    raise DataError(
                        f"'{path}' says that its '{member}' has {size:,} B, the limit is {LARGEST_WEIGHTS:,}; "
                        "save the model again"
                    )
            config = json.loads(archive.read("config.json"))["config"]
            weights = io.BytesIO(archive.read("model.weights.h5"))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise DataError(f"'{path}' is a damaged .keras file ({error}); save the model again") from error
    try_hdf5(weights.getvalue(), str(path))
    with h5py.File(weights, "r") as file:
        return config, numbered_arrays(config, inside(file, "layers"))


def arrays_of(group: Any) -> Arrays:
    """Return every array by 'layer/variable', such as 'conv1_bn/gamma'."""
    import h5py

    found: Arrays = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found[f"{name.split('/')[0]}/{name.split('/')[-1].split(':')[0]}"] = numbers(node)

    group.visititems(visit)
    return found


def numbered_arrays(config: Any, group: Any) -> Arrays:
    """Return arrays by 'layer/variable' of a file that names layers by their class and numbers their variables."""
    found: Arrays = {}
    seen: Counter[str] = Counter()
    for layer in layers_of(config):
        folder = snake_case(layer.kind)
        number = seen[folder]
        seen[folder] += 1
        variables = [
            name for name in VARIABLES.get(layer.kind, ()) if layer.config.get(SWITCHES.get(name, ""), True)
        ]
        for at, variable in enumerate(variables):
            own = inside(group, f"{folder}_{number}" if number else folder)
            held = inside(own, "cell") if "cell" in own else own
            found[f"{layer.name}/{variable}"] = numbers(inside(inside(held, "vars"), str(at)))
    return found


def inside(group: Any, name: str) -> Any:
    """Return a member of a group; raises DataError for a link, which may lead into another file."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise DataError(f"'{group.file.filename}': '{name}' is a link to another place; save the model again")
    return group[name]


def numbers(dataset: Any) -> np.ndarray:
    """Return a dataset as float32; raises DataError where it is too large or lies in another file."""
    if dataset.external or dataset.is_virtual:
        raise DataError(
            f"'{dataset.file.filename}': '{dataset.name}' lies in another file; save the model again"
        )
    if dataset.size and dataset.size * np.dtype(np.float32).itemsize > LARGEST_WEIGHTS:
        raise DataError(
            f"'{dataset.file.filename}': '{dataset.name}' says {dataset.size:,} numbers, the limit is "
            f"{LARGEST_WEIGHTS:,} B; save the model again"
        )
    return np.asarray(dataset, np.float32)


def snake_case(name: str) -> str:
    """Return a class's name as Keras 3 names its folder: 'DepthwiseConv2D' -> 'depthwise_conv2d'."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()

"""MobileNet-V1 and other chains of convolutions from a Keras .h5 file, read as data: nothing in it is executed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError, UnsupportedError
from tinygmp.models.folded_chain import FoldedChain, Sides
from tinygmp.models.mobilenet_v1_weights import MobileNetWeights
from tinygmp.models.pixel_normalisation import PIXEL_MEANINGS

Config = Mapping[str, Any]


def load_keras(path: Path, pixels: str = "minus_one_to_one") -> MobileNetWeights:
    """Return the folded weights of a Keras model file that is a chain of supported layers.

    pixels: what training fed, 'minus_one_to_one' (Keras Applications) or 'zero_to_one' (MLPerf Tiny). Raises DataError
    for a file that is no model, UnsupportedError that names a layer and what is supported, MissingToolError.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingToolError("h5py is absent; install it with: pip install 'tinygmp[keras]'") from error
    if pixels not in PIXEL_MEANINGS:
        raise DataError(f"pixels '{pixels}' is unknown; known: {', '.join(PIXEL_MEANINGS)}")
    try:
        with h5py.File(path, "r") as file:
            config = json.loads(file.attrs["model_config"])["config"]
            arrays = arrays_of(file["model_weights"])
        layers = config["layers"] if isinstance(config, dict) else config
        reader = KerasReader(arrays, FoldedChain(0, path.name))
        for layer in layers:
            reader.add(str(layer["class_name"]), layer["config"])
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise DataError(
            f"'{path}' is no Keras model of convolutions ({error!r}); see docs/mobilenet.md"
        ) from error
    scale, zero = PIXEL_MEANINGS[pixels]
    return MobileNetWeights(reader.chain.finished(), reader.size, path.name, scale, zero)


def arrays_of(group: Any) -> dict[str, np.ndarray]:
    """Return every array by 'layer/variable', such as 'conv1_bn/gamma'."""
    import h5py

    found: dict[str, np.ndarray] = {}

    def visit(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found[f"{name.split('/')[0]}/{name.split('/')[-1].split(':')[0]}"] = np.asarray(node, np.float32)

    group.visititems(visit)
    return found


@dataclass
class KerasReader:
    """Takes layers in the file's order, which is that of execution in a chain."""

    arrays: Mapping[str, np.ndarray]
    chain: FoldedChain
    size: int = 0  # of the input

    def add(self, kind: str, config: Config) -> None:
        """Take one layer; raises UnsupportedError that names it."""
        handler = HANDLERS.get(kind)
        if handler is None:
            raise self.unsupported(config, kind)
        handler(self, config)

    def array(self, config: Config, variable: str) -> np.ndarray:
        return self.arrays[f"{config['name']}/{variable}"]

    def unsupported(self, config: Config, what: str) -> UnsupportedError:
        return self.chain.unsupported(place_of(config), what)


def place_of(config: Config) -> str:
    return f"layer '{config.get('name')}'"


def start(reader: KerasReader, config: Config) -> None:
    rows, columns = (config.get("batch_input_shape") or config["batch_shape"])[1:3]
    if rows != columns:
        raise reader.unsupported(config, f"an image of {rows} x {columns}")
    reader.size = reader.chain.size = rows


def pad(reader: KerasReader, config: Config) -> None:
    (top, bottom), (left, right) = config["padding"]
    reader.chain.pad(place_of(config), (top, bottom, left, right))


def convolve(reader: KerasReader, config: Config) -> None:
    depthwise = "depth_multiplier" in config
    weights = reader.array(config, "depthwise_kernel" if depthwise else "kernel")
    # From rows, columns, inputs, outputs (or filters of each input) to OIHW.
    oihw = weights.transpose(2, 3, 0, 1) if depthwise else weights.transpose(3, 2, 0, 1)
    strides = config["strides"]
    if len(set(strides)) > 1 or config.get("depth_multiplier", 1) != 1:
        raise reader.unsupported(config, f"kernel {weights.shape} with strides {strides}")
    bias = reader.array(config, "bias") if config["use_bias"] else None
    padding: Sides | str = "same" if config["padding"] == "same" else (0, 0, 0, 0)
    groups = len(oihw) if depthwise else 1
    reader.chain.convolve(place_of(config), oihw, bias, strides[0], padding, groups)
    activate(reader, config)


def normalise(reader: KerasReader, config: Config) -> None:
    mean, variance = reader.array(config, "moving_mean"), reader.array(config, "moving_variance")
    gamma = reader.array(config, "gamma") if config.get("scale", True) else np.ones_like(mean)
    beta = reader.array(config, "beta") if config.get("center", True) else np.zeros_like(mean)
    parts = (gamma, beta, mean, variance)
    reader.chain.batch_norm(place_of(config), parts, float(config["epsilon"]))


def activate(reader: KerasReader, config: Config) -> None:
    kind = config.get("activation", "linear")
    kind = str(kind.get("class_name") if isinstance(kind, dict) else kind)
    if kind == "linear" or (kind == "softmax" and reader.chain.classified):
        return  # the class is the same without softmax
    if kind not in ("relu", "relu6"):
        raise reader.unsupported(config, f"activation '{kind}'")
    reader.chain.activate(place_of(config), 0.0, 6.0 if kind == "relu6" else None)


def rectify(reader: KerasReader, config: Config) -> None:
    if config.get("negative_slope") or config.get("threshold"):
        raise reader.unsupported(config, f"ReLU with {dict(config)}")
    reader.chain.activate(place_of(config), 0.0, config.get("max_value"))


def pool(reader: KerasReader, config: Config) -> None:
    size = reader.chain.size
    if "pool_size" in config and tuple(config["pool_size"]) != (size, size):
        raise reader.unsupported(config, f"a pool of {config['pool_size']} over {size} x {size}")
    reader.chain.pool(place_of(config))


def dense(reader: KerasReader, config: Config) -> None:
    weights = reader.array(config, "kernel")
    bias = reader.array(config, "bias") if config["use_bias"] else np.zeros(weights.shape[1], np.float32)
    reader.chain.classify(place_of(config), weights.T, bias)
    activate(reader, config)


def nothing(reader: KerasReader, config: Config) -> None:
    """Layers that change no value at inference."""


HANDLERS: dict[str, Callable[[KerasReader, Config], None]] = {
    "InputLayer": start,
    "ZeroPadding2D": pad,
    "Conv2D": convolve,
    "DepthwiseConv2D": convolve,
    "BatchNormalization": normalise,
    "Activation": activate,
    "ReLU": rectify,
    "AveragePooling2D": pool,
    "GlobalAveragePooling2D": pool,
    "Flatten": nothing,
    "Reshape": nothing,
    "Dropout": nothing,
    "Dense": dense,
}

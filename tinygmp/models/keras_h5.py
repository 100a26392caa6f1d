"""MobileNet-V1 and other chains of convolutions from a Keras .h5 file, read as data: nothing in it is executed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError, UnsupportedError
from tinygmp.models.mobilenet_v1_weights import FoldedLayer, MobileNetWeights, fold_batch_norm, same_padding

PIXEL_MEANINGS = {"minus_one_to_one": (1 / 127.5, 127.5), "zero_to_one": (1 / 255, 0.0)}
CLASSIFIER = "fc"
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
        chain = KerasChain(arrays, path.name)
        for layer in layers:
            chain.add(str(layer["class_name"]), layer["config"])
    except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise DataError(
            f"'{path}' is no Keras model of convolutions ({error!r}); see docs/mobilenet.md"
        ) from error
    scale, zero = PIXEL_MEANINGS[pixels]
    return MobileNetWeights(chain.finished(), chain.size, path.name, scale, zero)


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
class KerasChain:
    """Layers in the file's order, which is that of execution in a chain."""

    arrays: Mapping[str, np.ndarray]
    source: str
    layers: list[FoldedLayer] = field(default_factory=list)
    size: int = 0  # of the input
    rows: int = 0  # at this point of the chain
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    convolution: np.ndarray | None = None  # OIHW of the newest layer, until it is closed
    pooled: bool = False

    def add(self, kind: str, config: Config) -> None:
        """Take one layer; raises UnsupportedError that names it."""
        handler = HANDLERS.get(kind)
        if handler is None:
            raise self.unsupported(config, f"{kind} is not supported")
        handler(self, config)

    def finished(self) -> tuple[FoldedLayer, ...]:
        if not self.layers or self.layers[-1].name != CLASSIFIER:
            raise UnsupportedError(
                f"'{self.source}' does not end in a classifier; supported: {', '.join(HANDLERS)}"
            )
        return tuple(self.layers)

    def array(self, config: Config, variable: str) -> np.ndarray:
        return self.arrays[f"{config['name']}/{variable}"]

    def unsupported(self, config: Config, why: str) -> UnsupportedError:
        return UnsupportedError(
            f"'{self.source}', layer '{config.get('name')}': {why}; supported: {', '.join(HANDLERS)} in one chain"
        )


def start(chain: KerasChain, config: Config) -> None:
    rows, columns = (config.get("batch_input_shape") or config["batch_shape"])[1:3]
    if rows != columns:
        raise chain.unsupported(config, f"images of {rows} x {columns} are not square")
    chain.size = chain.rows = rows


def pad(chain: KerasChain, config: Config) -> None:
    (top, bottom), (left, right) = config["padding"]
    chain.padding = (top, bottom, left, right)


def convolve(chain: KerasChain, config: Config) -> None:
    depthwise = "depth_multiplier" in config
    weights = chain.array(config, "depthwise_kernel" if depthwise else "kernel")
    kernel, stride = weights.shape[0], config["strides"][0]
    if (
        weights.shape[0] != weights.shape[1]
        or len(set(config["strides"])) > 1
        or config.get("depth_multiplier", 1) != 1
    ):
        raise chain.unsupported(config, f"kernel {weights.shape}, strides {config['strides']}")
    bias = (
        chain.array(config, "bias")
        if config["use_bias"]
        else np.zeros(weights.shape[2 if depthwise else 3], np.float32)
    )
    if chain.pooled:  # a 1 x 1 convolution after the pool is the classifier
        classify(chain, weights.reshape(-1, weights.shape[-1]).T, bias)
        return
    padding = same_padding(chain.rows, kernel, stride) if config["padding"] == "same" else chain.padding
    chain.rows = (chain.rows + padding[0] + padding[1] - kernel) // stride + 1
    chain.padding = (0, 0, 0, 0)
    chain.convolution = weights.transpose(2, 3, 0, 1) if depthwise else weights.transpose(3, 2, 0, 1)
    name = f"{'dw' if depthwise else 'conv'}{len(chain.layers)}"
    chain.layers.append(FoldedLayer(name, flat(chain.convolution), bias, kernel, stride, padding, "none"))
    activate(chain, config)


def normalise(chain: KerasChain, config: Config) -> None:
    if chain.convolution is None:
        raise chain.unsupported(config, "does not follow a convolution")
    before = chain.layers[-1]
    mean, variance = chain.array(config, "moving_mean"), chain.array(config, "moving_variance")
    gamma = chain.array(config, "gamma") if config.get("scale", True) else np.ones_like(mean)
    beta = chain.array(config, "beta") if config.get("center", True) else np.zeros_like(mean)
    weights, bias = fold_batch_norm(
        chain.convolution, gamma, beta, mean - before.bias, variance, float(config["epsilon"])
    )
    chain.layers[-1] = replace(before, weights=flat(weights), bias=bias.astype(np.float32))


def activate(chain: KerasChain, config: Config) -> None:
    kind = config.get("activation", "linear")
    kind = str(kind.get("class_name") if isinstance(kind, dict) else kind)
    apply(chain, config, kind)


def rectify(chain: KerasChain, config: Config) -> None:
    limit = config.get("max_value")
    if config.get("negative_slope") or config.get("threshold") or limit not in (None, 6, 6.0):
        raise chain.unsupported(config, f"ReLU with {dict(config)}")
    apply(chain, config, "relu6" if limit else "relu")


def apply(chain: KerasChain, config: Config, kind: str) -> None:
    if kind == "linear" or (kind == "softmax" and chain.layers and chain.layers[-1].name == CLASSIFIER):
        return  # the class is the same without softmax
    if kind not in ("relu", "relu6") or chain.pooled:
        raise chain.unsupported(config, f"activation '{kind}'")
    chain.layers[-1] = replace(chain.layers[-1], activation=kind)
    chain.convolution = None


def pool(chain: KerasChain, config: Config) -> None:
    if "pool_size" in config and tuple(config["pool_size"]) != (chain.rows, chain.rows):
        raise chain.unsupported(
            config, f"pool of {config['pool_size']} over {chain.rows} x {chain.rows}: the whole only"
        )
    chain.pooled = True


def dense(chain: KerasChain, config: Config) -> None:
    if not chain.pooled:
        raise chain.unsupported(config, "comes before the pool")
    weights = chain.array(config, "kernel")
    bias = chain.array(config, "bias") if config["use_bias"] else np.zeros(weights.shape[1], np.float32)
    classify(chain, weights.T, bias)
    activate(chain, config)


def classify(chain: KerasChain, weights: np.ndarray, bias: np.ndarray) -> None:
    if chain.layers[-1].name == CLASSIFIER:
        raise UnsupportedError(f"'{chain.source}' has two classifiers; one at the end is supported")
    chain.layers.append(FoldedLayer(CLASSIFIER, np.ascontiguousarray(weights), bias, activation="none"))


def nothing(chain: KerasChain, config: Config) -> None:
    """Layers that change no value at inference."""


def flat(weights: np.ndarray) -> np.ndarray:
    """Return OIHW weights as float32 [outputs, rows * columns * inputs]."""
    return np.ascontiguousarray(weights.transpose(0, 2, 3, 1).reshape(len(weights), -1), np.float32)


HANDLERS: dict[str, Callable[[KerasChain, Config], None]] = {
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

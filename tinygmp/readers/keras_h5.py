"""Networks from a Keras file, read as data: nothing in it is executed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.graph.operators.window import Window
from tinygmp.readers import gate_order
from tinygmp.readers.builder import GraphBuilder
from tinygmp.readers.keras_file import open_keras
from tinygmp.readers.keras_layout import Config, Layer, layers_of, outputs_of, uses_of
from tinygmp.readers.pixel_meaning import pixel_input


def load_keras(path: Path, pixels: str | None = "minus_one_to_one") -> FloatGraph:
    """Return the float graph of a Keras model file, .h5 or .keras.

    pixels: what training fed an input that is a map, 'minus_one_to_one' (Keras Applications) or 'zero_to_one' (MLPerf
    Tiny); None: plain reals. Raises DataError for a file that is no model, UnsupportedError that names a layer and what
    is supported, MissingToolError.
    """
    meaning = pixel_input(pixels)
    try:
        config, arrays = open_keras(path)
        layers = layers_of(config)
        outputs = outputs_of(config, layers)
        reader = KerasReader(arrays, GraphBuilder(path.name, uses=uses_of(layers, outputs)), meaning)
        for layer in layers:
            reader.add(layer)
        return reader.builder.finish(outputs)
    except (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise DataError(
            f"'{path}' is no Keras model that can be read ({error!r}); see docs/mobilenet.md"
        ) from error


@dataclass
class KerasReader:
    """Takes layers in the file's order, which is that of execution."""

    arrays: Mapping[str, np.ndarray]
    builder: GraphBuilder
    pixels: PixelInput | None

    def add(self, layer: Layer) -> None:
        """Take one layer; raises UnsupportedError that names it."""
        handler = HANDLERS.get(layer.kind)
        if handler is None:
            raise self.unsupported(layer, layer.kind)
        handler(self, layer)
        if layer.kind in FUSED and layer.config.get("activation", "linear") != "linear":
            # What was before the activation is read by nothing else.
            inner = f"{layer.name} before its activation"
            self.builder.names[inner] = self.builder.names[layer.name]
            activate(self, Layer(layer.kind, layer.name, layer.config, (inner,)))

    def array(self, layer: Layer, variable: str) -> np.ndarray:
        """Return an array; Keras 3 calls the filters of a depthwise layer 'kernel' as those of any other."""
        name = f"{layer.name}/{variable}"
        if name not in self.arrays and variable == "depthwise_kernel":
            name = f"{layer.name}/kernel"
        return self.arrays[name]

    def bias(self, layer: Layer) -> np.ndarray | None:
        return self.array(layer, "bias") if layer.config["use_bias"] else None

    def unsupported(self, layer: Layer, what: str) -> UnsupportedError:
        return self.builder.unsupported(layer.place, what)


def start(reader: KerasReader, layer: Layer) -> None:
    shape = (layer.config.get("batch_input_shape") or layer.config["batch_shape"])[1:]
    pixels = reader.pixels if len(shape) == 3 else None
    steps_open = len(shape) == 2 and shape[0] is None  # recurrent cells take any number
    sides = (1, shape[1]) if steps_open else shape
    reader.builder.start(layer.name, as_map(tuple(int(side) for side in sides)), pixels)


def as_map(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a series of steps and channels as a map of one row."""
    return (1, *shape) if len(shape) == 2 else shape


def pad(reader: KerasReader, layer: Layer) -> None:
    sides = layer.config["padding"]
    one_row = not isinstance(sides[0], Sequence)
    (top, bottom), (left, right) = ((0, 0), sides) if one_row else sides
    reader.builder.pad(layer.place, layer.reads[0], layer.name, (top, bottom, left, right))


def two(values: Any) -> tuple[int, int]:
    """Return rows and columns; one number, of a series, is columns."""
    if isinstance(values, int):
        return (1, values)
    return (1, values[0]) if len(values) == 1 else (values[0], values[1])


def window_of(config: Config, kernel: tuple[int, int]) -> Window:
    return Window(kernel, two(config["strides"]), two(config.get("dilation_rate", (1, 1))))


def convolve(reader: KerasReader, layer: Layer) -> None:
    depthwise = "Depthwise" in layer.kind or "Separable" in layer.kind
    weights = reader.array(layer, "depthwise_kernel" if depthwise else "kernel")
    weights = weights[None] if weights.ndim == 3 else weights
    # From rows, columns, inputs, outputs (or filters of each input) to OIHW.
    oihw = weights.transpose(2, 3, 0, 1) if depthwise else weights.transpose(3, 2, 0, 1)
    groups = len(oihw) if depthwise else int(layer.config.get("groups", 1))
    if depthwise:
        oihw = oihw.reshape(-1, 1, *oihw.shape[2:])
    window, padding = window_of(layer.config, (oihw.shape[2], oihw.shape[3])), layer.config["padding"]
    if padding == "causal":
        window, padding = (
            Window(window.kernel, window.stride, window.dilation, (0, 0, window.extent[1] - 1, 0)),
            "",
        )
    same = "same" if padding == "same" else ""
    separable = "Separable" in layer.kind
    bias = None if separable else reader.bias(layer)
    reader.builder.convolve(layer.place, layer.reads[0], layer.name, oihw, bias, window, same, groups)
    if separable:
        points = reader.array(layer, "pointwise_kernel")
        points = (points[None] if points.ndim == 3 else points).transpose(3, 2, 0, 1)
        reader.builder.convolve(layer.place, layer.name, layer.name, points, reader.bias(layer))


def normalise(reader: KerasReader, layer: Layer) -> None:
    mean, variance = reader.array(layer, "moving_mean"), reader.array(layer, "moving_variance")
    gamma = reader.array(layer, "gamma") if layer.config.get("scale", True) else np.ones_like(mean)
    beta = reader.array(layer, "beta") if layer.config.get("center", True) else np.zeros_like(mean)
    parts = (gamma, beta, mean, variance)
    reader.builder.batch_norm(layer.place, layer.reads[0], layer.name, parts, float(layer.config["epsilon"]))


def activate(reader: KerasReader, layer: Layer) -> None:
    kind = layer.config.get("activation", "linear")
    kind = str(kind.get("class_name") if isinstance(kind, dict) else kind)
    read, written = layer.reads[0], layer.name
    if kind == "linear":
        reader.builder.same(layer.place, read, written)
    elif kind == "softmax":
        reader.builder.softmax(layer.place, read, written)
    elif kind in ("relu", "relu6"):
        reader.builder.activate(layer.place, read, written, 0.0, 6.0 if kind == "relu6" else None)
    else:
        raise reader.unsupported(layer, f"activation '{kind}'")


def rectify(reader: KerasReader, layer: Layer) -> None:
    if layer.config.get("negative_slope") or layer.config.get("threshold"):
        raise reader.unsupported(layer, f"ReLU with {dict(layer.config)}")
    reader.builder.activate(layer.place, layer.reads[0], layer.name, 0.0, layer.config.get("max_value"))


def pool(reader: KerasReader, layer: Layer) -> None:
    config = dict(layer.config)
    kernel = two(config["pool_size"])
    config["strides"] = config.get("strides") or config["pool_size"]
    window, same = window_of(config, kernel), "same" if config["padding"] == "same" else ""
    add = reader.builder.max_pool if layer.kind.startswith("Max") else reader.builder.average_pool
    add(layer.place, layer.reads[0], layer.name, window, same)


def average(reader: KerasReader, layer: Layer) -> None:
    reader.builder.global_average(layer.place, layer.reads[0], layer.name)


def dense(reader: KerasReader, layer: Layer) -> None:
    builder, weights, bias = reader.builder, reader.array(layer, "kernel"), reader.bias(layer)
    held = builder.held(layer.place, layer.reads[0])
    if not held.flat and builder.map_shape(held.value)[:2] != (1, 1):  # of each position
        oihw = np.ascontiguousarray(weights.T)[:, :, None, None]
        builder.convolve(layer.place, layer.reads[0], layer.name, oihw, bias)
        return
    builder.fully_connect(layer.place, layer.reads[0], layer.name, weights.T, bias)


def add(reader: KerasReader, layer: Layer) -> None:
    if len(layer.reads) != 2:
        raise reader.unsupported(layer, f"an addition of {len(layer.reads)} values")
    reader.builder.add(layer.place, layer.reads, layer.name)


def join(reader: KerasReader, layer: Layer) -> None:
    axis = int(layer.config.get("axis", -1))
    if axis > 0:
        axis -= 1 + len(reader.builder.shapes[reader.builder.held(layer.place, layer.reads[0]).value])
    reader.builder.concatenate(layer.place, layer.reads, layer.name, axis)


def flatten(reader: KerasReader, layer: Layer) -> None:
    reader.builder.flatten(layer.place, layer.reads[0], layer.name)


def reshape(reader: KerasReader, layer: Layer) -> None:
    shape = as_map(tuple(int(side) for side in layer.config["target_shape"]))
    whole = int(np.prod(reader.builder.shapes[reader.builder.held(layer.place, layer.reads[0]).value]))
    rest = -int(np.prod(shape))
    shape = tuple(whole // rest if side == -1 else side for side in shape)
    reader.builder.reshape(layer.place, layer.reads[0], layer.name, shape)


def softmax(reader: KerasReader, layer: Layer) -> None:
    reader.builder.softmax(layer.place, layer.reads[0], layer.name)


def nothing(reader: KerasReader, layer: Layer) -> None:
    """Layers that change no value at inference."""
    reader.builder.same(layer.place, layer.reads[0], layer.name)


CONVOLUTIONS = (
    "Conv1D",
    "Conv2D",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
)


def recur(reader: KerasReader, layer: Layer) -> None:
    """Take a GRU or LSTM; a GRU's reset gate must act behind the state's product, as Keras has it since 2.0."""
    config = layer.config
    if (config["activation"], config["recurrent_activation"]) != ("tanh", "sigmoid"):
        raise reader.unsupported(
            layer,
            f"activations {config['activation']} and {config['recurrent_activation']}, not tanh and sigmoid,",
        )
    if config.get("go_backwards") or config.get("return_state"):
        raise reader.unsupported(layer, "a cell that runs backwards or hands out its state")
    w, u = reader.array(layer, "kernel").T, reader.array(layer, "recurrent_kernel").T
    bias = reader.bias(layer)
    if layer.kind == "LSTM":
        cell = gate_order.lstm(w, u, np.zeros(len(w)) if bias is None else bias, gate_order.KERAS["lstm"])
    else:
        if not config.get("reset_after", True):
            raise reader.unsupported(
                layer, "a GRU whose reset gate acts before the state's product (reset_after=False)"
            )
        both = np.zeros((2, len(w))) if bias is None else bias
        cell = gate_order.gru(w, u, both[0], both[1], gate_order.KERAS["gru"])
    reader.builder.recur(layer.place, layer.reads[0], layer.name, cell)
    if not config.get("return_sequences"):
        reader.builder.last_step(layer.name, layer.name)


FUSED = (*CONVOLUTIONS, "Dense")  # layers with an activation of their own
HANDLERS: dict[str, Callable[[KerasReader, Layer], None]] = {
    "InputLayer": start,
    **dict.fromkeys(("ZeroPadding1D", "ZeroPadding2D"), pad),
    **dict.fromkeys(CONVOLUTIONS, convolve),
    "BatchNormalization": normalise,
    "Activation": activate,
    "ReLU": rectify,
    "Softmax": softmax,
    **dict.fromkeys(("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"), pool),
    **dict.fromkeys(("GlobalAveragePooling1D", "GlobalAveragePooling2D"), average),
    "Add": add,
    "Concatenate": join,
    "Flatten": flatten,
    "Reshape": reshape,
    **dict.fromkeys(("Dropout", "SpatialDropout1D", "SpatialDropout2D"), nothing),
    "Dense": dense,
    **dict.fromkeys(("GRU", "LSTM"), recur),
}

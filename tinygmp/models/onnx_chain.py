"""ONNX files that are a chain of supported layers, read as folded weights."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError
from tinygmp.models.folded_chain import FoldedChain
from tinygmp.models.mobilenet_v1_weights import MobileNetWeights
from tinygmp.models.pixel_normalisation import HALF, with_normalisation

NOTHING = ("Identity", "Dropout", "Flatten", "Reshape", "Squeeze", "Softmax")


def load_onnx(path: Path, mean: Sequence[float] = HALF, std: Sequence[float] = HALF) -> MobileNetWeights:
    """Return the folded weights of an ONNX file, float32 [1, channels, size, size] in.

    mean, std: by channel, what training subtracted from pixels in 0..1 and divided by. Nothing in the file is run, and
    weights outside of it are not read. Raises DataError for a file that is no such model, UnsupportedError that names a
    node, MissingToolError.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingToolError("onnx is absent; install it with: pip install onnx") from error
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
        arrays = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    except Exception as error:
        raise DataError(f"'{path}' cannot be read as ONNX with its weights inside: {error}") from error
    entry = next(value for value in graph.input if value.name not in arrays)
    shape = [each.dim_value for each in entry.type.tensor_type.shape.dim]
    if len(shape) != 4 or shape[1] != len(mean) or shape[2] != shape[3] or shape[2] < 1:
        raise DataError(f"'{path}': input '{entry.name}' is {shape}; expected [1, {len(mean)}, size, size]")
    reader = OnnxReader(FoldedChain(shape[2], path.name), arrays, entry.name)
    try:
        for node in graph.node:
            reader.add(node)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise DataError(
            f"'{path}' is a damaged ONNX model of convolutions ({error!r}); see docs/mobilenet.md"
        ) from error
    layers = with_normalisation(reader.chain.finished(), mean, std)
    return MobileNetWeights(layers, shape[2], path.name)


class OnnxReader:
    """Follows the nodes, each of which must take the result of the one before."""

    def __init__(self, chain: FoldedChain, arrays: dict[str, np.ndarray], last: str) -> None:
        self.chain, self.arrays, self.last = chain, arrays, last

    def add(self, node: Any) -> None:
        place = f"node '{node.name or node.output[0]}' ({node.op_type})"
        if node.op_type == "Constant":
            self.arrays[node.output[0]] = attributes(node)["value"]
            return
        if self.last not in node.input:
            raise self.chain.unsupported(place, "taking something else than the result before it")
        handler = HANDLERS.get(node.op_type)
        if handler is None:
            raise self.chain.unsupported(place, "this operation")
        given = [self.arrays.get(name) for name in node.input if name != self.last]
        handler(self, place, given, attributes(node))
        self.last = node.output[0]


Given = Sequence[np.ndarray | None]
Attributes = dict[str, Any]


def attributes(node: Any) -> Attributes:
    import onnx

    found = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    return {
        name: onnx.numpy_helper.to_array(value) if hasattr(value, "raw_data") else value
        for name, value in found.items()
    }


def convolution(reader: OnnxReader, place: str, given: Given, at: Attributes) -> None:
    weights, bias = given[0], given[1] if len(given) > 1 else None
    strides, dilations = list(at.get("strides", [1, 1])), list(at.get("dilations", [1, 1]))
    auto = at.get("auto_pad", b"NOTSET").decode()
    if weights is None or strides[0] != strides[1] or set(dilations) != {1} or auto == "SAME_LOWER":
        raise reader.chain.unsupported(
            place, f"weights outside the file, strides {strides}, dilations {dilations} or {auto}"
        )
    top, left, bottom, right = at.get("pads", [0, 0, 0, 0])
    padding = "same" if auto == "SAME_UPPER" else (top, bottom, left, right)
    reader.chain.convolve(place, weights, bias, strides[0], padding, int(at.get("group", 1)))


def batch_norm(reader: OnnxReader, place: str, given: Given, at: Attributes) -> None:
    parts = [part for part in given if part is not None]
    if len(parts) != 4:
        raise reader.chain.unsupported(place, "a batch norm without its four arrays in the file")
    reader.chain.batch_norm(place, parts, float(at.get("epsilon", 1e-5)))


def relu(reader: OnnxReader, place: str, given: Given, at: Attributes) -> None:
    reader.chain.activate(place, 0, None)


def clip(reader: OnnxReader, place: str, given: Given, at: Attributes) -> None:
    limits = [None if part is None else float(part) for part in (*given, None, None)][:2]
    low, high = (at.get(name, limit) for name, limit in zip(("min", "max"), limits, strict=True))
    reader.chain.activate(place, -np.inf if low is None else low, high)


def pad(reader: OnnxReader, place: str, given: Given, at: Attributes) -> None:
    sides = at.get("pads", given[0] if given else None)
    value = given[1] if len(given) > 1 else at.get("value", 0.0)
    if (
        sides is None
        or len(sides) != 8
        or (value is not None and float(value))
        or any(sides[i] for i in (0, 1, 4, 5))
    ):
        raise reader.chain.unsupported(place, "padding other than zeros around rows and columns")
    top, left, bottom, right = (int(sides[i]) for i in (2, 3, 6, 7))
    reader.chain.pad(place, (top, bottom, left, right))


def average(reader: OnnxReader, place: str, given: Given, at: Attributes) -> None:
    axes = at.get("axes", given[0] if given else None)
    kernel = at.get("kernel_shape")
    if kernel is not None and list(kernel) != [reader.chain.size] * 2:
        raise reader.chain.unsupported(place, f"an average over {list(kernel)} of {reader.chain.size} rows")
    if axes is not None and sorted(int(axis) % 4 for axis in axes) != [2, 3]:
        raise reader.chain.unsupported(place, f"a mean over axes {list(axes)}")
    reader.chain.pool(place)


def gemm(reader: OnnxReader, place: str, given: Given, at: Attributes) -> None:
    weights, bias = given[0], given[1] if len(given) > 1 else None
    if weights is None or at.get("transA", 0) or {at.get("alpha", 1.0), at.get("beta", 1.0)} != {1.0}:
        raise reader.chain.unsupported(place, "factors, or weights outside the file")
    weights = weights if at.get("transB", 0) else weights.T
    reader.chain.classify(place, weights, np.zeros(len(weights)) if bias is None else bias.reshape(-1))


def add(reader: OnnxReader, place: str, given: Given, at: Attributes) -> None:
    """Take the bias of a MatMul."""
    chain, bias = reader.chain, given[0] if given else None
    if bias is None or not chain.layers or chain.layers[-1].name != "fc" or chain.layers[-1].bias.any():
        raise chain.unsupported(place, "an addition that is not the bias of the last layer")
    last = chain.layers.pop()
    chain.classify(place, last.weights, bias.reshape(-1))


def nothing(reader: OnnxReader, place: str, given: Given, at: Attributes) -> None:
    if not reader.chain.pooled and "Dropout" not in place and "Identity" not in place:
        raise reader.chain.unsupported(place, "a change of shape before the average")


HANDLERS: dict[str, Callable[[OnnxReader, str, Given, Attributes], None]] = {
    "Conv": convolution,
    "BatchNormalization": batch_norm,
    "Relu": relu,
    "Clip": clip,
    "Pad": pad,
    **dict.fromkeys(("GlobalAveragePool", "AveragePool", "ReduceMean"), average),
    **dict.fromkeys(("Gemm", "MatMul"), gemm),
    "Add": add,
    **dict.fromkeys(NOTHING, nothing),
}

"""Float TFLite files that are a chain of supported layers, read as folded weights."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError
from tinygmp.models.folded_chain import FoldedChain
from tinygmp.models.mobilenet_v1_weights import MobileNetWeights
from tinygmp.models.pixel_normalisation import PIXEL_MEANINGS

FLOATS = {0: np.float32, 1: np.float16}  # TensorType
DAMAGE = (
    struct.error,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    AssertionError,
    MemoryError,
)


def load_tflite(path: Path, pixels: str = "minus_one_to_one") -> MobileNetWeights:
    """Return the folded weights of a .tflite file of float32 arithmetic, weights float32 or float16.

    pixels: what training fed, 'minus_one_to_one' or 'zero_to_one'. Nothing in the file is run. Raises DataError for a
    file that is no such model, UnsupportedError that names an operation, MissingToolError.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise MissingToolError(
            "the TFLite schema is absent; install it with: pip install ai-edge-litert"
        ) from error
    if pixels not in PIXEL_MEANINGS:
        raise DataError(f"pixels '{pixels}' is unknown; known: {', '.join(PIXEL_MEANINGS)}")
    try:
        data = path.read_bytes()
        if data[4:8] != b"TFL3":
            raise ValueError("the mark TFL3 is missing")
        model = schema.ModelT.InitFromPackedBuf(data, 0)
        reader = TfliteReader(model, schema, path.name)
        for place, operator in enumerate(reader.graph.operators):
            reader.add(place, operator)
    except (OSError, *DAMAGE) as error:
        raise DataError(
            f"'{path}' is no TFLite model of convolutions ({error!r}); see docs/mobilenet.md"
        ) from error
    scale, zero = PIXEL_MEANINGS[pixels]
    return MobileNetWeights(reader.chain.finished(), reader.size, path.name, scale, zero)


class TfliteReader:
    """Follows the operations, each of which must take the result of the one before."""

    def __init__(self, model: Any, schema: Any, origin: str) -> None:
        self.model, self.graph, self.schema = model, model.subgraphs[0], schema
        self.names = {
            value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")
        }
        entry = self.graph.tensors[self.graph.inputs[0]]
        shape = [int(each) for each in entry.shape]
        if entry.type != schema.TensorType.FLOAT32:
            raise DataError(
                f"'{origin}' takes numbers of type {entry.type}, not float32; give the float file it was made from"
            )
        if len(shape) != 4 or shape[1] != shape[2]:
            raise DataError(f"'{origin}' takes {shape}; expected [1, size, size, channels]")
        self.size = shape[1]
        self.chain = FoldedChain(self.size, origin)
        self.last, self.half = int(self.graph.inputs[0]), {}  # type: int, dict[int, np.ndarray]

    def add(self, index: int, operator: Any) -> None:
        code = self.model.operatorCodes[operator.opcodeIndex]
        kind = self.names.get(max(code.builtinCode, code.deprecatedBuiltinCode), "?")
        place = f"operation {index} ({kind})"
        inputs = [int(each) for each in operator.inputs]
        if kind == "DEQUANTIZE" and self.constant(inputs[0]) is not None:
            self.half[int(operator.outputs[0])] = np.asarray(self.constant(inputs[0]), np.float32)
            return
        handler = HANDLERS.get(kind)
        if handler is None:
            raise self.chain.unsupported(place, "this operation")
        if inputs[0] != self.last:
            raise self.chain.unsupported(place, "taking something else than the result before it")
        given = [self.constant(each) if each >= 0 else None for each in inputs[1:]]
        handler(self, place, given, operator.builtinOptions)
        self.last = int(operator.outputs[0])

    def constant(self, index: int) -> np.ndarray | None:
        """Return a tensor that the file holds, as it is shaped; None for one that is computed."""
        if index in self.half:
            return self.half[index]
        tensor = self.graph.tensors[index]
        data = self.model.buffers[tensor.buffer].data
        if data is None:
            return None
        if tensor.sparsity is not None:
            raise DataError(f"'{self.chain.origin}': tensor {index} is stored sparse; give the dense file")
        kinds = {**FLOATS, self.schema.TensorType.INT32: np.int32}
        if tensor.type not in kinds:
            raise DataError(
                f"'{self.chain.origin}': tensor {index} has type {tensor.type}; weights must be float32 or float16"
            )
        return np.frombuffer(bytes(data), kinds[tensor.type]).reshape(tensor.shape)

    def activate(self, place: str, options: Any) -> None:
        kinds = self.schema.ActivationFunctionType
        limits = {kinds.RELU: (0.0, None), kinds.RELU6: (0.0, 6.0)}
        kind = options.fusedActivationFunction
        if kind in limits:
            self.chain.activate(place, *limits[kind])
        elif kind != kinds.NONE:
            raise self.chain.unsupported(place, f"activation {kind}")


Given = list[np.ndarray | None]


def convolution(reader: TfliteReader, place: str, given: Given, options: Any) -> None:
    convolve(reader, place, given, options, depthwise=False)


def depthwise_convolution(reader: TfliteReader, place: str, given: Given, options: Any) -> None:
    convolve(reader, place, given, options, depthwise=True)


def convolve(reader: TfliteReader, place: str, given: Given, options: Any, depthwise: bool) -> None:
    weights, bias = given[0], given[1] if len(given) > 1 else None
    assert weights is not None
    if options.strideH != options.strideW or {options.dilationHFactor, options.dilationWFactor} != {1}:
        raise reader.chain.unsupported(place, f"strides {options.strideH}, {options.strideW} or dilation")
    weights = weights.astype(np.float32)
    oihw = weights.transpose(3, 0, 1, 2) if depthwise else weights.transpose(0, 3, 1, 2)
    same = options.padding == reader.schema.Padding.SAME
    reader.chain.convolve(
        place, oihw, bias, options.strideH, "same" if same else (0, 0, 0, 0), len(oihw) if depthwise else 1
    )
    reader.activate(place, options)


def pad(reader: TfliteReader, place: str, given: Given, options: Any) -> None:
    sides = given[0]
    assert sides is not None
    if sides.shape != (4, 2) or sides[0].any() or sides[3].any():
        raise reader.chain.unsupported(place, f"padding of {sides.tolist()}")
    (top, bottom), (left, right) = sides[1].tolist(), sides[2].tolist()
    reader.chain.pad(place, (top, bottom, left, right))


def average(reader: TfliteReader, place: str, given: Given, options: Any) -> None:
    if given:  # MEAN
        axes = given[0]
        assert axes is not None
        if sorted(int(axis) % 4 for axis in axes.reshape(-1)) != [1, 2]:
            raise reader.chain.unsupported(place, f"a mean over axes {axes.tolist()}")
    elif {options.filterHeight, options.filterWidth} != {reader.chain.size}:
        raise reader.chain.unsupported(
            place, f"an average over {options.filterHeight} of {reader.chain.size} rows"
        )
    reader.chain.pool(place)


def classify(reader: TfliteReader, place: str, given: Given, options: Any) -> None:
    weights, bias = given[0], given[1] if len(given) > 1 else None
    assert weights is not None
    reader.chain.classify(place, weights, np.zeros(len(weights)) if bias is None else bias)


def rectify(limit: float | None) -> Callable[[TfliteReader, str, Given, Any], None]:
    return lambda reader, place, given, options: reader.chain.activate(place, 0.0, limit)


def nothing(reader: TfliteReader, place: str, given: Given, options: Any) -> None:
    if not reader.chain.pooled:
        raise reader.chain.unsupported(place, "a change of shape before the average")


HANDLERS: dict[str, Callable[[TfliteReader, str, Given, Any], None]] = {
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise_convolution,
    "PAD": pad,
    "MEAN": average,
    "AVERAGE_POOL_2D": average,
    "FULLY_CONNECTED": classify,
    "RELU": rectify(None),
    "RELU6": rectify(6.0),
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "SOFTMAX"), nothing),
}

"""Float TFLite files, read as data."""

import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError, UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.operators.window import Window
from tinygmp.readers import tflite_cells
from tinygmp.readers.builder import GraphBuilder
from tinygmp.readers.pixel_meaning import pixel_input

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


def load_tflite(path: Path, pixels: str | None = "minus_one_to_one") -> FloatGraph:
    """Return the float graph of a .tflite file of float32 arithmetic, weights float32, float16, or int8 with scales.

    int8 weights (a converter's dynamic range) are read as the reals that they mean; LiteRT rounds what enters them too.
    pixels: what training fed an input that is a map, 'minus_one_to_one' or 'zero_to_one'; None: plain reals. Nothing in
    the file is run. Raises DataError for a file that is no such model, UnsupportedError that names an operation,
    MissingToolError.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise MissingToolError(
            "the TFLite schema is absent; install it with: pip install ai-edge-litert"
        ) from error
    meaning = pixel_input(pixels)
    try:
        data = path.read_bytes()
        if data[4:8] != b"TFL3":
            raise ValueError("the mark TFL3 is missing")
        model = schema.ModelT.InitFromPackedBuf(data, 0)
        reader = TfliteReader(model, schema, path.name)
        reader.refuse_loops()
        for index in reader.graph.inputs:
            seen = meaning if len(reader.graph.tensors[int(index)].shape) == 4 else None
            reader.builder.start(str(index), reader.input_shape(int(index)), seen)
        for place, operator in enumerate(reader.graph.operators):
            reader.add(place, operator)
        return reader.builder.finish([str(index) for index in reader.graph.outputs])
    except UnsupportedError:
        raise
    except (OSError, *DAMAGE) as error:
        raise DataError(
            f"'{path}' is no float TFLite model that can be read ({error!r}); see docs/mobilenet.md"
        ) from error


# Operations on the shape of a value, for a batch of any size; what is written with it has its own shape in the file.
SHAPES = ("SHAPE", "STRIDED_SLICE", "PACK")


class TfliteReader:
    """Takes operations in order of execution; tensors are named by their number."""

    def __init__(self, model: Any, schema: Any, origin: str) -> None:
        self.model, self.graph, self.schema = model, model.subgraphs[0], schema
        self.names = {
            value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")
        }
        uses = Counter(
            str(index)
            for operator in self.graph.operators
            if self.kind_of(operator) not in SHAPES
            for index in operator.inputs
        )
        uses.update(str(index) for index in self.graph.outputs)
        self.builder = GraphBuilder(origin, uses=uses)
        self.half: dict[int, np.ndarray] = {}

    def input_shape(self, index: int) -> tuple[int, ...]:
        entry = self.graph.tensors[index]
        if entry.type != self.schema.TensorType.FLOAT32:
            raise DataError(
                f"'{self.builder.origin}' takes numbers of type {entry.type}, not float32; give the float file it "
                "was made from"
            )
        return without_batch(entry.shape)

    def refuse_loops(self) -> None:
        """Raise UnsupportedError for a loop before what leads to it puzzles anybody."""
        for index, operator in enumerate(self.graph.operators):
            if self.kind_of(operator) == "WHILE":
                raise self.builder.unsupported(
                    f"operation {index} (WHILE)",
                    "a loop, as converters write recurrent cells today (give the network's .keras file instead),",
                )

    def add(self, index: int, operator: Any) -> None:
        kind = self.kind_of(operator)
        steps = kind == "STRIDED_SLICE" and tflite_cells.picks_step(self, operator)
        if kind in SHAPES and not steps:
            return
        inputs = [int(each) for each in operator.inputs]
        if kind == "DEQUANTIZE" and self.constant(inputs[0]) is not None:
            self.half[int(operator.outputs[0])] = np.asarray(self.constant(inputs[0]), np.float32)
            return
        call = Call(self, f"operation {index} ({kind})", kind, operator)
        handler = HANDLERS.get(kind)
        if handler is None:
            raise self.builder.unsupported(call.place, "this operation")
        handler(call)
        if kind not in CELLS:
            call.clamp()

    def kind_of(self, operator: Any) -> str:
        code = self.model.operatorCodes[operator.opcodeIndex]
        return self.names.get(max(code.builtinCode, code.deprecatedBuiltinCode), "?")

    def constant(self, index: int) -> np.ndarray | None:
        """Return a tensor that the file holds, as it is shaped; None for one that is computed."""
        if index in self.half:
            return self.half[index]
        tensor = self.graph.tensors[index]
        data = self.model.buffers[tensor.buffer].data
        if data is None:
            return None
        if tensor.sparsity is not None:
            raise DataError(f"'{self.builder.origin}': tensor {index} is stored sparse; give the dense file")
        types = self.schema.TensorType
        kinds = {**FLOATS, types.INT32: np.int32, types.INT8: np.int8}
        scaled = tensor.quantization is not None and tensor.quantization.scale is not None
        if tensor.type not in kinds or (tensor.type == types.INT8 and not scaled):
            raise DataError(
                f"'{self.builder.origin}': tensor {index} has type {tensor.type}; weights must be float32, float16, or "
                "int8 with scales"
            )
        stored = np.frombuffer(bytes(data), kinds[tensor.type]).reshape(tensor.shape)
        return meant(stored, tensor.quantization) if tensor.type == types.INT8 else stored


def meant(stored: np.ndarray, quantisation: Any) -> np.ndarray:
    """Return float32 weights of int8 ones, whose scales are one or one each along an axis."""
    scales = np.asarray(quantisation.scale, np.float32)
    zeros = np.broadcast_to(np.asarray(quantisation.zeroPoint, np.float32), scales.shape)
    if scales.size > 1:
        sides = [1] * stored.ndim
        sides[quantisation.quantizedDimension] = scales.size
        scales, zeros = scales.reshape(sides), zeros.reshape(sides)
    return np.asarray((stored.astype(np.float32) - zeros) * scales, np.float32)


class Call:
    """One operation: where it stands, its constants, and the names that it reads and writes."""

    def __init__(self, reader: TfliteReader, place: str, kind: str, operator: Any) -> None:
        self.reader, self.builder, self.place, self.kind = reader, reader.builder, place, kind
        self.operator, self.options = operator, operator.builtinOptions
        indices = [int(each) for each in operator.inputs]
        self.constants = [reader.constant(each) if each >= 0 else None for each in indices]
        self.reads = [
            str(each)
            for each, constant in zip(indices, self.constants, strict=True)
            if each >= 0 and constant is None
        ]
        self.index = int(operator.outputs[0])
        self.written = str(self.index)

    @property
    def read(self) -> str:
        return self.reads[0]

    def given(self, at: int) -> np.ndarray:
        """Return a constant that must be there."""
        constant = self.constants[at] if len(self.constants) > at else None
        if constant is None:
            raise self.unsupported(f"input {at}, which the file does not hold,")
        return constant

    def maybe(self, at: int) -> np.ndarray | None:
        return self.constants[at] if len(self.constants) > at else None

    @property
    def same(self) -> str:
        return "same" if self.options.padding == self.reader.schema.Padding.SAME else ""

    def clamp(self) -> None:
        """Add the activation that the operation ends with."""
        kinds = self.reader.schema.ActivationFunctionType
        kind = getattr(self.options, "fusedActivationFunction", kinds.NONE)
        limits = {kinds.RELU: (0.0, None), kinds.RELU6: (0.0, 6.0), kinds.RELU_N1_TO_1: (-1.0, 1.0)}
        if kind in limits:
            # The name before its clamp is read by nothing else.
            inner = f"{self.written} unclamped"
            self.builder.names[inner] = self.builder.names[self.written]
            self.builder.activate(self.place, inner, self.written, *limits[kind])
        elif kind != kinds.NONE:
            raise self.unsupported(f"activation {kind}")

    def unsupported(self, why: str) -> UnsupportedError:
        return self.builder.unsupported(self.place, why)


def without_batch(shape: Any) -> tuple[int, ...]:
    """Return a tensor's shape as the graph counts it; a series is a map of one row."""
    sides = tuple(int(side) for side in shape)[1:]
    return (1, *sides) if len(sides) == 2 else sides


def convolve(call: Call) -> None:
    weights, options = call.given(1).astype(np.float32), call.options
    depthwise = call.kind.startswith("DEPTHWISE")
    oihw = weights.transpose(3, 0, 1, 2) if depthwise else weights.transpose(0, 3, 1, 2)
    channels = call.builder.shapes[call.builder.held(call.place, call.read).value][-1]
    groups = channels if depthwise else channels // oihw.shape[1]
    window = Window(
        (oihw.shape[2], oihw.shape[3]),
        (options.strideH, options.strideW),
        (options.dilationHFactor, options.dilationWFactor),
    )
    call.builder.convolve(call.place, call.read, call.written, oihw, call.maybe(2), window, call.same, groups)


def pad(call: Call) -> None:
    sides = call.given(1)
    if sides.shape != (4, 2) or sides[0].any() or sides[3].any():
        raise call.unsupported(f"padding of {sides.tolist()}")
    (top, bottom), (left, right) = sides[1].tolist(), sides[2].tolist()
    call.builder.pad(call.place, call.read, call.written, (top, bottom, left, right))


def pool(call: Call) -> None:
    options = call.options
    window = Window((options.filterHeight, options.filterWidth), (options.strideH, options.strideW))
    add = call.builder.max_pool if call.kind.startswith("MAX") else call.builder.average_pool
    add(call.place, call.read, call.written, window, call.same)


def mean(call: Call) -> None:
    axes = call.given(1).reshape(-1)
    sides = len(call.reader.graph.tensors[int(call.read)].shape)
    if sorted(int(axis) % sides for axis in axes) != list(range(1, sides - 1)):
        raise call.unsupported(f"a mean over axes {axes.tolist()}")
    call.builder.global_average(call.place, call.read, call.written)


def matrix(call: Call) -> None:
    call.builder.fully_connect(call.place, call.read, call.written, call.given(1), call.maybe(2))


def add(call: Call) -> None:
    if len(call.reads) == 2:
        call.builder.add(call.place, call.reads, call.written)
        return
    offset = next(constant for constant in call.constants if constant is not None)
    call.builder.scale_channels(call.place, call.read, call.written, 1.0, by_channel(call, offset))


def multiply(call: Call) -> None:
    if len(call.reads) == 2:
        raise call.unsupported("a product of two computed values")
    factor = next(constant for constant in call.constants if constant is not None)
    call.builder.scale_channels(call.place, call.read, call.written, by_channel(call, factor), 0.0)


def by_channel(call: Call, constant: np.ndarray) -> np.ndarray:
    if constant.size not in (1, constant.shape[-1] if constant.ndim else 1):
        raise call.unsupported(f"a constant of {constant.shape}, other than one a channel,")
    return constant.reshape(-1)


def join(call: Call) -> None:
    sides = len(call.reader.graph.tensors[call.index].shape)
    axis = call.options.axis if call.options.axis < 0 else call.options.axis - sides
    if len(call.reads) != len(call.constants):
        raise call.unsupported("a join with a constant")
    call.builder.concatenate(call.place, call.reads, call.written, axis)


def rectify(low: float, high: float | None) -> Callable[[Call], None]:
    return lambda call: call.builder.activate(call.place, call.read, call.written, low, high)


def reshape(call: Call) -> None:
    shape = without_batch(call.reader.graph.tensors[call.index].shape)
    call.builder.reshape(call.place, call.read, call.written, shape)


def softmax(call: Call) -> None:
    call.builder.softmax(call.place, call.read, call.written)


def quantise(call: Call) -> None:
    raise call.unsupported("integer arithmetic, with which a file stands where a command takes a model,")


CELLS = ("UNIDIRECTIONAL_SEQUENCE_LSTM",)  # whose activation is not a clamp of what they write
HANDLERS: dict[str, Callable[[Call], None]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), convolve),
    "PAD": pad,
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), pool),
    "MEAN": mean,
    "FULLY_CONNECTED": matrix,
    "ADD": add,
    "MUL": multiply,
    "CONCATENATION": join,
    "RELU": rectify(0.0, None),
    "RELU6": rectify(0.0, 6.0),
    "RELU_N1_TO_1": rectify(-1.0, 1.0),
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), reshape),
    "SOFTMAX": softmax,
    "QUANTIZE": quantise,
    **dict.fromkeys(CELLS, tflite_cells.lstm),
    "TRANSPOSE": tflite_cells.transpose,
    "STRIDED_SLICE": tflite_cells.last_step,
}

"""Float TFLite files, read as data."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError, UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.graph.operators.window import Window
from tinygmp.readers import tflite_cells
from tinygmp.readers.pixel_meaning import pixel_input
from tinygmp.readers.tflite_call import SHAPES, Call, TfliteReader, without_batch

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
            take(reader, place, operator)
        return reader.builder.finish([str(index) for index in reader.graph.outputs])
    except UnsupportedError:
        raise
    except (OSError, *DAMAGE) as error:
        raise DataError(
            f"'{path}' is no float TFLite model that can be read ({error!r}); see docs/mobilenet.md"
        ) from error


def take(reader: TfliteReader, index: int, operator: Any) -> None:
    """Take one operation: what stands for a constant is remembered, all else goes to its handler."""
    kind = reader.kind_of(operator)
    steps = kind == "STRIDED_SLICE" and tflite_cells.picks_step(reader, operator)
    if kind in SHAPES and not steps:
        return
    inputs = [int(each) for each in operator.inputs]
    if kind == "DEQUANTIZE" and reader.constant(inputs[0]) is not None:
        reader.half[int(operator.outputs[0])] = np.asarray(reader.constant(inputs[0]), np.float32)
        return
    call = Call(reader, f"operation {index} ({kind})", kind, operator)
    handler = HANDLERS.get(kind)
    if handler is None:
        raise reader.builder.unsupported(call.place, "this operation")
    handler(call)
    if kind not in CELLS:
        call.clamp()


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

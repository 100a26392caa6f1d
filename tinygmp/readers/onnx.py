"""ONNX files, read as data."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError, UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.pixel_input import PixelInput
from tinygmp.graph.operators.window import Window
from tinygmp.readers import gate_order
from tinygmp.readers.builder import GraphBuilder
from tinygmp.readers.folding import Sides
from tinygmp.readers.onnx_constants import folded
from tinygmp.readers.pixel_meaning import HALF, with_normalisation

Attributes = dict[str, Any]


def load_onnx(
    path: Path, mean: Sequence[float] | None = HALF, std: Sequence[float] | None = HALF
) -> FloatGraph:
    """Return the float graph of an ONNX file, float32 [1, channels, rows, columns], [1, channels, steps] or [1, n] in.

    mean, std: by channel, what training subtracted from pixels in 0..1 and divided by; None: plain reals. Nothing in
    the file is run; weights outside of it are looked for beside it. Raises DataError for a file that is no such model,
    UnsupportedError that names a node, MissingToolError.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingToolError("onnx is absent; install it with: pip install onnx") from error
    try:
        graph = onnx.load(str(path)).graph
        arrays = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    except Exception as error:
        raise DataError(
            f"'{path}' cannot be read as ONNX: {error}; weights in a file of their own must lie beside it"
        ) from error
    uses = Counter(name for node in graph.node if node.op_type != "Shape" for name in node.input)
    uses.update(value.name for value in graph.output)
    builder = GraphBuilder(path.name, channels_first=True, uses=uses)
    try:
        for entry in graph.input:
            if entry.name not in arrays:
                maps = len(entry.type.tensor_type.shape.dim) == 4 and mean is not None
                builder.start(entry.name, input_shape(path, entry, mean), PixelInput() if maps else None)
        reader = OnnxReader(builder, arrays)
        for node in graph.node:
            reader.add(node)
        found = builder.finish([value.name for value in graph.output])
    except (DataError, UnsupportedError):
        raise
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, StopIteration) as error:
        raise DataError(f"'{path}' is a damaged ONNX model ({error!r}); see docs/mobilenet.md") from error
    return found if mean is None or std is None else with_normalisation(found, mean, std)


def input_shape(path: Path, entry: Any, mean: Sequence[float] | None) -> tuple[int, ...]:
    """Return an input's shape, channels last; raises DataError for one that is no map of as many channels."""
    shape = [each.dim_value for each in entry.type.tensor_type.shape.dim]
    sides = shape[1:]
    expected = "[1, channels, rows, columns], [1, channels, steps] or [1, elements]"
    if len(sides) == 3 and mean is not None and len({*mean}) > 1 and sides[0] != len(mean):
        sides, expected = [], f"[1, {len(mean)}, rows, columns]"
    if len(sides) not in (1, 2, 3) or min(sides) < 1:
        raise DataError(f"'{path}': input '{entry.name}' is {shape}; expected {expected}")
    return channels_last(sides)


def channels_last(sides: Sequence[int]) -> tuple[int, ...]:
    if len(sides) == 3:
        return (sides[1], sides[2], sides[0])
    return (1, sides[1], sides[0]) if len(sides) == 2 else (sides[0],)


class OnnxReader:
    """Takes nodes in order of execution."""

    def __init__(self, builder: GraphBuilder, arrays: dict[str, np.ndarray]) -> None:
        self.builder, self.arrays = builder, arrays
        self.last_of: set[str] = set()  # names of cells' last outputs [1, batch, hidden]

    def add(self, node: Any) -> None:
        if node.op_type == "Constant":
            self.arrays[node.output[0]] = np.asarray(attributes(node)["value"])
            return
        call = Call(self, node)
        if node.op_type == "Expand" and not np.any(self.arrays.get(node.input[0], np.ones(1))):
            self.arrays[call.written] = np.zeros(1, np.float32)  # of any size: what a cell begins with
            return
        if node.op_type == "Shape" and call.reads:
            self.arrays[call.written] = self.shape_of(call)
            return
        constants = [self.arrays.get(name) for name in node.input]
        if not call.reads and (value := folded(call.kind, call.at, constants)) is not None:
            self.arrays[call.written] = value
            return
        handler = HANDLERS.get(node.op_type)
        if handler is None:
            raise call.unsupported("this operation")
        if not call.reads:
            raise call.unsupported("an operation on constants")
        handler(call)

    def shape_of(self, call: "Call") -> np.ndarray:
        """Return a value's shape as the file orders it, for one sample."""
        if self.builder.is_series(call.read):
            return np.ones(3, np.int64)
        held = self.builder.held(call.place, call.read)
        shape = self.builder.shapes[held.value]
        if held.flat or len(shape) == 1:
            return np.array([1, int(np.prod(shape))], np.int64)
        return np.array([1, shape[2], shape[0], shape[1]], np.int64)


class Call:
    """One node: where it stands, its attributes, its constants, and the names that it reads and writes."""

    def __init__(self, reader: OnnxReader, node: Any) -> None:
        self.builder, self.kind = reader.builder, str(node.op_type)
        self.place = f"node '{node.name or node.output[0]}' ({node.op_type})"
        self.at = attributes(node)
        self.reads = [name for name in node.input if name and name not in reader.arrays]
        self.constants = [reader.arrays.get(name) for name in node.input if name in reader.arrays or not name]
        self.written = node.output[0]
        self.inputs, self.outputs = list(node.input), list(node.output)
        self.arrays, self.last_of = reader.arrays, reader.last_of

    @property
    def read(self) -> str:
        return self.reads[0]

    def maybe(self, at: int) -> np.ndarray | None:
        """Return a constant, None where the file does not hold it."""
        return self.constants[at] if len(self.constants) > at else None

    def given(self, at: int) -> np.ndarray:
        constant = self.maybe(at)
        if constant is None or len(self.reads) > 1:
            raise self.unsupported("weights that are not in the file")
        return constant

    def two(self, name: str, default: int = 1) -> tuple[int, int]:
        """Return rows and columns of an attribute; one number, of a series, is columns."""
        values = [int(side) for side in self.at.get(name, [default, default])]
        return (1, values[0]) if len(values) == 1 else (values[0], values[1])

    def window(self, kernel: tuple[int, int]) -> tuple[Window, str]:
        auto = self.at.get("auto_pad", b"NOTSET").decode()
        pads = [int(side) for side in self.at.get("pads", [0, 0, 0, 0])]
        half = len(pads) // 2
        top, left = (0, pads[0]) if half == 1 else (pads[0], pads[1])
        bottom, right = (0, pads[1]) if half == 1 else (pads[2], pads[3])
        if self.at.get("ceil_mode"):
            raise self.unsupported("a size rounded up")
        window = Window(kernel, self.two("strides"), self.two("dilations"), (top, bottom, left, right))
        return window, {"SAME_UPPER": "same", "SAME_LOWER": "same_lower"}.get(auto, "")

    def unsupported(self, why: str) -> UnsupportedError:
        return self.builder.unsupported(self.place, why)


def attributes(node: Any) -> Attributes:
    import onnx

    found = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    return {
        name: onnx.numpy_helper.to_array(value) if hasattr(value, "raw_data") else value
        for name, value in found.items()
    }


def convolve(call: Call) -> None:
    weights = call.given(0)
    weights = weights[:, :, None] if weights.ndim == 3 else weights
    window, padding = call.window((weights.shape[2], weights.shape[3]))
    groups = int(call.at.get("group", 1))
    call.builder.convolve(
        call.place, call.read, call.written, weights, call.maybe(1), window, padding, groups
    )


def batch_norm(call: Call) -> None:
    parts = [part for part in call.constants if part is not None]
    if len(parts) != 4:
        raise call.unsupported("a batch norm without its four arrays in the file")
    call.builder.batch_norm(call.place, call.read, call.written, parts, float(call.at.get("epsilon", 1e-5)))


def relu(call: Call) -> None:
    call.builder.activate(call.place, call.read, call.written, 0.0, None)


def clip(call: Call) -> None:
    limits = [None if part is None else float(part) for part in (*call.constants, None, None)][:2]
    low, high = (call.at.get(name, limit) for name, limit in zip(("min", "max"), limits, strict=True))
    call.builder.activate(call.place, call.read, call.written, low, high)


def pad(call: Call) -> None:
    sides, value = call.at.get("pads", call.maybe(0)), call.at.get("value", call.maybe(1))
    mode = call.at.get("mode", b"constant").decode()
    if (
        mode != "constant"
        or sides is None
        or len(sides) not in (6, 8)
        or (value is not None and float(value))
        or any(sides[i] for i in (0, 1, len(sides) // 2, len(sides) // 2 + 1))
    ):
        raise call.unsupported("padding other than zeros around rows and columns")
    given = [int(side) for side in sides]
    top, left, bottom, right = (
        (given[2], given[3], given[6], given[7]) if len(given) == 8 else (0, given[2], 0, given[5])
    )
    around: Sides = (top, bottom, left, right)
    call.builder.pad(call.place, call.read, call.written, around)


def global_average(call: Call) -> None:
    call.builder.global_average(call.place, call.read, call.written)


def mean(call: Call) -> None:
    axes = call.at.get("axes", call.maybe(0))
    sides = sorted(
        int(axis) % 4 if int(axis) >= 0 else int(axis) for axis in (axes if axes is not None else [])
    )
    if sides not in ([2, 3], [-2, -1], [2], [-1]):
        raise call.unsupported(f"a mean over axes {sides}")
    global_average(call)
    if not call.at.get("keepdims", 1):
        call.builder.flatten(call.place, call.written, call.written)


def average_pool(call: Call) -> None:
    window, padding = call.window(call.two("kernel_shape"))
    counts = bool(call.at.get("count_include_pad", 0))
    call.builder.average_pool(call.place, call.read, call.written, window, padding, counts)


def max_pool(call: Call) -> None:
    window, padding = call.window(call.two("kernel_shape"))
    call.builder.max_pool(call.place, call.read, call.written, window, padding)


def gemm(call: Call) -> None:
    weights = call.given(0)
    factors = {float(call.at.get("alpha", 1.0)), float(call.at.get("beta", 1.0))}
    if weights.ndim != 2 or call.at.get("transA", 0) or factors != {1.0}:
        raise call.unsupported("factors, or weights that are no matrix")
    weights = weights if call.at.get("transB", 0) else weights.T
    call.builder.fully_connect(call.place, call.read, call.written, weights, call.maybe(1))


def add(call: Call) -> None:
    if len(call.reads) == 2:
        call.builder.add(call.place, call.reads, call.written)
        return
    call.builder.scale_channels(call.place, call.read, call.written, 1.0, by_channel(call))


def multiply(call: Call) -> None:
    if len(call.reads) == 2:
        raise call.unsupported("a product of two computed values")
    call.builder.scale_channels(call.place, call.read, call.written, by_channel(call), 0.0)


def by_channel(call: Call) -> np.ndarray:
    """Return a constant of one number, or of one a channel."""
    constant = np.asarray(call.given(0))
    channels = call.builder.shapes[call.builder.held(call.place, call.read).value][-1]
    fits = constant.size in (1, channels) and max(constant.shape, default=1) == constant.size
    if not fits:
        raise call.unsupported(f"a constant of {constant.shape}, other than one a channel,")
    return constant.reshape(-1)


def join(call: Call) -> None:
    if len(call.reads) > 1 and set(call.reads) <= call.last_of and int(call.at["axis"]) == 0:
        call.builder.same(call.place, call.reads[-1], call.written)
        call.last_of.add(call.written)
        return
    if any(part is not None for part in call.constants):
        raise call.unsupported("a join with a constant")
    held = call.builder.held(call.place, call.read)
    rows, _, _ = call.builder.map_shape(held.value)
    vector = held.flat or len(call.builder.shapes[held.value]) == 1
    axis = int(call.at["axis"])
    # Channels stand second in the file and last here.
    if axis == 1 or (vector and axis == -1):
        axis = -1
    elif axis in (2, 3) and rows > 1 and not vector:
        axis -= 5
    else:
        raise call.unsupported(f"a join along axis {axis}")
    call.builder.concatenate(call.place, call.reads, call.written, axis)


def flatten(call: Call) -> None:
    call.builder.flatten(call.place, call.read, call.written)


def recur(call: Call) -> None:
    """Take a GRU or LSTM of one direction that begins with zeros; its gates in ONNX's order."""
    kind = call.kind.lower()
    arrays = [call.arrays.get(name) for name in (*call.inputs, *[""] * 7)[:8]]
    w, u, bias, peepholes = *arrays[1:4], arrays[7]
    given, lengths = [name for name in call.inputs[5:7] if name], (*call.inputs, *[""] * 5)[4]
    odd = (
        call.at.get("direction", b"forward") != b"forward",
        call.at.get("layout", 0) != 0,
        "activations" in call.at or "clip" in call.at or call.at.get("input_forget", 0),
        kind == "gru" and call.at.get("linear_before_reset", 0) != 1,
        lengths != "",
        peepholes is not None,
        any(np.any(call.arrays.get(name, np.ones(1))) for name in given),
    )
    if w is None or u is None or any(odd):
        raise call.unsupported(
            "a cell of two directions, other activations, lengths, a first state other than zeros, or a reset gate "
            "before the state's product,"
        )
    gates = 3 if kind == "gru" else 4
    both = np.zeros(2 * len(w[0]), np.float32) if bias is None else bias[0]
    bias_w, bias_u = both[: len(both) // 2], both[len(both) // 2 :]
    order = gate_order.ONNX[kind]
    if gates == 3:
        cell = gate_order.gru(w[0], u[0], bias_w, bias_u, order)
    else:
        cell = gate_order.lstm(w[0], u[0], bias_w + bias_u, order)
    call.builder.recur(call.place, call.inputs[0], call.written or f"{call.place} all", cell)
    if len(call.outputs) > 1 and call.outputs[1]:
        call.builder.last_step(call.written or f"{call.place} all", call.outputs[1])
        call.last_of.add(call.outputs[1])


def transpose(call: Call) -> None:
    """Take steps before the batch, as cells want them, and what undoes it."""
    order = list(call.at.get("perm", []))
    if call.builder.is_series(call.read) or (order == [1, 0, 2] and call.builder.is_input(call.read)):
        call.builder.same_series(call.read, call.written)
        return
    raise call.unsupported(f"an order of axes {order}")


def gather(call: Call) -> None:
    """Take the last step of a cell's outputs, or the last of several cells' last outputs."""
    at, axis = call.maybe(0), int(call.at.get("axis", 0))
    last = at is not None and np.asarray(at).reshape(-1).tolist() == [-1]
    if call.read in call.last_of and axis == 0 and at is not None and np.asarray(at).size == 1:
        call.builder.same(call.place, call.read, call.written)
        return
    if not (call.builder.is_series(call.read) and last and axis in (0, 1)):
        raise call.unsupported("a selection other than a cell's last step")
    call.builder.last_step(call.read, call.written)


def reshape(call: Call) -> None:
    """Flatten, whatever way it is told: the only change of shape that keeps channels apart."""
    if call.builder.is_series(call.read):
        call.builder.same_series(call.read, call.written)
        return
    shape = call.maybe(0)
    if call.kind == "Reshape" and shape is not None and shape.size > 2 and set(shape.reshape(-1)[2:]) != {1}:
        raise call.unsupported(f"a change of shape to {shape.tolist()}")
    flatten(call)


def softmax(call: Call) -> None:
    call.builder.softmax(call.place, call.read, call.written)


def nothing(call: Call) -> None:
    call.builder.same(call.place, call.read, call.written)


HANDLERS: dict[str, Callable[[Call], None]] = {
    "Conv": convolve,
    "BatchNormalization": batch_norm,
    "Relu": relu,
    "Clip": clip,
    "Pad": pad,
    "GlobalAveragePool": global_average,
    "AveragePool": average_pool,
    "MaxPool": max_pool,
    "ReduceMean": mean,
    **dict.fromkeys(("Gemm", "MatMul"), gemm),
    "Add": add,
    "Mul": multiply,
    "Concat": join,
    **dict.fromkeys(("GRU", "LSTM"), recur),
    "Transpose": transpose,
    "Gather": gather,
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze"), reshape),
    "Softmax": softmax,
    **dict.fromkeys(("Identity", "Dropout"), nothing),
}

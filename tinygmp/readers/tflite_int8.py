"""Full-integer TFLite files as packed models: integers, scales and zero points stay as they lie."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError, TinyGmpError, UnsupportedError
from tinygmp.foreign import reads
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.base import Operator
from tinygmp.graph.operators.concatenate import Concatenate
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.limits import Limits, named_limits
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.softmax import Softmax
from tinygmp.graph.operators.window import Pair, Window, same_padding
from tinygmp.graph.values import Shape, Value
from tinygmp.readers.integer_graph import IntegerGraph, Meaning, Weights, name_of
from tinygmp.readers.tflite import DAMAGE
from tinygmp.readers.tflite_call import SHAPES

ACTIVATIONS = {0: "none", 1: "relu", 2: "relu_n1_to_1", 3: "relu6"}
SUPPORTED = (
    "convolutions, depthwise and fully connected layers, additions, joins, pools, means, pads, "
    "changes of shape, softmax"
)


@reads("a full-integer .tflite file", "convert it again")
def load_int8_tflite(path: Path, rounding: str = "fp32") -> PackedModel:
    """Return the packed model of a .tflite file whose arithmetic is int8; zeros among its weights are packed.

    rounding: 'fp32' answers as LiteRT with XNNPACK does, 'gemmlowp' as the reference kernels (an addition follows
    XNNPACK in both; a softmax may differ by a unit). Inputs and outputs are the int8 values inside quantise and
    dequantise operations at the ends. Raises DataError for a file that is no such model, UnsupportedError that names an
    operation, MissingToolError.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise MissingToolError(
            "the TFLite schema is absent; install it with: pip install ai-edge-litert"
        ) from error
    try:
        data = path.read_bytes()
        if data[4:8] != b"TFL3":
            raise ValueError("the mark TFL3 is missing")
        model = schema.ModelT.InitFromPackedBuf(data, 0)
        return Importer(path.name, model, schema, rounding).packed(name_of(path))
    except TinyGmpError:
        raise
    except (OSError, *DAMAGE) as error:
        raise DataError(f"'{path}' is no full-integer TFLite model that can be read ({error!r})") from error


class Importer:
    """Takes operations in order of execution; `names` maps a tensor's number to the value that it is."""

    def __init__(self, origin: str, model: Any, schema: Any, rounding: str) -> None:
        self.origin, self.file, self.schema = origin, model, schema
        self.graph, self.made = model.subgraphs[0], IntegerGraph(origin, rounding, SUPPORTED)
        self.names: dict[int, str] = {}
        kinds = vars(schema.BuiltinOperator).items()
        self.kinds = {number: kind for kind, number in kinds if not kind.startswith("_")}

    def packed(self, name: str) -> PackedModel:
        operations = [(self.kind_of(each), each) for each in self.graph.operators]
        ends = {int(each.inputs[0]): int(each.outputs[0]) for kind, each in operations if kind == "QUANTIZE"}
        starts = [ends.get(int(index), int(index)) for index in self.graph.inputs]
        for index in starts:
            self.names[index] = self.made.value(self.shape(index), self.meaning(index))
        for place, (kind, operation) in enumerate(operations):
            if kind not in SHAPES:
                self.add(f"operation {place} ({kind})", kind, operation)
        outputs = [self.names[int(index)] for index in self.graph.outputs]
        return self.made.model(name, [self.names[index] for index in starts], outputs)

    def kind_of(self, operation: Any) -> str:
        code = self.file.operatorCodes[operation.opcodeIndex]
        return str(self.kinds.get(max(code.builtinCode, code.deprecatedBuiltinCode), "?"))

    def add(self, place: str, kind: str, operation: Any) -> None:
        read, written = int(operation.inputs[0]), int(operation.outputs[0])
        if kind in ("QUANTIZE", "DEQUANTIZE"):
            if kind == "QUANTIZE" and written in self.names:
                return  # an input's
            if kind == "QUANTIZE":
                raise self.unsupported(place, "a change of scale in the middle")
            self.names[written] = self.names[read]
            return
        handler = HANDLERS.get(kind)
        if handler is None:
            raise self.unsupported(place, "this operation")
        handler(self, Operation(self, place, operation))

    def unsupported(self, place: str, why: str) -> UnsupportedError:
        return self.made.unsupported(place, why)

    def meaning(self, index: int) -> Meaning:
        """Return scale and zero point of a tensor."""
        tensor = self.graph.tensors[index]
        scales, zeros = tensor.quantization.scale, tensor.quantization.zeroPoint
        if tensor.type == self.schema.TensorType.INT16:
            raise UnsupportedError(
                f"'{self.origin}': tensor {index} is int16; values of 16 bits beside weights of 8 are not supported; "
                "supported: int8, convert with OpsSet.TFLITE_BUILTINS_INT8"
            )
        if tensor.type != self.schema.TensorType.INT8 or scales is None or len(scales) != 1:
            raise DataError(
                f"'{self.origin}': tensor {index} has type {tensor.type}; every value must be int8 with one scale, "
                "convert with int8 inputs and outputs"
            )
        return float(scales[0]), int(zeros[0])

    def shape(self, index: int) -> Shape:
        return map_shape(self.graph.tensors[index].shape)

    def constant(self, index: int) -> np.ndarray | None:
        tensor = self.graph.tensors[index] if index >= 0 else None
        data = None if tensor is None else self.file.buffers[tensor.buffer].data
        if tensor is None or data is None:
            return None
        types = {self.schema.TensorType.INT8: np.int8, self.schema.TensorType.INT32: np.int32}
        if tensor.type not in types:
            raise DataError(f"'{self.origin}': tensor {index} has type {tensor.type}; weights must be int8")
        return np.frombuffer(bytes(data), types[tensor.type]).reshape(tensor.shape)


def map_shape(shape: Any) -> Shape:
    """Return a tensor's shape without its batch; a series is a map of one row."""
    sides = tuple(int(side) for side in shape[1:])
    return (1, *sides) if len(sides) == 2 else sides or (1,)


class Operation:
    """One operation: what it reads, its constants, its options, and what it writes."""

    def __init__(self, importer: Importer, place: str, operation: Any) -> None:
        self.importer, self.place, self.options = importer, place, operation.builtinOptions
        self.inputs = [int(index) for index in operation.inputs]
        self.read = importer.names.get(self.inputs[0], "")
        self.output = int(operation.outputs[0])

    @property
    def value(self) -> Value:
        return self.importer.made.values[self.read]

    def constant(self, at: int) -> np.ndarray:
        found = self.importer.constant(self.inputs[at]) if len(self.inputs) > at else None
        if found is None:
            raise self.unsupported("weights that are not in the file")
        return found

    def unsupported(self, why: str) -> UnsupportedError:
        return self.importer.unsupported(self.place, why)

    def limits(self) -> Limits:
        kind = ACTIVATIONS.get(getattr(self.options, "fusedActivationFunction", 0))
        if kind is None:
            raise self.unsupported("its activation")
        return named_limits(kind)

    def window(self, kernel: Pair) -> Window:
        options = self.options
        stride = (options.strideH, options.strideW)
        dilation = (getattr(options, "dilationHFactor", 1) or 1, getattr(options, "dilationWFactor", 1) or 1)
        rows, columns, _ = self.value.map_shape
        reach = ((kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1)
        same = options.padding == self.importer.schema.Padding.SAME
        sides = same_padding(rows, columns, reach, stride) if same else (0, 0, 0, 0)
        return Window(kernel, stride, dilation, sides)

    def finish(self, operator: Operator, reads: list[str] | None = None) -> None:
        """Append the node; what it writes stands for the operation's output."""
        importer = self.importer
        shape, meaning = importer.shape(self.output), importer.meaning(self.output)
        importer.names[self.output] = importer.made.write(operator, reads or [self.read], shape, meaning)

    def weights(self, q: np.ndarray) -> Weights:
        """Return int8 weights [outputs, columns] with their scales and bias."""
        scales = np.asarray(self.importer.graph.tensors[self.inputs[1]].quantization.scale, np.float32)
        bias = self.importer.constant(self.inputs[2]) if len(self.inputs) > 2 else None
        return Weights(q, scales, bias)

    def linear_fields(self, q: np.ndarray) -> dict[str, Any]:
        return self.importer.made.fields(self.weights(q), self.limits())


def convolve(importer: Importer, call: Operation) -> None:
    weights = call.constant(1)
    window = call.window((weights.shape[1], weights.shape[2]))
    call.finish(Conv2d(**call.linear_fields(weights.reshape(len(weights), -1)), window=window))


def depthwise(importer: Importer, call: Operation) -> None:
    weights = call.constant(1)[0]
    rows, columns, outputs = weights.shape
    fields = call.linear_fields(np.ascontiguousarray(weights.reshape(-1, outputs).T))
    multiplier = outputs // call.value.channels
    call.finish(DepthwiseConv2d(**fields, window=call.window((rows, columns)), multiplier=multiplier))


def fully_connect(importer: Importer, call: Operation) -> None:
    weights, meaning = call.weights(call.constant(1)), importer.meaning(call.output)
    importer.names[call.output] = importer.made.fully_connect(call.read, weights, call.limits(), meaning)


def reshape(importer: Importer, call: Operation) -> None:
    shape = importer.shape(call.output)
    if math.prod(shape) != call.value.size:  # a batch of any size
        shape = (call.value.size,)
    importer.names[call.output] = importer.made.reshaped(call.read, shape)


def add(importer: Importer, call: Operation) -> None:
    reads = [importer.names.get(index, "") for index in call.inputs]
    if "" in reads:
        raise call.unsupported("an addition of a constant")
    call.finish(Add(call.limits()), reads)


def concatenate(importer: Importer, call: Operation) -> None:
    sides = len(importer.graph.tensors[call.output].shape)
    axis = call.options.axis if call.options.axis < 0 else call.options.axis - sides
    reads = [importer.names.get(index, "") for index in call.inputs]
    call.finish(Concatenate(axis), reads)


def pool(kind: type) -> Callable[[Importer, Operation], None]:
    def handler(importer: Importer, call: Operation) -> None:
        window = call.window((call.options.filterHeight, call.options.filterWidth))
        call.finish(kind(window, call.limits()))

    return handler


def mean(importer: Importer, call: Operation) -> None:
    sides = len(importer.graph.tensors[call.inputs[0]].shape)
    axes = sorted(int(axis) % sides for axis in call.constant(1).reshape(-1))
    if axes != list(range(1, sides - 1)):
        raise call.unsupported("a mean over other axes than rows and columns")
    call.finish(GlobalAveragePool(importer.made.rounding))


def pad(importer: Importer, call: Operation) -> None:
    pairs = [(int(low), int(high)) for low, high in call.constant(1)]
    if pairs[0] != (0, 0) or pairs[-1] != (0, 0) or len(pairs) not in (3, 4):
        raise call.unsupported("a pad of channels")
    (top, bottom), (left, right) = ((0, 0), pairs[1]) if len(pairs) == 3 else (pairs[1], pairs[2])
    call.finish(Pad((top, bottom, left, right)))


def softmax(importer: Importer, call: Operation) -> None:
    if call.options.beta != 1.0:
        raise call.unsupported(f"a softmax of beta {call.options.beta:g}")
    call.finish(Softmax())


HANDLERS: dict[str, Callable[[Importer, Operation], None]] = {
    "CONV_2D": convolve,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": fully_connect,
    "ADD": add,
    "CONCATENATION": concatenate,
    "MAX_POOL_2D": pool(MaxPool),
    "AVERAGE_POOL_2D": pool(AveragePool),
    "MEAN": mean,
    "PAD": pad,
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), reshape),
    "SOFTMAX": softmax,
}

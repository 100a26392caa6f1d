"""Quantised ONNX files as packed models: integers, scales and zero points stay as they lie; uint8 moves by 128.

QDQ (QuantizeLinear and DequantizeLinear around float operations) and QOperator (QLinearConv and its kin) are one: an
operation waits for the scale of what it writes, which stands in the next QuantizeLinear or in the operation itself.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import DataError, MissingToolError, TinyGmpError, UnsupportedError
from tinygmp.foreign import reads
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.limits import NO_LIMITS, Limits
from tinygmp.readers.integer_files import QUANTISED
from tinygmp.readers.integer_graph import IntegerGraph, Meaning, name_of
from tinygmp.readers.onnx import channels_last
from tinygmp.readers.onnx_call import attributes
from tinygmp.readers.onnx_constants import folded
from tinygmp.readers.onnx_int8_arrays import quantised, tensor_meaning
from tinygmp.readers.onnx_int8_call import Call, Held, Holdings, Pending, plain
from tinygmp.readers.onnx_int8_layers import LAYERS
from tinygmp.readers.onnx_int8_pools import POOLS
from tinygmp.readers.onnx_int8_shapes import SHAPES, TO_FIRST
from tinygmp.readers.onnx_int8_sums import SUMS, rescaled

HANDLERS = LAYERS | SUMS | POOLS | SHAPES

SUPPORTED = (
    "convolutions, matrices, additions, joins, pools, means, pads, ReLU, clips, flattening, softmax; int8 or uint8 "
    "values of one scale, int8 weights of -127..127; quantise with quantize_static of onnxruntime.quantization, "
    "after its quant_pre_process"
)


@reads("a quantised .onnx file", "export it again")
def load_int8_onnx(path: Path, rounding: str = "fp32") -> PackedModel:
    """Return the packed model of a quantised ONNX file; zeros among its weights are packed.

    rounding: 'fp32' is nearest to onnxruntime. Inputs and outputs are the int8 values inside of the quantise and
    dequantise operations at the ends, maps with their channels last. Raises DataError for a file that is no such
    model, UnsupportedError that names a node, MissingToolError.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingToolError("onnx is absent; install it with: pip install onnx") from error
    try:
        graph = onnx.load(str(path)).graph
        arrays = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    except Exception as error:
        raise DataError(f"'{path}' cannot be read as ONNX: {error}; export it again") from error
    if not any(node.op_type in QUANTISED for node in graph.node):
        raise UnsupportedError(
            f"'{path}' computes in floats; give it to tinygmp pack, or quantise it with "
            "onnxruntime.quantization.quantize_static"
        )
    try:
        return Importer(path.name, graph, arrays, rounding).packed(name_of(path))
    except (DataError, UnsupportedError):
        raise
    except TinyGmpError as error:
        raise DataError(f"'{path}' becomes no packed model: {error}") from error
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError, StopIteration) as error:
        raise DataError(f"'{path}' is a damaged ONNX model ({error!r}); export it again") from error


class Importer:
    """Takes nodes in order of execution."""

    def __init__(self, origin: str, graph: Any, arrays: dict[str, np.ndarray], rounding: str) -> None:
        self.graph, self.made = graph, IntegerGraph(origin, rounding, SUPPORTED)
        self.file = Holdings(self.made, dict(arrays))
        self.inputs: dict[str, Held] = {}

    def packed(self, name: str) -> PackedModel:
        entries = [entry for entry in self.graph.input if entry.name not in self.file.constants]
        for entry in entries:
            self.file.names[entry.name] = Pending(self.input(entry))
        for node in self.graph.node:
            self.add(node)
        outputs = [self.output(entry.name) for entry in self.graph.output]
        unread = [entry.name for entry in entries if entry.name not in self.inputs]
        if unread:
            raise self.made.unsupported(f"input '{unread[0]}'", "an input that no operation reads")
        return self.made.model(name, [self.inputs[entry.name].value for entry in entries], outputs)

    def input(self, entry: Any) -> Callable[[Meaning, Limits], Held]:
        """Return what makes a value of an input once its scale is known."""
        sides = [each.dim_value for each in entry.type.tensor_type.shape.dim][1:]
        if len(sides) not in (1, 2, 3) or min(sides) < 1:
            raise DataError(
                f"'{self.made.origin}': input '{entry.name}' has sides {sides} after its batch; expected "
                "[channels, rows, columns], [channels, steps] or [elements], each a number"
            )

        last = len(sides) == 3 and comes_last(self.graph, entry.name)

        def settle(meaning: Meaning, limits: Limits) -> Held:
            if entry.name not in self.inputs:
                shape = tuple(sides) if last else channels_last(sides)
                self.inputs[entry.name] = Held(self.made.value(shape, meaning), last=last)
            held = self.inputs[entry.name]
            if self.made.meaning(held.value) != meaning or limits != NO_LIMITS:
                raise self.made.unsupported(
                    f"input '{entry.name}'", "an input with two scales, or with a clamp,"
                )
            return held

        return settle

    def output(self, name: str) -> str:
        held = self.file.names[name]
        if isinstance(held, Pending):
            if held.usual is None:
                raise self.made.unsupported(f"output '{name}'", "an output of floats that nothing quantises")
            held = held.settle(held.usual, held.limits)
        return plain(self.made, f"output '{name}'", replace(held, last=False))

    def add(self, node: Any) -> None:
        call, constants = Call(self.file, node), self.file.constants
        if node.op_type == "Constant":
            constants[call.written] = np.asarray(call.at["value"])
            return
        if node.op_type == "Identity" and call.inputs[0] in self.file.weights:
            self.file.weights[call.written] = self.file.weights[call.inputs[0]]
            return
        if node.op_type == "Shape":
            constants[call.written] = shape_of(call, call.held())
            return
        if node.op_type in CONVERSIONS:
            CONVERSIONS[node.op_type](call)
            return
        if all(name in constants for name in node.input if name):
            value = folded(node.op_type, call.at, [constants.get(name) for name in node.input])
            if value is not None:
                constants[call.written] = value
                return
        handler = HANDLERS.get(node.op_type)
        if handler is None:
            raise call.unsupported("this operation")
        self.file.names[call.written] = handler(call)


def comes_last(graph: Any, name: str) -> bool:
    """Return whether a map's channels come last in the file: it is transposed before anything else."""
    readers = [node for node in graph.node if name in node.input]
    if len(readers) == 1 and readers[0].op_type in ("QuantizeLinear", "DequantizeLinear", "Identity"):
        return comes_last(graph, readers[0].output[0])
    return bool(readers) and all(
        node.op_type == "Transpose" and attributes(node).get("perm") == TO_FIRST for node in readers
    )


def shape_of(call: Call, held: Held) -> np.ndarray:
    """Return a value's shape as the file orders it, for one sample."""
    value = call.value(held)
    if held.flat or len(value.shape) == 1:
        return np.array([1, value.size], np.int64)
    rows, columns, channels = value.shape
    return np.array([1, *(value.shape if held.last else (channels, rows, columns))], np.int64)


def quantise(call: Call) -> None:
    file, zero = call.file, call.constant(2) if call.has(2) else np.zeros((), np.uint8)
    if call.inputs[0] in file.constants:  # weights that were left as floats
        axis = int(call.at.get("axis", 1))
        file.constants[call.written] = quantised(call.constant(0), call.constant(1), zero, axis)
        return
    found, meaning = call.something(), call.meaning(1)
    if isinstance(found, Pending):
        file.names[call.written] = found.settle(meaning, found.limits)
    else:
        file.names[call.written] = rescaled(call, found, meaning, NO_LIMITS)


def dequantise(call: Call) -> None:
    file, zero = call.file, call.constant(2) if call.has(2) else np.zeros((), np.uint8)
    if call.inputs[0] in file.constants:
        axis = int(call.at.get("axis", 1))
        file.weights[call.written] = tensor_meaning(call.constant(0), call.constant(1), zero, axis)
    else:
        file.names[call.written] = call.integers(0, 1)


CONVERSIONS: dict[str, Callable[[Call], None]] = {"QuantizeLinear": quantise, "DequantizeLinear": dequantise}

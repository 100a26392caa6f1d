"""What every operation of a TFLite file is read through: the file's tensors, and one call with what it names."""

from collections import Counter
from typing import Any

import numpy as np

from tinygmp.errors import DataError, UnsupportedError
from tinygmp.readers.builder import GraphBuilder

FLOATS = {0: np.float32, 1: np.float16}  # TensorType
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

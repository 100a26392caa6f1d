"""What lies in a .tflite file: operators, tensors, their bytes, scales and zeros, read as a flatbuffer."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.errors import FileFormatError, MissingToolError
from tinygmp.foreign import reads
from tinygmp.inspect.file import FileInspection, LayerRow, TensorRow, sparsity_of

IDENTIFIER = b"TFL3"
DTYPES = {"FLOAT32": "<f4", "FLOAT16": "<f2", "FLOAT64": "<f8", "INT8": "i1", "UINT8": "u1", "INT16": "<i2",
          "UINT16": "<u2", "INT32": "<i4", "UINT32": "<u4", "INT64": "<i8", "UINT64": "<u8", "BOOL": "?"}  # fmt: skip


@dataclass(frozen=True)
class Operator:
    """One step of a subgraph: indices of its tensors; -1 is an optional input that is left out."""

    op: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """The first subgraph of a file, in order of execution."""

    name: str
    file_bytes: int
    tensors: tuple[TensorRow, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: int
    outside: bool = False  # some data lie beside the flatbuffer, where microcontrollers do not look

    @property
    def operator_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(operator.op for operator in self.operators))


def inspect_tflite(path: Path) -> FileInspection:
    """Return what a .tflite file holds; raises FileFormatError for another or a damaged file."""
    graph = read_tflite(path)
    layers = []
    for index, operator in enumerate(graph.operators):
        read = [graph.tensors[each] for each in operator.inputs if each >= 0 and graph.tensors[each].constant]
        made = graph.tensors[operator.outputs[0]] if operator.outputs else TensorRow("", (), "", 0, False)
        weights = max(read, key=lambda tensor: tensor.stored_bytes, default=None)
        layers.append(
            LayerRow(
                name=made.name or f"operator {index}",
                op=operator.op,
                shape=made.shape,
                dtype=made.dtype,
                constant_bytes=sum(tensor.stored_bytes for tensor in read),
                scale=weights.scale if weights else None,
                sparsity=weights.sparsity if weights else None,
            )
        )
    held = sum(tensor.stored_bytes for tensor in graph.tensors)
    parts = {"constant tensors": held, "graph, names and padding": max(graph.file_bytes - held, 0)}
    notes = (f"{graph.subgraphs} subgraphs; the first is shown",) if graph.subgraphs > 1 else ()
    return FileInspection("tflite", graph.name, graph.file_bytes, tuple(layers), graph.tensors, parts, notes)


@reads("a .tflite file", "convert it again", FileFormatError)
def read_tflite(path: Path) -> Graph:
    """Read the first subgraph of a file, trusting no length in it."""
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise MissingToolError(
            "the TFLite schema is absent; install it with: pip install ai-edge-litert"
        ) from error
    data = path.read_bytes()
    if len(data) < 8 or data[4:8] != IDENTIFIER:
        raise FileFormatError(f"'{path}' is not a .tflite file: it lacks the mark {IDENTIFIER.decode()}")
    try:
        return GraphReader(schema, data, path).graph()
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, OverflowError, KeyError,
            UnicodeDecodeError, MemoryError) as error:  # fmt: skip
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"'{path}' is a damaged .tflite file: {error}; convert it again") from error


class GraphReader:
    """Reads one file; every length is held against the bytes that the file has."""

    def __init__(self, schema: Any, data: bytes, path: Path) -> None:
        self.schema, self.data, self.path = schema, data, path
        self.model = schema.Model.GetRootAs(data, 0)
        self.left = len(data)
        self.types = names_of(schema.TensorType)
        self.ops = names_of(schema.BuiltinOperator)
        self.shared: dict[int, int] = {}  # tensors of one buffer
        self.outside = False

    def count(self, length: int) -> range:
        """Return the indices of a vector; raises FileFormatError when the file cannot hold so many entries."""
        self.left -= length
        if length < 0 or self.left < 0:
            raise FileFormatError(
                f"'{self.path}' is a damaged .tflite file: it claims more entries than bytes"
            )
        return range(length)

    def graph(self) -> Graph:
        if self.model.SubgraphsLength() < 1:
            raise FileFormatError(f"'{self.path}' is a .tflite file without a graph")
        subgraph = self.model.Subgraphs(0)
        tensors = tuple(self.tensor(subgraph.Tensors(i)) for i in self.count(subgraph.TensorsLength()))
        operators = tuple(
            self.operator(subgraph.Operators(i), len(tensors)) for i in self.count(subgraph.OperatorsLength())
        )
        ends = [
            self.places([part(i) for i in self.count(length)], len(tensors))
            for part, length in (
                (subgraph.Inputs, subgraph.InputsLength()),
                (subgraph.Outputs, subgraph.OutputsLength()),
            )
        ]
        return Graph(self.path.stem, len(self.data), tensors, operators, ends[0], ends[1],
                     self.model.SubgraphsLength(), self.outside)  # fmt: skip

    def places(self, indices: list[int], tensors: int) -> tuple[int, ...]:
        if any(not -1 <= index < tensors for index in indices):
            raise FileFormatError(
                f"'{self.path}' is a damaged .tflite file: it names a tensor that it has not"
            )
        return tuple(indices)

    def operator(self, operator: Any, tensors: int) -> Operator:
        if not 0 <= operator.OpcodeIndex() < self.model.OperatorCodesLength():
            raise FileFormatError(f"'{self.path}' is a damaged .tflite file: it names no such operator")
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name = self.ops.get(number, f"operator {number}")
        if name == "CUSTOM":
            name = f"CUSTOM {(code.CustomCode() or b'').decode(errors='replace')}"
        read = [operator.Inputs(i) for i in self.count(operator.InputsLength())]
        made = [operator.Outputs(i) for i in self.count(operator.OutputsLength())]
        return Operator(name, self.places(read, tensors), self.places(made, tensors))

    def tensor(self, tensor: Any) -> TensorRow:
        shape = tuple(int(tensor.Shape(i)) for i in self.count(tensor.ShapeLength()))
        dtype = self.types.get(tensor.Type(), f"type {tensor.Type()}")
        scale, zero_point, scales = self.quantisation(tensor.Quantization())
        stored, content = self.content(tensor.Buffer())
        sparsity = None
        if content is not None and dtype in DTYPES:
            whole = len(content) - len(content) % np.dtype(DTYPES[dtype]).itemsize
            sparsity = sparsity_of(np.frombuffer(content[:whole], DTYPES[dtype]), zero_point or 0)
        return TensorRow(
            name=(tensor.Name() or b"").decode(errors="replace"),
            shape=shape,
            dtype=dtype.lower(),
            stored_bytes=stored,
            constant=content is not None,
            scale=scale,
            zero_point=zero_point,
            scales=scales,
            sparsity=None if tensor.Sparsity() is not None else sparsity,
        )

    def content(self, index: int) -> tuple[int, bytes | None]:
        """Return (bytes that this tensor adds to the file, content); tensors may share a buffer, which counts once."""
        if not 0 <= index < self.model.BuffersLength():
            raise FileFormatError(f"'{self.path}' is a damaged .tflite file: buffer {index} is absent")
        buffer = self.model.Buffers(index)
        offset, size = int(buffer.Offset()), int(buffer.Size())
        if offset > 1:  # written behind the flatbuffer
            self.outside = True
            content = self.data[offset : offset + size]
            if len(content) != size:
                raise FileFormatError(f"'{self.path}' is cut off: buffer {index} lies beyond its end")
        elif buffer.DataIsNone() or buffer.DataLength() == 0:
            return 0, None
        else:
            if buffer.DataLength() > len(self.data):
                raise FileFormatError(f"'{self.path}' is a damaged .tflite file: buffer {index} is too long")
            content = bytes(buffer.DataAsNumpy())
        first = self.shared.setdefault(index, len(self.shared)) == len(self.shared) - 1
        return (len(content) if first else 0), content

    def quantisation(self, found: Any) -> tuple[float | None, int | None, int]:
        if found is None or found.ScaleLength() == 0:
            return None, None, 0
        self.count(found.ScaleLength())
        zero_point = int(found.ZeroPoint(0)) if found.ZeroPointLength() else 0
        return float(found.Scale(0)), zero_point, int(found.ScaleLength())


def names_of(codes: Any) -> dict[int, str]:
    """Return number -> name of one of the schema's enumerations."""
    return {number: name for name, number in vars(codes).items() if isinstance(number, int)}

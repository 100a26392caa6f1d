"""A TFLite flatbuffer with one subgraph, written over the schema that ships with ai-edge-litert.

Every buffer lies inside the file and starts at a multiple of 16 bytes: readers on microcontrollers return
garbage for buffers outside the flatbuffer and need aligned data, and Python flatbuffers ignores the schema's
`force_align`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygmp.errors import MissingToolError

try:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema
except ImportError as error:
    raise MissingToolError(
        "the TFLite schema is absent; install it with: pip install ai-edge-litert"
    ) from error

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
BUFFER_ALIGNMENT = 16
TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
}


class AlignedBuffer(schema.BufferT):
    """A buffer whose bytes are aligned within the file."""

    def Pack(self, builder: flatbuffers.Builder) -> int:
        data = None
        if self.data is not None:
            content = bytes(self.data)
            builder.StartVector(1, len(content), BUFFER_ALIGNMENT)
            builder.head = builder.Head() - len(content)
            builder.Bytes[builder.Head() : builder.Head() + len(content)] = content
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


@dataclass
class Subgraph:
    """Tensors, operators and buffers in order of creation; indices are what TFLite stores."""

    tensors: list = field(default_factory=list)
    operators: list = field(default_factory=list)
    # Buffer 0 is empty by convention: tensors computed at run time point at it.
    buffers: list = field(default_factory=lambda: [AlignedBuffer()])
    operator_codes: dict[tuple[int, int, str], int] = field(default_factory=dict)

    def tensor(self, name: str, shape: tuple[int, ...], dtype: type, scale: float = 0.0) -> int:
        """Add a tensor computed at run time; a scale makes it quantised with zero point 0."""
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = list(shape)
        tensor.type = TYPES[np.dtype(dtype)]
        tensor.buffer = 0
        tensor.hasRank = True
        tensor.quantization = schema.QuantizationParametersT()
        if scale:
            tensor.quantization.scale = np.array([scale], np.float32)
            tensor.quantization.zeroPoint = np.array([0], np.int64)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, name: str, array: np.ndarray, scale: float = 0.0) -> int:
        """Add a tensor whose contents lie in the file."""
        index = self.tensor(name, array.shape, array.dtype.type, scale)
        little_endian = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
        self.tensors[index].buffer = self.buffer(little_endian.tobytes())
        return index

    def buffer(self, content: bytes) -> int:
        self.buffers.append(AlignedBuffer(data=content))
        return len(self.buffers) - 1

    def operator(
        self, kind: str, version: int, inputs: list[int], output: int, options: Any = None, custom: str = ""
    ) -> int:
        """Add an operator with one output and return that output's index; kind 'CUSTOM' has its name in `custom`."""
        code = getattr(schema.BuiltinOperator, kind)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.operator_codes.setdefault(
            (code, version, custom), len(self.operator_codes)
        )
        operator.inputs, operator.outputs = list(inputs), [output]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(
                schema.BuiltinOptions, type(options).__name__.removesuffix("T")
            )
        self.operators.append(operator)
        return output


def serialise(
    graph: Subgraph, inputs: Mapping[str, int], outputs: Mapping[str, int], metadata: Mapping[str, bytes]
) -> bytes:
    """Return the bytes of a model with one signature, 'step'; the same graph gives the same bytes."""
    model = schema.ModelT()
    model.version = SCHEMA_VERSION
    model.description = "tinygmp"
    model.operatorCodes = [operator_code(*key) for key in graph.operator_codes]
    model.subgraphs = [subgraph(graph, inputs, outputs)]
    model.signatureDefs = [signature("step", inputs, outputs)]
    model.metadata = [metadata_entry(name, graph.buffer(content)) for name, content in metadata.items()]
    model.buffers = graph.buffers
    builder = flatbuffers.Builder(sum(len(buffer.data or b"") for buffer in graph.buffers) + 4096)
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


def operator_code(code: int, version: int, custom: str) -> Any:
    entry = schema.OperatorCodeT()
    entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), version
    entry.customCode = custom or None
    return entry


def subgraph(graph: Subgraph, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> Any:
    entry = schema.SubGraphT()
    entry.name = "step"
    entry.tensors, entry.operators = graph.tensors, graph.operators
    entry.inputs, entry.outputs = list(inputs.values()), list(outputs.values())
    return entry


def signature(key: str, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> Any:
    entry = schema.SignatureDefT()
    entry.signatureKey, entry.subgraphIndex = key, 0
    entry.inputs = [tensor_map(name, index) for name, index in inputs.items()]
    entry.outputs = [tensor_map(name, index) for name, index in outputs.items()]
    return entry


def tensor_map(name: str, index: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, index
    return entry


def metadata_entry(name: str, buffer: int) -> Any:
    entry = schema.MetadataT()
    entry.name, entry.buffer = name, buffer
    return entry

"""Weights of linear layers: dense, as CSR that expands at load, or as bitmaps that TFLite Micro decodes."""

from typing import Any

import numpy as np

from converters.to_tflite.flatbuffer import schema
from converters.to_tflite.writer import Writer
from tinygmp.graph.model import Node
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.values import Value

DECODE = "TFLM_DECODE"
HEADER_BYTES = 16  # of the ancillary data: codec 2 (pruning), header version 1, codec version 1 in byte 4
CODEC, HEADER_VERSION, CODEC_VERSION = 2, 1, 1
TENSOR_BYTES = 512  # about what two more tensors and an operator take in the file


def weights(writer: Writer, node: Node, operator: Linear) -> int:
    """Add the weights in TFLite's layout, in the form's way, and return their tensor."""
    q, (shape, axis) = laid_out(operator, operator.weights.decode()), layout(operator)
    name = f"{node.name}.weights"
    if writer.form == "micro" and is_smaller(operator):
        return decoded_weights(writer, node, operator, q)
    if writer.quantised:
        tensor = writer.graph.constant(name, q.reshape(shape))
        quantize(writer, tensor, weight_scales(operator), axis)
        return tensor
    real = (operator.weights.decode() * operator.weight_scales[:, None]).astype(np.float32)
    single = not isinstance(operator, Conv2d | DepthwiseConv2d) or operator.window.kernel == (1, 1)
    if writer.form == "f32_sparse" and single and csr_bytes(operator.weights.decode()) < real.nbytes:
        return sparse_weights(writer, node, real, shape)
    if writer.mirrored and isinstance(operator, Conv2d | DepthwiseConv2d):
        taps = real.reshape(operator.outputs, operator.window.taps, -1)
        real = taps[:, ::-1].reshape(real.shape)
    return writer.graph.constant(name, laid_out(operator, real).reshape(shape))


def layout(operator: Linear) -> tuple[tuple[int, ...], int]:
    """Return TFLite's shape, outputs, rows, columns, inputs or 1, rows, columns, outputs, and the axis of scales."""
    if isinstance(operator, DepthwiseConv2d):
        return (1, *operator.window.kernel, operator.outputs), 3
    if isinstance(operator, Conv2d):
        return (operator.outputs, *operator.window.kernel, operator.inputs), 0
    return operator.weights.shape, 0


def laid_out(operator: Linear, matrix: np.ndarray) -> np.ndarray:
    """Return a matrix [outputs, columns] in the order of TFLite's layout."""
    return np.ascontiguousarray(matrix.T if isinstance(operator, DepthwiseConv2d) else matrix)


def weight_scales(operator: Linear) -> np.ndarray:
    return operator.weight_scales[:1] if operator.one_scale else operator.weight_scales


def bias(writer: Writer, node: Node, operator: Linear, read: Value) -> int:
    scales = np.float32(read.scale) * operator.weight_scales
    if not writer.quantised:
        return writer.graph.constant(f"{node.name}.bias", (operator.bias * scales).astype(np.float32))
    tensor = writer.graph.constant(f"{node.name}.bias", operator.bias.astype(np.int32))
    quantize(writer, tensor, scales[:1] if operator.one_scale else scales, 0)
    return tensor


def quantize(writer: Writer, tensor: int, scales: np.ndarray, axis: int) -> None:
    quantization = writer.graph.tensors[tensor].quantization
    quantization.scale = scales.astype(np.float32)
    quantization.zeroPoint = np.zeros(len(scales), np.int64)
    quantization.quantizedDimension = axis


def is_smaller(operator: Linear) -> bool:
    """Return whether a bitmap and its survivors take less of the file than the weights."""
    size = operator.weights.size
    return -(-size // 8) + operator.weights.nnz + HEADER_BYTES + TENSOR_BYTES < size


def decoded_weights(writer: Writer, node: Node, operator: Linear, q: np.ndarray) -> int:
    """Add a bitmap, its survivors, and the TFLM_DECODE that writes the weights into the arena."""
    shape, axis = layout(operator)
    flat = q.ravel()
    header = np.zeros(HEADER_BYTES, np.uint8)
    header[[0, 1, 4]] = CODEC, HEADER_VERSION, CODEC_VERSION
    ancillary = np.concatenate([header, flat[flat != 0].view(np.uint8)])
    encoded = writer.graph.constant(f"{node.name}.bitmap", np.packbits(flat != 0, bitorder="big"))
    survivors = writer.graph.constant(f"{node.name}.survivors", ancillary)
    decoded = writer.graph.tensor(f"{node.name}.weights", shape, np.int8)
    quantize(writer, decoded, weight_scales(operator), axis)
    return writer.graph.operator("CUSTOM", 1, [encoded, survivors], decoded, custom=DECODE)


def sparse_weights(writer: Writer, node: Node, real: np.ndarray, shape: tuple[int, ...]) -> int:
    """Add CSR weights and the DENSIFY that expands them."""
    sparse = writer.graph.tensor(f"{node.name}.weights", shape, np.float32)
    tensor = writer.graph.tensors[sparse]
    tensor.buffer = writer.graph.buffer(real[real != 0].astype("<f4").tobytes())
    tensor.sparsity = csr_parameters(real, shape)
    dense = writer.graph.tensor(f"{node.name}.dense", shape, np.float32)
    return writer.graph.operator("DENSIFY", 1, [sparse], dense, schema.DensifyOptionsT())


def csr_bytes(q: np.ndarray) -> int:
    """Return the bytes of float32 values, their column indices and int32 row starts."""
    return int(np.count_nonzero(q)) * (4 + (1 if q.shape[1] <= 256 else 2)) + 4 * (len(q) + 1)


def csr_parameters(real: np.ndarray, shape: tuple[int, ...]) -> Any:
    """Return TFLite's sparsity parameters: rows dense, the last dimension CSR."""
    parameters = schema.SparsityParametersT()
    parameters.traversalOrder = np.arange(len(shape), dtype=np.int32)
    parameters.blockMap = np.zeros(0, np.int32)
    parameters.dimMetadata = [dense_dimension(size) for size in shape[:-1]]
    last = schema.DimensionMetadataT()
    last.format = schema.DimensionType.SPARSE_CSR
    mask = real != 0
    starts = np.concatenate([[0], np.cumsum(mask.sum(axis=1))]).astype(np.int32)
    last.arraySegmentsType = schema.SparseIndexVector.Int32Vector
    last.arraySegments = schema.Int32VectorT()
    last.arraySegments.values = starts
    narrow = real.shape[1] <= 256
    vector = schema.SparseIndexVector.Uint8Vector if narrow else schema.SparseIndexVector.Uint16Vector
    last.arrayIndicesType = vector
    last.arrayIndices = schema.Uint8VectorT() if narrow else schema.Uint16VectorT()
    last.arrayIndices.values = np.nonzero(mask)[1].astype(np.uint8 if narrow else np.uint16)
    parameters.dimMetadata.append(last)
    return parameters


def dense_dimension(size: int) -> Any:
    dimension = schema.DimensionMetadataT()
    dimension.format = schema.DimensionType.DENSE
    dimension.denseSize = size
    return dimension

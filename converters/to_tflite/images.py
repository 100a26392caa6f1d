"""A PackedImageModel as TFLite: int8 per channel, float32 dense, float32 with sparse weights."""

import json
from typing import Any

import numpy as np

from converters.to_tflite.flatbuffer import Subgraph, schema, serialise
from tinygmp.artifact import Artifact
from tinygmp.errors import UnsupportedError
from tinygmp.packed.image_model import (
    DepthwiseConv2d,
    GlobalAveragePool,
    ImageClassifier,
    ImageLinear,
    PackedImageModel,
)

KINDS = ("int8", "f32", "f32_sparse")


def convert_images(model: PackedImageModel, kinds: tuple[str, ...] = KINDS) -> Artifact:
    """Return `<name>_<kind>.tflite` for each kind, the first as entry point.

    int8: q = pixel - 128 in, int8 logits out; equals the reference executor bit for bit under TFLite's reference
    kernels. f32: (pixel - 128) / 127.5 in, real logits out, weights and biases those of the packed model;
    activations are not rounded. f32_sparse: the same with CSR weights where they are smaller, expanded at load.
    With all kinds comes `<name>_int8_micro.tflite` where it is smaller than int8: for TFLite Micro only.
    Raises UnsupportedError for another kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise UnsupportedError(
                f"model '{model.name}': TFLite kind '{kind}' is unknown; known: {', '.join(KINDS)}. Sparse int8 is "
                "refused: TFLite runs it wrongly or not at all"
            )
    files = {f"{model.name}_{kind}.tflite": ImageGraph(model, kind).build() for kind in kinds}
    if kinds == KINDS and (micro := micro_file(model)) is not None:
        files[f"{model.name}_int8_micro.tflite"] = micro
    notes = {
        "int8": "equal to the reference in every bit under TFLite's reference kernels; XNNPACK rounds otherwise",
        "int8_micro": "weights decode in the arena (TFLM_DECODE); runs in TFLite Micro only",
        "f32_sparse": "weights expand at load (DENSIFY); does not run in TFLite Micro",
    }
    return Artifact("tflite", model.name, files, f"{model.name}_{kinds[0]}.tflite", notes)


def micro_file(model: PackedImageModel) -> bytes | None:
    from converters.to_tflite.micro_images import micro_images  # which extends the graph below

    return micro_images(model)


class ImageGraph:
    """One TFLite graph under construction; `x` is the current tensor of shape [1, rows, rows, channels]."""

    def __init__(self, model: PackedImageModel, kind: str) -> None:
        self.model, self.kind = model, kind
        self.graph = Subgraph()
        self.rows, self.channels = model.size, model.channels
        self.activation = model.linear()[0].input

    def build(self) -> bytes:
        """Return the file's bytes."""
        self.x = start = self.computed("pixels")
        for layer in self.model.layers:
            if isinstance(layer, GlobalAveragePool):
                self.pool(layer)
            else:
                self.linear(layer)
        facts = json.dumps(dict(sorted(self.model.provenance.items())), separators=(",", ":"))
        metadata = {"tinygmp": facts.encode()}
        return serialise(self.graph, {"pixels": start}, {"logits": self.x}, metadata)

    def computed(self, name: str) -> int:
        """Add the tensor of the current shape and activation."""
        shape: tuple[int, ...] = (1, self.rows, self.rows, self.channels)
        if name == "logits":
            shape = (1, self.channels)
        if self.kind != "int8":
            return self.graph.tensor(name, shape, np.float32)
        return self.with_zero(self.graph.tensor(name, shape, np.int8, self.activation.scale))

    def with_zero(self, tensor: int) -> int:
        zero = np.array([self.activation.zero_point], np.int64)
        self.graph.tensors[tensor].quantization.zeroPoint = zero
        return tensor

    def pool(self, layer: GlobalAveragePool) -> None:
        """Average: AVERAGE_POOL_2D in int8, whose rounding is the reference's; MEAN in float, as XNNPACK wants."""
        rows, self.rows = self.rows, 1
        if self.kind == "int8":
            options = schema.Pool2DOptionsT()
            options.padding = schema.Padding.VALID
            options.strideH = options.strideW = options.filterHeight = options.filterWidth = rows
            self.x = self.graph.operator("AVERAGE_POOL_2D", 2, [self.x], self.computed(layer.name), options)
            return
        options = schema.ReducerOptionsT()
        options.keepDims = True
        axes = self.graph.constant("pool.axes", np.array([1, 2], np.int32))
        self.x = self.graph.operator("MEAN", 1, [self.x, axes], self.computed(layer.name), options)

    def linear(self, layer: ImageLinear) -> None:
        same = self.pad_unless_same(layer)
        inputs = [self.x, self.weights(layer), self.bias(layer)]
        self.rows = -(-self.rows // layer.stride) if same else (self.rows - layer.kernel) // layer.stride + 1
        self.channels, self.activation = layer.outputs, layer.output
        clamp = getattr(schema.ActivationFunctionType, layer.activation.upper())
        if isinstance(layer, ImageClassifier):
            options = schema.FullyConnectedOptionsT()
            options.fusedActivationFunction = clamp
            kind, name, version = "FULLY_CONNECTED", "logits", 4 if self.kind == "int8" else 1
        else:
            depthwise = isinstance(layer, DepthwiseConv2d)
            options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
            options.padding = schema.Padding.SAME if same else schema.Padding.VALID
            options.strideH = options.strideW = layer.stride
            options.dilationHFactor = options.dilationWFactor = 1
            options.fusedActivationFunction = clamp
            if depthwise:
                options.depthMultiplier = 1
            kind, name = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", layer.name
            version = 3 if self.kind == "int8" else 1
        self.x = self.graph.operator(kind, version, inputs, self.computed(name), options)

    def pad_unless_same(self, layer: ImageLinear) -> bool:
        """Add a PAD when the padding is not TFLite's SAME; return whether it is SAME."""
        top, bottom, left, right = layer.padding
        total = max((-(-self.rows // layer.stride) - 1) * layer.stride + layer.kernel - self.rows, 0)
        if layer.padding == (total // 2, total - total // 2) * 2:
            return True
        pads = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
        amounts = self.graph.constant(f"{layer.name}.pads", pads)
        self.rows += top + bottom
        version = 2 if self.kind == "int8" else 1
        padded = self.computed(f"{layer.name}.padded")
        self.x = self.graph.operator("PAD", version, [self.x, amounts], padded, schema.PadOptionsT())
        return False

    def weights(self, layer: ImageLinear) -> int:
        """Add the weights in TFLite's layout: outputs, rows, columns, inputs; 1, rows, columns, channels."""
        q, kernel, axis = layer.weights.decode(), layer.kernel, 0
        real = (q * layer.weight_scales[:, None]).astype(np.float32)
        stored = q if self.kind == "int8" else real
        shape: tuple[int, ...] = (layer.outputs, kernel, kernel, layer.inputs)
        if isinstance(layer, DepthwiseConv2d):
            stored, shape, axis = stored.T, (1, kernel, kernel, layer.outputs), 3
        elif isinstance(layer, ImageClassifier):
            shape = (layer.outputs, layer.inputs)
        if self.kind == "f32_sparse" and kernel == 1 and csr_bytes(q) < real.nbytes:
            return self.sparse_weights(layer, real, shape)
        tensor = self.graph.constant(f"{layer.name}.weights", np.ascontiguousarray(stored).reshape(shape))
        if self.kind == "int8":
            scales = layer.weight_scales[:1] if isinstance(layer, ImageClassifier) else layer.weight_scales
            self.quantize(tensor, scales, axis)
        return tensor

    def sparse_weights(self, layer: ImageLinear, real: np.ndarray, shape: tuple[int, ...]) -> int:
        """Add CSR weights and the DENSIFY that expands them."""
        sparse = self.graph.tensor(f"{layer.name}.weights", shape, np.float32)
        tensor = self.graph.tensors[sparse]
        tensor.buffer = self.graph.buffer(real[real != 0].astype("<f4").tobytes())
        tensor.sparsity = csr_parameters(real, shape)
        dense = self.graph.tensor(f"{layer.name}.dense", shape, np.float32)
        return self.graph.operator("DENSIFY", 1, [sparse], dense, schema.DensifyOptionsT())

    def bias(self, layer: ImageLinear) -> int:
        scales = np.float32(layer.input.scale) * layer.weight_scales
        if self.kind != "int8":
            return self.graph.constant(f"{layer.name}.bias", (layer.bias * scales).astype(np.float32))
        tensor = self.graph.constant(f"{layer.name}.bias", layer.bias)
        self.quantize(tensor, scales[:1] if isinstance(layer, ImageClassifier) else scales, 0)
        return tensor

    def quantize(self, tensor: int, scales: np.ndarray, axis: int) -> None:
        quantization = self.graph.tensors[tensor].quantization
        quantization.scale = scales.astype(np.float32)
        quantization.zeroPoint = np.zeros(len(scales), np.int64)
        quantization.quantizedDimension = axis


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

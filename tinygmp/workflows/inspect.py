"""What is inside a packed model: layers, formats, sparsity, bytes against the limit, and where it came
from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tinygmp.packed.image_model import (
    DepthwiseConv2d,
    GlobalAveragePool,
    ImageClassifier,
    ImageLayer,
    ImageLinear,
    PackedImageModel,
)
from tinygmp.packed.layers import FastGrnn, Layer, SensorInput, packed_tensors
from tinygmp.packed.model import PackedModel
from tinygmp.packed.network import PackedNetwork
from tinygmp.packed.sizes import Ledger, ledger
from tinygmp.report.record import MatrixSparsity, PackedResult
from tinygmp.sparse.limits import entropy_limit_bits, limit_bits
from tinygmp.sparse.tensor import PackedTensor


@dataclass(frozen=True)
class TensorFacts:
    """One packed weight tensor; the limits are those of its weight streams alone."""

    layer: str
    name: str
    shape: tuple[int, int]
    index_format: str
    value_format: str
    nnz: int
    sparsity: float
    scale: float
    payload_bytes: int
    limit_bytes: float
    entropy_limit_bytes: float


@dataclass(frozen=True)
class LayerFacts:
    """One layer in words."""

    name: str
    kind: str
    what: str


@dataclass(frozen=True)
class Inspection:
    """A packed model as tables."""

    name: str
    synthetic: bool
    labels: tuple[str, ...]
    steps: int  # of a window; 0 where the input is an image
    channels: tuple[str, ...]  # 'body_acc_x, 8192 counts per g', or the pixels of an image
    layers: tuple[LayerFacts, ...]
    tensors: tuple[TensorFacts, ...]
    nnz: int
    sparsity: float
    payload_bytes: int
    limit_bytes: float
    entropy_limit_bytes: float
    by_part: Mapping[str, int]
    provenance: Mapping[str, str]


def inspect(model: PackedNetwork) -> Inspection:
    """Return what a packed model holds."""
    book = ledger(model)
    size = sum(tensor.size for tensor in model.tensors())
    return Inspection(
        name=model.name,
        synthetic=model.synthetic,
        labels=model.labels,
        steps=model.steps if isinstance(model, PackedModel) else 0,
        channels=input_facts(model),
        layers=tuple(layer_facts(layer) for layer in model.layers),
        tensors=tuple(
            tensor_facts(layer.name, tensor) for layer in model.layers for tensor in tensors_of(layer)
        ),
        nnz=model.nnz,
        sparsity=1 - model.nnz / size,
        payload_bytes=book.payload_bytes,
        limit_bytes=book.limit_bytes,
        entropy_limit_bytes=book.entropy_limit_bytes,
        by_part=book.by_part(),
        provenance=dict(model.provenance),
    )


def input_facts(model: PackedNetwork) -> tuple[str, ...]:
    if isinstance(model, PackedImageModel):
        pixels = f"{model.size} x {model.size} x {model.channels} pixels, uint8"
        return (pixels, f"sums rounded as {model.rounding}")
    assert isinstance(model, PackedModel)  # there are two kinds
    sensor = model.input
    counts = zip(sensor.channel_names, sensor.counts_per_unit, sensor.units, strict=True)
    return tuple(f"{name}, {per_unit:g} counts per {unit}" for name, per_unit, unit in counts)


def tensors_of(layer: Layer | ImageLayer) -> tuple[PackedTensor, ...]:
    if isinstance(layer, ImageLinear):
        return (layer.weights,)
    return () if isinstance(layer, GlobalAveragePool) else packed_tensors(layer)


def tensor_facts(layer: str, tensor: PackedTensor) -> TensorFacts:
    return TensorFacts(
        layer=layer,
        name=tensor.name,
        shape=tensor.shape,
        index_format=tensor.index_format,
        value_format=tensor.value_format,
        nnz=tensor.nnz,
        sparsity=1 - tensor.nnz / tensor.size,
        scale=tensor.scale,
        payload_bytes=tensor.payload_bytes,
        limit_bytes=limit_bits(tensor.size, tensor.nnz, tensor.value_bits) / 8,
        entropy_limit_bytes=entropy_limit_bits(tensor.decode()) / 8,
    )


def layer_facts(layer: Layer | ImageLayer) -> LayerFacts:
    if isinstance(layer, GlobalAveragePool):
        return LayerFacts(layer.name, "global average pool", "mean over rows and columns")
    if isinstance(layer, ImageLinear):
        return image_layer_facts(layer)
    if isinstance(layer, SensorInput):
        return LayerFacts(layer.name, "sensor input", f"{layer.channels} channels of int16 counts to int8")
    if isinstance(layer, FastGrnn):
        return LayerFacts(
            layer.name, "FastGRNN", f"{layer.input_size} inputs, {layer.hidden_size} hidden units"
        )
    classes, inputs = layer.weights.shape
    return LayerFacts(layer.name, "fully connected", f"{inputs} inputs, {classes} classes")


def image_layer_facts(layer: ImageLinear) -> LayerFacts:
    if isinstance(layer, ImageClassifier):
        return LayerFacts(layer.name, "fully connected", f"{layer.inputs} inputs, {layer.outputs} classes")
    kind = "depthwise convolution" if isinstance(layer, DepthwiseConv2d) else "convolution"
    what = (
        f"{layer.kernel} x {layer.kernel}, stride {layer.stride}, {layer.inputs} to {layer.outputs} channels"
    )
    return LayerFacts(layer.name, kind, f"{what}, activation {layer.activation}")


def packed_result(
    model: PackedModel, accuracy: float, validation_accuracy: float | None = None
) -> PackedResult:
    """Return the report's entry of a packed model; accuracies in per cent."""
    book: Ledger = ledger(model)
    return PackedResult(
        accuracy=accuracy,
        payload_bytes=book.payload_bytes,
        limit_bytes=book.limit_bytes,
        entropy_limit_bytes=book.entropy_limit_bytes,
        by_part=book.by_part(),
        nnz=model.nnz,
        formats={tensor.name: tensor.index_format for tensor in model.tensors()},
        by_layer=book.by_layer(),
        validation_accuracy=validation_accuracy,
        provenance=dict(model.provenance),
    )


def sparsity_by_matrix(model: PackedModel) -> dict[str, MatrixSparsity]:
    """Return size, nnz and sparsity of every packed matrix, in the order of execution."""
    return {
        tensor.name: MatrixSparsity(tensor.size, tensor.nnz, 1 - tensor.nnz / tensor.size)
        for tensor in model.tensors()
    }

"""What is inside a packed model: layers, formats, sparsity, bytes against the limit, and where it came
from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tinygmp.graph.kinds import kind_of
from tinygmp.graph.ledger import Ledger, ledger
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.fastgrnn import FastGrnn
from tinygmp.graph.operators.gated_cell import GatedCell
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.operators.window import Window
from tinygmp.graph.window_chain import is_wide
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
    none_beyond: int | None = (
        None  # the distance from where on it answers 'none of these'; None: it always names a class
    )


def inspect(model: PackedModel) -> Inspection:
    """Return what a packed model holds."""
    book = ledger(model)
    size = sum(tensor.size for tensor in model.tensors())
    return Inspection(
        name=model.name,
        synthetic=model.synthetic,
        labels=model.labels,
        steps=model.steps if model.recurrent else 0,
        none_beyond=model.reject.limit if model.reject else None,
        channels=input_facts(model),
        layers=tuple(layer_facts(model, node) for node in model.nodes),
        tensors=tuple(
            tensor_facts(node.name, tensor) for node in model.nodes for tensor in node.operator.tensors()
        ),
        nnz=model.nnz,
        sparsity=1 - model.nnz / size if size else 0.0,
        payload_bytes=book.payload_bytes,
        limit_bytes=book.limit_bytes,
        entropy_limit_bytes=book.entropy_limit_bytes,
        by_part=book.by_part(),
        provenance=dict(model.provenance),
    )


def input_facts(model: PackedModel) -> tuple[str, ...]:
    facts: list[str] = []
    for name in model.inputs:
        value = model.values[name]
        sensors = [node.operator for node in model.nodes_of(SensorInput) if name in node.reads]
        if sensors and isinstance(sensors[0], SensorInput):
            sensor = sensors[0]
            counts = zip(sensor.channel_names, sensor.counts_per_unit, sensor.units, strict=True)
            facts += [f"{channel}, {per_unit:g} counts per {unit}" for channel, per_unit, unit in counts]
        else:
            what = "pixels" if value.dtype == "uint8" else f"values of '{name}'"
            facts.append(f"{' x '.join(map(str, value.shape))} {what}, {value.dtype}")
    return (*facts, f"sums rounded as {model.rounding}") if model.rounding else tuple(facts)


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


def layer_facts(model: PackedModel, node: Node) -> LayerFacts:
    """Return a layer in words: its kind, its sizes, and how it ends."""
    operator, kind = (
        node.operator,
        KINDS_IN_WORDS.get(kind_of(node.operator), kind_of(node.operator).replace("_", " ")),
    )
    reads, writes = model.read_by(node), model.written_by(node)
    if isinstance(operator, SensorInput):
        return LayerFacts(
            node.name, kind, f"{operator.channels} channels of int16 counts to {writes[0].dtype}"
        )
    if isinstance(operator, FastGrnn | GatedCell):
        sizes = f"{operator.input_size} inputs, {operator.hidden_size} hidden units"
        return LayerFacts(node.name, kind, f"{sizes}, {'16' if is_wide(node) else '8'} bits")
    window = getattr(operator, "window", None)
    words = [] if window is None else [window_in_words(window)]
    if kind == "fully connected":
        classes = "classes" if model.labels and writes[0].name == model.outputs[0] else "outputs"
        words.append(f"{reads[0].size} inputs, {writes[0].size} {classes}")
    elif isinstance(operator, Linear):
        words.append(f"{reads[0].channels} to {writes[0].channels} channels")
    elif kind == "global average pool":
        words.append("mean over rows and columns")
    else:
        words.append(f"{' x '.join(map(str, reads[0].shape))} to {' x '.join(map(str, writes[0].shape))}")
    limits = getattr(operator, "limits", None)
    if limits is not None and kind != "fully connected":
        words.append(f"activation {limits.name}")
    return LayerFacts(node.name, kind, ", ".join(words))


KINDS_IN_WORDS = {
    "fastgrnn": "FastGRNN",
    "gru": "GRU",
    "lstm": "LSTM",
    "conv2d": "convolution",
    "depthwise_conv2d": "depthwise convolution",
}


def window_in_words(window: Window) -> str:
    """Return kernel, stride and dilation as people write them."""
    kernel, stride = (" x ".join(map(str, pair)) for pair in (window.kernel, window.stride))
    told = f"{kernel}, stride {window.stride[0] if len(set(window.stride)) == 1 else stride}"
    return told if window.dilation == (1, 1) else f"{told}, dilation {' x '.join(map(str, window.dilation))}"


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

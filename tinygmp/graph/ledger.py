"""The byte ledger: where every byte of a packed model lies in flash.

`payload_bytes` counts weight values, their indices, input normalisation, biases, tables and scalars (multipliers,
shifts, zeta, nu, kernel sizes at their natural width); neither code nor the container file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.add import Add
from tinygmp.graph.operators.conv2d import Conv2d, DepthwiseConv2d
from tinygmp.graph.operators.fastgrnn import FastGrnn, LowRank
from tinygmp.graph.operators.fully_connected import FullyConnected
from tinygmp.graph.operators.gated_cell import GatedCell, Gru, Lstm
from tinygmp.graph.operators.hidden_layer import HiddenLayer
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.operators.pad import Pad
from tinygmp.graph.operators.pool import AveragePool, GlobalAveragePool, MaxPool
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.graph.operators.softmax import Softmax
from tinygmp.sparse.limits import entropy_limit_bits, limit_bits
from tinygmp.sparse.tensor import PackedTensor

REQUANTIZER_BYTES = 4  # of a cell: pre_shift 1, multiplier 2, post_shift 1
CHANNEL_BYTES = 5  # of a linear layer's output: multiplier 4, shift 1
LINEAR_SCALAR_BYTES = 10  # in code: input zero, output zero, two clamps, kernel, stride, four paddings
CELL_SCALAR_BYTES = 8  # five shifts and zeta, one byte each; nu, two
ADD_SCALAR_BYTES = 16  # two multipliers and a bias, four bytes each; shift, zero, two clamps
POOL_SCALAR_BYTES = 10  # kernel, stride, four paddings, two clamps
# of a mean that rescales; multiplier 4, shift 1; and bias 4, zero 1, or an offset with 40 bits of fraction, 8
MEAN_SCALAR_BYTES = {"gemmlowp": 10, "fp32": 13}
LIMIT_BYTES = 4  # of the distance beyond which the answer is 'none of these'
PAD_SCALAR_BYTES = 5  # four sides and the zero point


@dataclass(frozen=True)
class LedgerRow:
    """One part of the payload: its layer, what it is, and its size."""

    layer: str
    part: str  # 'values', 'index', 'normalisation', 'biases', 'multipliers', 'tables', 'scalars'
    bytes: int


@dataclass(frozen=True)
class Ledger:
    """All rows of a model, with the information limit of the same content beside them."""

    rows: tuple[LedgerRow, ...]
    limit_bytes: float  # weight streams replaced by n*h2(k/n) + k * (bits of a value)
    entropy_limit_bytes: float  # weight streams replaced by H(mask) + H(values)

    @property
    def payload_bytes(self) -> int:
        return sum(row.bytes for row in self.rows)

    @property
    def scalar_bytes(self) -> int:
        """Bytes that generated code holds as constants in instructions rather than as arrays."""
        return self.by_part().get("scalars", 0)

    def by_part(self) -> dict[str, int]:
        """Return bytes per kind of content, in order of first appearance."""
        totals: dict[str, int] = {}
        for row in self.rows:
            totals[row.part] = totals.get(row.part, 0) + row.bytes
        return totals

    def by_layer(self) -> dict[str, dict[str, int]]:
        """Return bytes by layer or tensor, and within it by kind of content."""
        found: dict[str, dict[str, int]] = {}
        for row in self.rows:
            parts = found.setdefault(row.layer, {})
            parts[row.part] = parts.get(row.part, 0) + row.bytes
        return found


def ledger(model: PackedModel) -> Ledger:
    """Return the byte ledger of a model."""
    rows = [row for node in model.nodes for row in node_rows(model, node)]
    rows += reject_rows(model)
    streams = sum(tensor.payload_bytes for tensor in model.tensors())
    rest = sum(row.bytes for row in rows) - streams
    limit = sum(limit_bits(tensor.size, tensor.nnz, tensor.value_bits) for tensor in model.tensors()) / 8
    entropy = sum(entropy_limit_bits(tensor.decode()) for tensor in model.tensors()) / 8
    return Ledger(tuple(rows), rest + limit, rest + entropy)


def reject_rows(model: PackedModel) -> list[LedgerRow]:
    """Return the rows of what tells 'none of these'."""
    if model.reject is None:
        return []
    limit = LedgerRow("reject", "scalars", LIMIT_BYTES)
    return [LedgerRow("reject", "tables", model.reject.centroids.nbytes), limit]


def node_rows(model: PackedModel, node: Node) -> list[LedgerRow]:
    """Return the rows of one node; operators that no byte describes have none."""
    rows = ROWS.get(type(node.operator))
    return rows(model, node, node.operator) if rows else []


def sensor_rows(model: PackedModel, node: Node, operator: SensorInput) -> list[LedgerRow]:
    return [
        LedgerRow(node.name, "normalisation", operator.offset.nbytes + operator.multiplier.nbytes),
        LedgerRow(node.name, "scalars", 1),  # shift
    ]


def linear_rows(model: PackedModel, node: Node, operator: Linear) -> list[LedgerRow]:
    rows = [*tensor_rows(operator.weights), LedgerRow(node.name, "biases", operator.bias.nbytes)]
    if model.values[node.writes[0]].dtype == "int32":  # sums as they are
        return rows
    return [
        *rows,
        LedgerRow(node.name, "multipliers", operator.requantizer_count * CHANNEL_BYTES),
        LedgerRow(node.name, "scalars", LINEAR_SCALAR_BYTES),
    ]


def fastgrnn_rows(model: PackedModel, node: Node, operator: FastGrnn) -> list[LedgerRow]:
    low_rank = sum(isinstance(linear, LowRank) for linear in (operator.w, operator.u))
    return [
        *(row for tensor in operator.tensors() for row in tensor_rows(tensor)),
        LedgerRow(node.name, "biases", operator.bias_gate.nbytes + operator.bias_update.nbytes),
        LedgerRow(node.name, "tables", operator.table.nbytes),
        LedgerRow(node.name, "scalars", CELL_SCALAR_BYTES + REQUANTIZER_BYTES * (1 + low_rank)),
    ]


def gated_rows(model: PackedModel, node: Node, operator: GatedCell) -> list[LedgerRow]:
    """Return the rows of a cell; all cells of a model read one table."""
    first = next(each for each in model.nodes if isinstance(each.operator, GatedCell))
    return [
        *(row for tensor in operator.tensors() for row in tensor_rows(tensor)),
        LedgerRow(node.name, "biases", operator.bias.nbytes),
        LedgerRow(node.name, "tables", operator.table.nbytes if node is first else 0),
        LedgerRow(node.name, "scalars", 2 * REQUANTIZER_BYTES + isinstance(operator, Lstm)),
    ]


def hidden_rows(model: PackedModel, node: Node, operator: HiddenLayer) -> list[LedgerRow]:
    return [
        *tensor_rows(operator.weights),
        LedgerRow(node.name, "biases", operator.bias.nbytes),
        LedgerRow(node.name, "scalars", REQUANTIZER_BYTES + 4),  # two clamps
    ]


def softmax_rows(model: PackedModel, node: Node, operator: Softmax) -> list[LedgerRow]:
    return [LedgerRow(node.name, "tables", operator.table(model.values[node.reads[0]]).nbytes)]


def mean_rows(model: PackedModel, node: Node, operator: GlobalAveragePool) -> list[LedgerRow]:
    if not operator.rescales:
        return []
    return [LedgerRow(node.name, "scalars", MEAN_SCALAR_BYTES[operator.rounding])]


def scalars(count: int) -> Callable[[PackedModel, Node, Any], list[LedgerRow]]:
    return lambda model, node, operator: [LedgerRow(node.name, "scalars", count)]


ROWS: dict[type, Callable[[PackedModel, Node, Any], list[LedgerRow]]] = {
    SensorInput: sensor_rows,
    FastGrnn: fastgrnn_rows,
    Gru: gated_rows,
    Lstm: gated_rows,
    HiddenLayer: hidden_rows,
    Conv2d: linear_rows,
    DepthwiseConv2d: linear_rows,
    FullyConnected: linear_rows,
    Softmax: softmax_rows,
    Add: scalars(ADD_SCALAR_BYTES),
    MaxPool: scalars(POOL_SCALAR_BYTES),
    AveragePool: scalars(POOL_SCALAR_BYTES),
    GlobalAveragePool: mean_rows,
    Pad: scalars(PAD_SCALAR_BYTES),
}


def tensor_rows(tensor: PackedTensor) -> list[LedgerRow]:
    """Return one row per stream of a tensor; a codebook is a table."""
    parts = {stream: "tables" if stream == "codebook" else stream for stream in sorted(tensor.streams)}
    return [LedgerRow(tensor.name, part, len(tensor.streams[stream])) for stream, part in parts.items()]

"""The byte ledger: where every byte of a packed model lies in flash.

`payload_bytes` counts weight values, their indices, input normalisation, biases, gate tables and scalars
(multipliers, shifts, zeta, nu at their natural width); neither code nor the container file.
"""

from dataclasses import dataclass

import numpy as np

from tinygmp.packed.image_model import (
    REQUANTIZER_BYTES as IMAGE_REQUANTIZER_BYTES,
)
from tinygmp.packed.image_model import SCALAR_BYTES, GlobalAveragePool, ImageLayer, ImageLinear
from tinygmp.packed.layers import FastGrnn, FullyConnected, Layer, LowRank, SensorInput
from tinygmp.packed.network import PackedNetwork
from tinygmp.sparse.limits import entropy_limit_bits, limit_bits
from tinygmp.sparse.tensor import PackedTensor

REQUANTIZER_BYTES = 4  # pre_shift 1, multiplier 2, post_shift 1


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


def ledger(model: PackedNetwork) -> Ledger:
    """Return the byte ledger of a model."""
    rows = [row for layer in model.layers for row in layer_rows(layer)]
    streams = sum(tensor.payload_bytes for tensor in model.tensors())
    rest = sum(row.bytes for row in rows) - streams
    limit = sum(limit_bits(tensor.size, tensor.nnz, tensor.value_bits) for tensor in model.tensors()) / 8
    entropy = sum(entropy_limit_bits(tensor.decode()) for tensor in model.tensors()) / 8
    return Ledger(tuple(rows), rest + limit, rest + entropy)


def layer_rows(layer: Layer | ImageLayer) -> list[LedgerRow]:
    if isinstance(layer, GlobalAveragePool):
        return []
    if isinstance(layer, ImageLinear):
        return image_rows(layer)
    if isinstance(layer, SensorInput):
        return [
            LedgerRow(layer.name, "normalisation", layer.offset.nbytes + layer.multiplier.nbytes),
            LedgerRow(layer.name, "scalars", 1),  # shift
        ]
    if isinstance(layer, FullyConnected):
        return [*tensor_rows(layer.weights), LedgerRow(layer.name, "biases", layer.bias.nbytes)]
    return fastgrnn_rows(layer)


def image_rows(layer: ImageLinear) -> list[LedgerRow]:
    return [
        *tensor_rows(layer.weights),
        LedgerRow(layer.name, "biases", layer.bias.nbytes),
        LedgerRow(layer.name, "multipliers", layer.requantizer_count * IMAGE_REQUANTIZER_BYTES),
        LedgerRow(layer.name, "scalars", SCALAR_BYTES),
    ]


def fastgrnn_rows(layer: FastGrnn) -> list[LedgerRow]:
    rows = []
    scalars = np.dtype(np.int8).itemsize * 6 + 2 + REQUANTIZER_BYTES  # five shifts and zeta, nu, requantizer
    for linear in (layer.w, layer.u):
        if isinstance(linear, LowRank):
            rows += [*tensor_rows(linear.first), *tensor_rows(linear.second)]
            scalars += REQUANTIZER_BYTES
        else:
            rows += tensor_rows(linear)
    return [
        *rows,
        LedgerRow(layer.name, "biases", layer.bias_gate.nbytes + layer.bias_update.nbytes),
        LedgerRow(layer.name, "tables", layer.table.nbytes),
        LedgerRow(layer.name, "scalars", scalars),
    ]


def tensor_rows(tensor: PackedTensor) -> list[LedgerRow]:
    """Return one row per stream of a tensor; a codebook is a table."""
    parts = {stream: "tables" if stream == "codebook" else stream for stream in sorted(tensor.streams)}
    return [LedgerRow(tensor.name, part, len(tensor.streams[stream])) for stream, part in parts.items()]

"""The arrays and the struct of one layer of weights on 64-bit ARM: dense in blocks, or the fours that hold any."""

from dataclasses import dataclass

import numpy as np

from converters.to_c.arrays import ConstantArray, symbol_of
from converters.to_c.neon.channel_order import Orders
from converters.to_c.neon.layout import FOUR, fours, grouped
from converters.to_c.operators.linear import folded_bias, stored_shifts
from tinygmp.graph.kinds import kind_of
from tinygmp.graph.model import Node, PackedModel
from tinygmp.graph.operators.linear import Linear

# Above this share of fours that hold a weight dense blocks are faster: counted on a Cortex-A76.
MOST_FOURS = 0.75


@dataclass(frozen=True)
class Matrix:
    """Weights as the kernels read them; values: int8, index: uint16, counts: uint16, both None where dense."""

    values: np.ndarray
    index: np.ndarray | None
    counts: np.ndarray | None
    groups: int

    @property
    def is_sparse(self) -> bool:
        return self.index is not None

    @property
    def kernel(self) -> str:
        return "tg_neon_sparse" if self.is_sparse else "tg_neon_dense"


def matrix(weights: np.ndarray) -> Matrix:
    """Return the faster form of weights [outputs, taps, channels]."""
    parts = grouped(weights)
    rows, groups, _ = parts.shape
    held = parts.any(axis=2)
    if held.mean() > MOST_FOURS:
        blocks = parts.reshape(rows // FOUR, FOUR, groups, FOUR).transpose(0, 2, 1, 3)
        return Matrix(blocks.reshape(-1), None, None, groups)
    _, index = np.nonzero(held)
    return Matrix(
        parts[held].reshape(-1), index.astype(np.uint16), held.sum(axis=1).astype(np.uint16), groups
    )


def matrix_layer(
    model: PackedModel, node: Node, operator: Linear, form: Matrix, orders: Orders
) -> tuple[tuple[ConstantArray, ...], str]:
    """Return the arrays of a matrix and its tg_neon_layer."""
    symbol, weights = symbol_of(model, node.name), operator.weights
    stored = f"{weights.name}: {weights.shape[0]} x {weights.shape[1]}, {weights.nnz} nonzero"
    arrays = [ConstantArray(f"{symbol}_values", filled(form.values), f"{stored}, in fours")]
    if form.index is not None and form.counts is not None:
        arrays.append(
            ConstantArray(f"{symbol}_index", filled(form.index), f"{weights.name}: fours that hold any")
        )
        arrays.append(ConstantArray(f"{symbol}_counts", form.counts, f"{weights.name}: of them, in each row"))
    return scaled_layer(model, node, operator, tuple(arrays), form.groups, orders)


def scaled_layer(
    model: PackedModel,
    node: Node,
    operator: Linear,
    arrays: tuple[ConstantArray, ...],
    groups: int,
    orders: Orders,
) -> tuple[tuple[ConstantArray, ...], str]:
    """Return the arrays with bias and factors behind them, and the tg_neon_layer; outputs are filled up to fours."""
    read, written, symbol = model.read_by(node)[0], model.written_by(node)[0], symbol_of(model, node.name)
    of = f"{node.name}: {kind_of(node.operator)}"
    scales = {
        "bias": (folded_bias(operator, read), "bias less zero point times weights"),
        "multiplier": (operator.requantizers(read, written)[0], "of 2^-31"),
        "shift": (stored_shifts(operator, read, written), "to the right"),
    }
    order = orders.get(node.writes[0], slice(None))
    for name, (values, comment) in scales.items():
        arrays += (ConstantArray(f"{symbol}_{name}", rounded_up(values[order]), f"{of}, {comment}"),)
    held = {array.symbol for array in arrays}
    places = [f"{symbol}_{name}" for name in ("values", "index", "counts", *scales)]
    low, high = operator.limits.integers(written)
    definition = (
        f"static const tg_neon_layer {symbol} = {{\n"
        f"    {', '.join(place if place in held else '0' for place in places)},\n"
        f"    {groups}, {fours(operator.outputs)}, {written.zero_point}, {low}, {high}\n"
        "};\n"
    )
    return arrays, definition


def rounded_up(values: np.ndarray) -> np.ndarray:
    """Return int32, zeros behind it up to a multiple of four."""
    return np.pad(values.astype(np.int32), (0, -len(values) % FOUR))


def filled(values: np.ndarray) -> np.ndarray:
    """Return the array; one element that is never read where there is none, since C has no empty arrays."""
    return values if len(values) else np.zeros(1, values.dtype)

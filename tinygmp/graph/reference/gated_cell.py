"""GRU and LSTM cells, step by step, and the layers of 16 bits behind them."""

import numpy as np

from tinygmp.graph.operators.gated_cell import GatedCell, Gru, Lstm
from tinygmp.graph.operators.hidden_layer import HiddenLayer
from tinygmp.graph.reference.execute import Execute, Values
from tinygmp.graph.reference.fastgrnn import exact_product
from tinygmp.quant.gate_table import PRE_FRACTION_BITS, sigmoid_q9, tanh_q8

ONE = 512  # of a sigmoid


def saturate(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -32768, 32767)


def parts(
    cell: GatedCell, w: np.ndarray, u: np.ndarray, x: np.ndarray, h: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return int64 [batch, hidden, gates] in Q11: what the input gives and what the state gives."""
    shape = (len(x), cell.hidden_size, cell.gates)
    from_x = cell.w_requantizer.apply(exact_product(x, w)).astype(np.int64)
    from_h = cell.u_requantizer.apply(exact_product(h, u)).astype(np.int64)
    return from_x.reshape(shape), from_h.reshape(shape)


def gru(operator: Gru, reads: Values, writes: Values) -> Execute:
    w, u, bias = operator.w.decode(), operator.u.decode(), operator.bias.astype(np.int64)

    def execute(x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
        from_x, from_h = parts(operator, w, u, x, h)
        gates = sigmoid_q9(operator.table, saturate(from_x[..., :2] + from_h[..., :2] + bias[:, :2]))
        r, z = gates[..., 0], gates[..., 1]
        kept = (r * saturate(from_h[..., 2] + bias[:, 3]) + 256) >> 9
        n = tanh_q8(operator.table, saturate(from_x[..., 2] + bias[:, 2] + kept))
        return (((z * h.astype(np.int64) + 128 * (ONE - z) * n + 256) >> 9).astype(np.int16),)

    return execute


def lstm(operator: Lstm, reads: Values, writes: Values) -> Execute:
    w, u, bias = operator.w.decode(), operator.u.decode(), operator.bias.astype(np.int64)

    def execute(x: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
        pre = saturate(sum(parts(operator, w, u, x, h)) + bias)
        i, f, o = (sigmoid_q9(operator.table, pre[..., gate]).astype(np.int64) for gate in (0, 1, 3))
        g = tanh_q8(operator.table, pre[..., 2]).astype(np.int64)
        following = saturate((f * c.astype(np.int64) + (i * g << (operator.cell_bits - 8)) + 256) >> 9)
        squashed = tanh_q8(operator.table, in_q11(following, operator.cell_bits))
        return ((o * squashed + 2) >> 2).astype(np.int16), following.astype(np.int16)

    return execute


def hidden_layer(operator: HiddenLayer, reads: Values, writes: Values) -> Execute:
    weights, bias = operator.weights.decode(), operator.bias.astype(np.int64)

    def execute(x: np.ndarray) -> tuple[np.ndarray, ...]:
        made = operator.requantizer.apply(exact_product(x, weights) + bias)
        return (np.clip(made, *operator.clamp(writes[0])).astype(np.int16),)

    return execute


def in_q11(cell: np.ndarray, cell_bits: int) -> np.ndarray:
    """Return cells in Q11, rounded half up, saturated."""
    shift = cell_bits - PRE_FRACTION_BITS
    if shift <= 0:
        return saturate(cell << -shift)
    return (cell + (1 << (shift - 1))) >> shift

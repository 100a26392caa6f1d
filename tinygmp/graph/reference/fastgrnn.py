"""The FastGRNN cell, step by step."""

import numpy as np

from tinygmp.graph.operators.fastgrnn import STATE_LIMIT, FastGrnn, LinearMap, LowRank, factors
from tinygmp.graph.reference.execute import Execute, Values
from tinygmp.quant.gate_table import sigmoid_q9, tanh_q8


def fastgrnn(operator: FastGrnn, reads: Values, writes: Values) -> Execute:
    cell = ExactCell(operator)

    def execute(x: np.ndarray, state: np.ndarray, *top: np.ndarray) -> tuple[np.ndarray, ...]:
        following = cell.update(cell.pre_activation(x, *(top or (state,))), state)
        return (following, top_byte(following)) if top else (following,)

    return execute


class ExactCell:
    """A cell with its weights decoded once."""

    def __init__(self, cell: FastGrnn) -> None:
        self.cell = cell
        self.w = tuple(tensor.decode() for tensor in factors(cell.w))
        self.u = tuple(tensor.decode() for tensor in factors(cell.u))

    def pre_activation(self, x: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Return int32 [batch, hidden] in Q11, without biases, of inputs and the state as U takes it."""
        cell = self.cell
        accumulator = (apply_map(cell.w, self.w, x, cell.vector_limit) << cell.w_shift) + (
            apply_map(cell.u, self.u, state, cell.vector_limit) << cell.u_shift
        )
        return cell.pre_requantizer.apply(accumulator).astype(np.int32)

    def update(self, pre: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Return the next int16 state [batch, hidden] from the pre-activation and the int16 state."""
        cell = self.cell
        z = sigmoid_q9(cell.table, add_bias(pre, cell.bias_gate, cell.bias_gate_shift))
        c = tanh_q8(cell.table, add_bias(pre, cell.bias_update, cell.bias_update_shift))
        a = (cell.zeta * (512 - z) >> cell.zeta_shift) + cell.nu
        updated = (z * state.astype(np.int32) + 4 * a * c + 256) >> 9
        return np.clip(updated, -STATE_LIMIT, STATE_LIMIT).astype(np.int16)


def top_byte(state: np.ndarray) -> np.ndarray:
    """Return the rounded upper bytes of an int16 state, int8 -127..127."""
    return ((state.astype(np.int32) + 128) >> 8).astype(np.int8)


def add_bias(pre: np.ndarray, bias: np.ndarray, shift: int) -> np.ndarray:
    return np.clip(pre + (bias.astype(np.int32) << shift), -32768, 32767)


def apply_map(
    linear: LinearMap, weights: tuple[np.ndarray, ...], x: np.ndarray, vector_limit: int
) -> np.ndarray:
    """Return int64 [batch, rows] = the map applied to integers [batch, columns]."""
    if isinstance(linear, LowRank):
        inner = linear.requantizer.apply(exact_product(x, weights[0]))
        x = np.clip(inner, -vector_limit, vector_limit)
    return exact_product(x, weights[-1])


def exact_product(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return x @ weights.T in int64; float64 holds every partial sum exactly and lets BLAS do the work."""
    return (x.astype(np.float64) @ weights.T.astype(np.float64)).astype(np.int64)

"""Gates of GRU and LSTM cells in the order of every framework, brought to r, z, n and i, f, g, o."""

from collections.abc import Sequence

import numpy as np

from tinygmp.floats.operators.gated_cell import GatedCell, Gru, Lstm

GRU_GATES, LSTM_GATES = "rzn", "ifgo"
TORCH = {"gru": "rzn", "lstm": "ifgo"}
KERAS = {"gru": "zrn", "lstm": "ifgo"}
ONNX = {"gru": "zrn", "lstm": "iofg"}


def gru(w: np.ndarray, u: np.ndarray, bias_w: np.ndarray, bias_u: np.ndarray, order: str) -> GatedCell:
    """Return a cell of w [3 * hidden, inputs], u [3 * hidden, hidden] and both biases [3 * hidden] in an order."""
    of_w, of_u = in_order(bias_w, order, GRU_GATES), in_order(bias_u, order, GRU_GATES)
    bias = np.concatenate([of_w[0] + of_u[0], of_w[1] + of_u[1], of_w[2], of_u[2]])
    return Gru(joined(w, order, GRU_GATES), joined(u, order, GRU_GATES), bias.astype(np.float32))


def lstm(w: np.ndarray, u: np.ndarray, bias: np.ndarray, order: str) -> GatedCell:
    """Return a cell of w [4 * hidden, inputs], u [4 * hidden, hidden] and the sum of its biases in an order."""
    return Lstm(*(joined(each, order, LSTM_GATES) for each in (w, u, bias)))


def in_order(array: np.ndarray, given: str, wanted: str) -> Sequence[np.ndarray]:
    gates = np.split(np.asarray(array, np.float32), len(given))
    return [gates[given.index(gate)] for gate in wanted]


def joined(array: np.ndarray, given: str, wanted: str) -> np.ndarray:
    return np.concatenate(in_order(array, given, wanted))

"""What folds into a layer's weights: batch norm, groups, TensorFlow's padding."""

import numpy as np

from tinygmp.graph.operators.window import Pair, Window, same_padding

Sides = tuple[int, int, int, int]  # top, bottom, left, right


def folded_batch_norm(
    weights: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    epsilon: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights [outputs, ...] and bias of a layer followed by batch norm."""
    factor = gamma / np.sqrt(variance + epsilon)
    return weights * factor.reshape(-1, *(1,) * (weights.ndim - 1)), beta - mean * factor


def block_diagonal(weights: np.ndarray, groups: int) -> np.ndarray:
    """Return OIHW weights of a grouped convolution over all its channels, zeros between groups."""
    if groups == 1:
        return weights
    outputs, inputs = len(weights) // groups, weights.shape[1]
    whole = np.zeros((len(weights), inputs * groups, *weights.shape[2:]), weights.dtype)
    for group in range(groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        whole[rows, group * inputs : (group + 1) * inputs] = weights[rows]
    return whole


def flat(weights: np.ndarray) -> np.ndarray:
    """Return OIHW weights as [outputs, rows * columns * inputs]."""
    return np.ascontiguousarray(weights.transpose(0, 2, 3, 1).reshape(len(weights), -1))


def sides_of(padding: str, size: Pair, window: Window) -> Sides:
    """Return the sides of 'same' (what is odd below and right, as TensorFlow) or 'same_lower' (above and left)."""
    top, bottom, left, right = same_padding(*size, window.kernel, window.stride, window.dilation)
    return (top, bottom, left, right) if padding == "same" else (bottom, top, right, left)

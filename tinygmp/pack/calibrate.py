"""Run the float network on calibration windows and note the ranges that integers must cover."""

from dataclasses import dataclass

import numpy as np

from tinygmp.models.fastgrnn_weights import FastGrnnWeights


@dataclass(frozen=True)
class Ranges:
    """Largest magnitudes over all windows and steps; a rank vector's is 0 when the map is full rank."""

    state: float
    w_rank_vector: float
    u_rank_vector: float


@dataclass(frozen=True)
class FloatOutput:
    """logits float32 [windows, classes] and the ranges seen on the way."""

    logits: np.ndarray
    ranges: Ranges


def run_float(weights: FastGrnnWeights, x: np.ndarray) -> FloatOutput:
    """Execute FastGRNN in float32 on normalised windows [windows, steps, inputs] (Kusupati et al. 2018, eq. 4-6)."""
    state = np.zeros((len(x), weights.hidden_size), np.float32)
    state_range = w_range = u_range = 0.0
    for step in range(x.shape[1]):
        w_part, w_vector = apply_factors(weights.w, x[:, step])
        u_part, u_vector = apply_factors(weights.u, state)
        pre = w_part + u_part
        z = sigmoid(pre + weights.bias_gate)
        c = np.tanh(pre + weights.bias_update)
        state = z * state + (weights.zeta * (1 - z) + weights.nu) * c
        state_range = max(state_range, largest(state))
        w_range, u_range = max(w_range, largest(w_vector)), max(u_range, largest(u_vector))
    logits = state @ weights.classifier.T + weights.classifier_bias
    full = (len(weights.w) == 1, len(weights.u) == 1)
    return FloatOutput(logits, Ranges(state_range, 0.0 if full[0] else w_range, 0.0 if full[1] else u_range))


def apply_factors(factors: tuple[np.ndarray, ...], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the product and the vector that enters the last factor."""
    if len(factors) == 2:
        x = x @ factors[0].T
    return x @ factors[-1].T, x


def sigmoid(v: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * v)


def largest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0))

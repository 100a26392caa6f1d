"""Run the float network on calibration windows and note the ranges that integers must cover."""

from dataclasses import dataclass

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn_weights import FastGrnnWeights

SMALLEST_RANGE = 1e-6  # of what is always 0
METHODS = ("minmax", "percentile", "mse")


@dataclass(frozen=True)
class Calibration:
    """How ranges of activations are chosen, and whether biases make up for the mean error of the integers.

    method: 'minmax' covers every value seen, 'percentile' that share of them, 'mse' tries several ranges and takes
    the one whose logits err least. percentile: 90 to 100, used by 'percentile'. bias_correction: shift the biases by
    the mean difference of the pre-activations and of the logits (Nagel et al. 2019, section 4.2), where that helps.
    """

    method: str = "mse"
    percentile: float = 99.99
    bias_correction: bool = False

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"calibration '{self.method}' is unknown; known: {', '.join(METHODS)}")
        if not 90 <= self.percentile <= 100:
            raise ConfigError(f"calibration percentile {self.percentile} is outside 90..100")

    @property
    def share(self) -> float:
        """Percentile of the magnitudes that the ranges cover."""
        return self.percentile if self.method == "percentile" else 100.0


MINIMAL_ERROR = Calibration()


@dataclass(frozen=True)
class Ranges:
    """Magnitudes to cover, over all windows and steps; a rank vector's is 0 when the map is full rank."""

    input: float
    state: float
    w_rank_vector: float
    u_rank_vector: float


@dataclass(frozen=True)
class FloatOutput:
    """logits float32 [windows, classes], ranges seen on the way, mean pre-activation [hidden] without biases."""

    logits: np.ndarray
    ranges: Ranges
    mean_pre: np.ndarray


class Magnitudes:
    """Collects values step by step and tells the magnitude that covers a share of them."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.seen: list[np.ndarray] = []

    def add(self, values: np.ndarray) -> None:
        magnitudes = np.abs(values)
        self.seen.append(
            magnitudes.max(initial=0, keepdims=True) if self.share == 100 else magnitudes.ravel()
        )

    def cover(self) -> float:
        together = np.concatenate([each.ravel() for each in self.seen])
        covered = together.max() if self.share == 100 else np.percentile(together, self.share)
        return max(float(covered), SMALLEST_RANGE)


def run_float(weights: FastGrnnWeights, x: np.ndarray, share: float = 100.0) -> FloatOutput:
    """Execute FastGRNN in float32 on normalised windows [windows, steps, inputs] (Kusupati et al. 2018, eq. 4-6).

    share: the percentile of magnitudes that the ranges cover, 100 for the largest.
    """
    state = np.zeros((len(x), weights.hidden_size), np.float32)
    inputs, states, w_vectors, u_vectors = (Magnitudes(share) for _ in range(4))
    pre_sum = np.zeros(weights.hidden_size)
    for step in range(x.shape[1]):
        inputs.add(x[:, step])
        w_part, w_vector = apply_factors(weights.w, x[:, step])
        u_part, u_vector = apply_factors(weights.u, state)
        pre = w_part + u_part
        pre_sum += pre.mean(axis=0)
        z = sigmoid(pre + weights.bias_gate)
        c = np.tanh(pre + weights.bias_update)
        state = z * state + (weights.zeta * (1 - z) + weights.nu) * c
        states.add(state)
        w_vectors.add(w_vector)
        u_vectors.add(u_vector)
    logits = state @ weights.classifier.T + weights.classifier_bias
    w_range = w_vectors.cover() if len(weights.w) == 2 else 0.0
    u_range = u_vectors.cover() if len(weights.u) == 2 else 0.0
    ranges = Ranges(inputs.cover(), states.cover(), w_range, u_range)
    return FloatOutput(logits, ranges, (pre_sum / x.shape[1]).astype(np.float32))


def apply_factors(factors: tuple[np.ndarray, ...], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the product and the vector that enters the last factor."""
    if len(factors) == 2:
        x = x @ factors[0].T
    return x @ factors[-1].T, x


def sigmoid(v: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * v)

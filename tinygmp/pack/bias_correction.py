"""Shift biases by the mean error that rounding leaves (Nagel et al. 2019, section 4.2)."""

from dataclasses import replace

import numpy as np

from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.calibrate import FloatOutput
from tinygmp.packed.model import PackedModel
from tinygmp.packed.reference import classify, run_pre_activations
from tinygmp.quant.gate_table import PRE_FRACTION_BITS


def correct_biases(
    weights: FastGrnnWeights, model: PackedModel, counts: np.ndarray, expected: FloatOutput, share: float
) -> FastGrnnWeights:
    """Return the weights with biases that bring the packed model's mean pre-activations and logits to the float ones.

    counts: int16 [windows, steps, channels], the windows of `expected`. Both biases of a unit move alike, by that
    share of the difference: the whole of it can be too much where a state feeds back into itself.
    """
    pre_sum = np.zeros(weights.hidden_size)
    state = np.zeros((len(counts), weights.hidden_size), np.int16)
    for pre, state in run_pre_activations(model, counts):  # noqa: B007  the last state is what counts
        pre_sum += pre.mean(axis=0)
    shift = share * (expected.mean_pre - pre_sum / counts.shape[1] * 2.0**-PRE_FRACTION_BITS)
    logits = classify(model, state) * model.classifier.scale
    logit_shift = (expected.logits - logits).mean(axis=0).astype(np.float32)
    return replace(
        weights,
        bias_gate=(weights.bias_gate + shift).astype(np.float32),
        bias_update=(weights.bias_update + shift).astype(np.float32),
        classifier_bias=weights.classifier_bias + logit_shift,
    )

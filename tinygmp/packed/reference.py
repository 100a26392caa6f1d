"""The integer reference executor: what it computes is the correct answer, on every device, bit for bit."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import DataError
from tinygmp.packed.layers import INT8_LIMIT, STATE_LIMIT, FastGrnn, LinearMap, LowRank, SensorInput
from tinygmp.packed.model import PackedModel
from tinygmp.quant.gate_table import sigmoid_q9, tanh_q8


@dataclass(frozen=True)
class ReferenceOutput:
    """logits int32 [windows, classes], classes int64 [windows], state int16 [windows, hidden]."""

    logits: np.ndarray
    classes: np.ndarray
    state: np.ndarray


def run(model: PackedModel, counts: np.ndarray) -> ReferenceOutput:
    """Classify windows of raw counts, int16 [windows, steps, channels]; ties go to the lower class.

    Raises DataError when the counts are not int16 or have another number of channels.
    """
    state = np.zeros((len(counts), model.cell.hidden_size), np.int16)
    for state in run_steps(model, counts):  # noqa: B007  the last state is what counts
        pass
    logits = classify(model, state)
    return ReferenceOutput(logits, logits.argmax(axis=1), state)


def run_steps(model: PackedModel, counts: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the int16 state [windows, hidden] after each step."""
    for _, state in run_pre_activations(model, counts):
        yield state


def run_pre_activations(model: PackedModel, counts: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each step's int32 pre-activation (Q11, no biases) and the int16 state after it, both [windows, hidden]."""
    if counts.dtype != np.int16 or counts.ndim != 3 or counts.shape[2] != model.input.channels:
        raise DataError(
            f"model '{model.name}' needs int16 counts [windows, steps, {model.input.channels}], "
            f"got {counts.dtype} {counts.shape}"
        )
    x8 = quantize_input(model.input, counts)
    cell = ExactCell(model.cell)
    state = np.zeros((len(counts), model.cell.hidden_size), np.int16)
    for step in range(counts.shape[1]):
        pre = cell.pre_activation(x8[:, step], state)
        state = cell.update(pre, state)
        yield pre, state


def quantize_input(layer: SensorInput, counts: np.ndarray) -> np.ndarray:
    """Return int8 values of raw counts, shape unchanged (channels last)."""
    centred = np.clip(counts.astype(np.int64) - layer.offset, -32768, 32767)
    scaled = (centred * layer.multiplier + (1 << (layer.shift - 1))) >> layer.shift
    return np.clip(scaled, -INT8_LIMIT, INT8_LIMIT).astype(np.int8)


def top_byte(state: np.ndarray) -> np.ndarray:
    """Return the rounded upper byte of the int16 state: int8, -127..127."""
    return ((state.astype(np.int32) + 128) >> 8).astype(np.int8)


def classify(model: PackedModel, state: np.ndarray) -> np.ndarray:
    """Return int32 logits [windows, classes] of an int16 state."""
    weights = model.classifier.weights.decode()
    return (exact_product(top_byte(state), weights) + model.classifier.bias).astype(np.int32)


class ExactCell:
    """A FastGrnn layer with its weights decoded once."""

    def __init__(self, layer: FastGrnn) -> None:
        self.layer = layer
        self.w = decoded(layer.w)
        self.u = decoded(layer.u)

    def step(self, x8: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Return the next int16 state [windows, hidden] from int8 inputs and the int16 state."""
        return self.update(self.pre_activation(x8, state), state)

    def pre_activation(self, x8: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Return W x + U h in int32 Q11 [windows, hidden], before biases."""
        layer = self.layer
        accumulator = apply_map(layer.w, self.w, x8) << layer.w_shift
        accumulator += apply_map(layer.u, self.u, top_byte(state)) << layer.u_shift
        return layer.pre_requantizer.apply(accumulator).astype(np.int32)

    def update(self, pre: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Return the next int16 state [windows, hidden] from the pre-activation and the int16 state."""
        layer = self.layer
        z = sigmoid_q9(layer.table, add_bias(pre, layer.bias_gate, layer.bias_gate_shift))
        c = tanh_q8(layer.table, add_bias(pre, layer.bias_update, layer.bias_update_shift))
        a = (layer.zeta * (512 - z) >> layer.zeta_shift) + layer.nu
        updated = (z * state.astype(np.int32) + 4 * a * c + 256) >> 9
        return np.clip(updated, -STATE_LIMIT, STATE_LIMIT).astype(np.int16)


def add_bias(pre: np.ndarray, bias: np.ndarray, shift: int) -> np.ndarray:
    return np.clip(pre + (bias.astype(np.int32) << shift), -32768, 32767)


def decoded(linear: LinearMap) -> tuple[np.ndarray, ...]:
    if isinstance(linear, LowRank):
        return linear.first.decode(), linear.second.decode()
    return (linear.decode(),)


def apply_map(linear: LinearMap, weights: tuple[np.ndarray, ...], x8: np.ndarray) -> np.ndarray:
    """Return int64 [windows, rows] = the map applied to int8 [windows, columns]."""
    if isinstance(linear, LowRank):
        inner = linear.requantizer.apply(exact_product(x8, weights[0]))
        x8 = np.clip(inner, -INT8_LIMIT, INT8_LIMIT).astype(np.int8)
    return exact_product(x8, weights[-1])


def exact_product(x8: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return x8 @ weights.T in int64; float64 holds every partial sum exactly and lets BLAS do the work."""
    return (x8.astype(np.float64) @ weights.T.astype(np.float64)).astype(np.int64)

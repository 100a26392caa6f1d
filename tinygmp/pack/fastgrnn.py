"""Pack a trained FastGRNN classifier: integers, formats, and the choice of scales that loses least."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.models.fastgrnn_weights import FastGrnnWeights
from tinygmp.pack.bias_correction import correct_biases
from tinygmp.pack.calibrate import MINIMAL_ERROR, Calibration, FloatOutput, Ranges, run_float
from tinygmp.pack.compact import compact
from tinygmp.pack.order import cheapest_order
from tinygmp.pack.quantize import bias_int8, fit_scale, quantize_int8, update_gain
from tinygmp.pack.sensor import SensorScaling, fold_sensor, normalise_counts
from tinygmp.pack.storage import SMALLEST, Storage
from tinygmp.packed.layers import INT8_LIMIT, STATE_LIMIT, FastGrnn, FullyConnected, LinearMap, LowRank
from tinygmp.packed.model import PackedModel
from tinygmp.packed.ranges import largest_row_sum, prove_ranges
from tinygmp.packed.reference import run
from tinygmp.quant.gate_table import PRE_FRACTION_BITS, half_tanh_table
from tinygmp.quant.requantize import Requantizer, fit_requantizer
from tinygmp.sparse.tensor import PackedTensor

INPUT_SCALES = (1 / 22, 1 / 16, 1 / 11)  # sigma per int8 step that are tried: +-5.8, 7.9, 11.5 sigma
STATE_HEADROOM = (1.0, 0.9, 0.8)  # the state's int16 limit as a part of the largest state seen
BIAS_SHARES = (1.0, 0.5, 0.0)  # of the mean error of the pre-activations that the biases take
PRE_LIMIT = 16.0  # int16 Q11 saturates here


@dataclass(frozen=True)
class PackIdentity:
    """What a packed model is called and where it came from."""

    name: str
    labels: tuple[str, ...]
    provenance: Mapping[str, str]


@dataclass(frozen=True)
class Parts:
    """What does not depend on the ranges: the network in its final order, its packed matrices by name, its identity."""

    weights: FastGrnnWeights
    tensors: Mapping[str, PackedTensor]
    scaling: SensorScaling
    identity: PackIdentity
    steps: int


def pack_fastgrnn(
    weights: FastGrnnWeights,
    scaling: SensorScaling,
    calibration_counts: np.ndarray,
    identity: PackIdentity,
    storage: Storage = SMALLEST,
    calibration: Calibration = MINIMAL_ERROR,
) -> PackedModel:
    """Return the packed model; of several ranges tried, the one whose logits differ least from the float network's.

    calibration_counts: int16 [windows, steps, channels], training windows only. `storage` says which formats are
    tried and what is rounded to fewer bits. Raises RangeError when an accumulator could overflow.
    """
    if calibration_counts.ndim != 3 or calibration_counts.shape[2] != weights.input_size:
        raise ConfigError(
            f"calibration counts have shape {calibration_counts.shape}, "
            f"expected [windows, steps, {weights.input_size}]"
        )
    weights = cheapest_order(compact(drop_vanishing(weights)), storage)
    expected = run_float(weights, normalise_counts(scaling, calibration_counts), calibration.share)
    parts = Parts(weights, storage.pack_matrices(weights), scaling, identity, calibration_counts.shape[1])

    def error(model: PackedModel) -> float:
        return logit_error(model, calibration_counts, expected)

    candidates = list(packed_candidates(parts, expected.ranges, calibration))
    if calibration.bias_correction:
        model = min(candidates, key=error)
        for share in BIAS_SHARES:
            shifted = replace(
                parts, weights=correct_biases(weights, model, calibration_counts, expected, share)
            )
            candidates += packed_candidates(shifted, expected.ranges, calibration)
    return min(candidates, key=error)


def packed_candidates(parts: Parts, ranges: Ranges, calibration: Calibration) -> Iterator[PackedModel]:
    """Yield the model for each pair of ranges that the calibration method tries."""
    if calibration.method == "mse":
        pairs = [(scale, headroom) for scale in INPUT_SCALES for headroom in STATE_HEADROOM]
    else:
        pairs = [(ranges.input / INT8_LIMIT, 1.0)]
    for input_scale, headroom in pairs:
        yield pack_with(parts, scaled(ranges, headroom), input_scale)


def logit_error(model: PackedModel, counts: np.ndarray, expected: FloatOutput) -> float:
    """Return the mean squared difference of the real logits."""
    obtained = run(model, counts).logits * model.classifier.scale
    return float(np.mean((obtained - expected.logits) ** 2))


def scaled(ranges: Ranges, headroom: float) -> Ranges:
    return replace(ranges, state=ranges.state * headroom)


def drop_vanishing(weights: FastGrnnWeights) -> FastGrnnWeights:
    """Set weights to zero that int8 rounds to zero, so that compaction sees them."""

    def dropped(matrix: np.ndarray) -> np.ndarray:
        return np.where(quantize_int8(matrix, fit_scale(matrix)) == 0, np.float32(0), matrix)

    return replace(
        weights,
        w=tuple(dropped(factor) for factor in weights.w),
        u=tuple(dropped(factor) for factor in weights.u),
        classifier=dropped(weights.classifier),
    )


def pack_with(parts: Parts, ranges: Ranges, input_scale: float) -> PackedModel:
    """Return the model for given ranges; the scale of the input (or of W's rank vector) is bent to a power of two."""
    weights = parts.weights
    gain_limit = 32766 / (weights.zeta + weights.nu)
    state_units = min(STATE_LIMIT / ranges.state, gain_limit)
    top_byte_scale = 256 / state_units
    u_factors, w_factors = map_factors(parts.tensors, "U"), map_factors(parts.tensors, "W")
    u, u_unit = pack_map(u_factors, top_byte_scale, ranges.u_rank_vector / INT8_LIMIT)
    if len(w_factors) == 1:
        input_scale = bend(input_scale, u_unit / w_factors[-1].scale)
        w_vector_scale = 0.0
    else:
        w_vector_scale = bend(ranges.w_rank_vector / INT8_LIMIT, u_unit / w_factors[-1].scale)
    w, w_unit = pack_map(w_factors, input_scale, w_vector_scale)
    cell = pack_cell(weights, w, u, (w_unit, u_unit), state_units)
    classifier = pack_classifier(weights, parts.tensors["classifier"], top_byte_scale)
    model = PackedModel(
        name=parts.identity.name,
        layers=(fold_sensor(parts.scaling, input_scale), cell, classifier),
        labels=parts.identity.labels,
        steps=parts.steps,
        provenance=parts.identity.provenance,
    )
    prove_ranges(model)
    return model


def map_factors(tensors: Mapping[str, PackedTensor], letter: str) -> tuple[PackedTensor, ...]:
    """Return the packed factors of W or U in the order in which they are applied."""
    return (tensors[letter],) if letter in tensors else (tensors[f"{letter}2"], tensors[f"{letter}1"])


def bend(scale: float, reference: float) -> float:
    """Return the scale nearest to `scale` that is `reference` times a power of two."""
    return reference * 2.0 ** round(np.log2(scale / reference))


def pack_map(
    factors: tuple[PackedTensor, ...], input_scale: float, vector_scale: float
) -> tuple[LinearMap, float]:
    """Return a packed map and the real value of one unit of its accumulator."""
    if len(factors) == 1:
        return factors[0], factors[0].scale * input_scale
    first, second = factors
    requantizer = fit_requantizer(first.scale * input_scale / vector_scale, max(largest_row_sum(first), 1))
    return LowRank(first, requantizer, second), second.scale * vector_scale


def pack_cell(
    weights: FastGrnnWeights, w: LinearMap, u: LinearMap, units: tuple[float, float], state_units: float
) -> FastGrnn:
    """Return the cell; `units` are the real values of one unit of the W and the U accumulator."""
    accumulator_unit = min(units)
    w_shift, u_shift = (round(np.log2(unit / accumulator_unit)) for unit in units)
    bias_gate, bias_gate_shift = bias_int8(weights.bias_gate, PRE_FRACTION_BITS)
    bias_update, bias_update_shift = bias_int8(weights.bias_update, PRE_FRACTION_BITS)
    zeta, zeta_shift = update_gain(weights.zeta, state_units)
    return FastGrnn(
        name="rnn",
        w=w,
        u=u,
        w_shift=w_shift,
        u_shift=u_shift,
        pre_requantizer=pre_requantizer(w, u, (w_shift, u_shift), accumulator_unit),
        bias_gate=bias_gate,
        bias_gate_shift=bias_gate_shift,
        bias_update=bias_update,
        bias_update_shift=bias_update_shift,
        table=half_tanh_table(),
        zeta=zeta,
        zeta_shift=zeta_shift,
        nu=round(weights.nu * state_units / 2),
        state_scale=1 / state_units,
    )


def pre_requantizer(w: LinearMap, u: LinearMap, shifts: tuple[int, int], unit: float) -> Requantizer:
    """Bring the accumulator to Q11; sums beyond +-16 saturate there anyway and need no bits."""
    bound = (largest_row_sum(w) << shifts[0]) + (largest_row_sum(u) << shifts[1])
    return fit_requantizer(unit * 2.0**PRE_FRACTION_BITS, max(1, min(bound, int(PRE_LIMIT / unit))))


def pack_classifier(weights: FastGrnnWeights, tensor: PackedTensor, input_scale: float) -> FullyConnected:
    scale = tensor.scale * input_scale
    bias = np.rint(weights.classifier_bias / scale)
    dtype = np.int16 if np.abs(bias).max() <= 32767 else np.int32
    return FullyConnected("classifier", tensor, bias.astype(dtype), scale)

"""The reference executor against a scalar transcription of the equations, and cases worked by hand."""

import numpy as np
import pytest

from tinygmp.errors import DataError
from tinygmp.graph.operators.fastgrnn import LowRank
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.fastgrnn import top_byte
from tinygmp.graph.reference.inputs import quantize_counts
from tinygmp.graph.reference.run import run, run_steps
from tinygmp.quant.gate_table import half_tanh_table, sigmoid_q9, tanh_q8


def saturate16(value: int) -> int:
    return max(-32768, min(32767, value))


def clip(value: int, limit: int) -> int:
    return max(-limit, min(limit, value))


def requantize(requantizer, accumulator: int) -> int:
    narrow = saturate16(accumulator >> requantizer.pre_shift)
    return saturate16(
        (narrow * requantizer.multiplier + (1 << (requantizer.post_shift - 1))) >> requantizer.post_shift
    )


def interpolate(table, magnitude: int) -> int:
    if magnitude >= 1 << 14:
        return int(table[32])
    segment, fraction = magnitude >> 9, (magnitude >> 1) & 255
    low, high = int(table[segment]), int(table[segment + 1])
    return low + ((high - low) * fraction + 128 >> 8)


def product(linear, vector: list[int], limit: int) -> list[int]:
    if isinstance(linear, LowRank):
        inner = product(linear.first, vector, limit)
        inner = [clip(requantize(linear.requantizer, value), limit) for value in inner]
        return product(linear.second, inner, limit)
    return [sum(int(q) * v for q, v in zip(row, vector, strict=True)) for row in linear.decode()]


def scalar_step(model, counts, state: list[int]) -> list[int]:
    """One step in Python integers, straight from the record's equations."""
    sensor, cell = (node.operator for node in model.step_nodes)
    limit = 32767 if cell.wide else 127
    x = [
        clip((saturate16(int(c) - int(o)) * int(m) + (1 << (sensor.shift - 1))) >> sensor.shift, limit)
        for c, o, m in zip(counts, sensor.offset, sensor.multiplier, strict=True)
    ]
    entering = state if cell.wide else [(h + 128) >> 8 for h in state]
    result = []
    sums = zip(product(cell.w, x, limit), product(cell.u, entering, limit), strict=True)
    for unit, (w, u) in enumerate(sums):
        pre = requantize(cell.pre_requantizer, (w << cell.w_shift) + (u << cell.u_shift))
        gate = saturate16(pre + (int(cell.bias_gate[unit]) << cell.bias_gate_shift))
        update = saturate16(pre + (int(cell.bias_update[unit]) << cell.bias_update_shift))
        t = interpolate(cell.table, abs(gate))
        z = 256 + (-t if gate < 0 else t)
        t = interpolate(cell.table, 2 * abs(update))
        c = -t if update < 0 else t
        a = (cell.zeta * (512 - z) >> cell.zeta_shift) + cell.nu
        result.append(clip((z * state[unit] + 4 * a * c + 256) >> 9, 32512))
    return result


@pytest.mark.parametrize("ranks", [(0, 0), (2, 8), (0, 5)])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("state_bits", [8, 16])
def test_reference_equals_the_scalar_transcription(seed, ranks, state_bits):
    model = random_model(
        seed, inputs=3, hidden=11, classes=4, w_kept=0.5, u_kept=0.4, w_rank=ranks[0], u_rank=ranks[1],
        state_bits=state_bits,
    )  # fmt: skip
    counts = np.random.default_rng(seed).integers(-32768, 32768, (2, 12, 3)).astype(np.int16)
    states = [[0] * 11, [0] * 11]
    for step, values in enumerate(run_steps(model, counts)):
        states = [scalar_step(model, counts[window, step], states[window]) for window in range(2)]
        assert values[model.states[0].written].tolist() == states
    output, classifier = run(model, counts), model.nodes[-1].operator
    for window in range(2):
        state = states[window] if state_bits == 16 else [(h + 128) >> 8 for h in states[window]]
        sums = product(classifier.weights, state, 0)
        logits = [value + int(bias) for value, bias in zip(sums, classifier.bias, strict=True)]
        assert output.logits[window].tolist() == logits
        assert output.classes[window] == logits.index(max(logits))


def test_gates_at_points_worked_by_hand():
    table = half_tanh_table()
    assert table[0] == 0
    assert table[8] == 195  # 256 * tanh(1) = 194.97
    assert table[32] == 255
    pre = np.array([0, 2048, -2048, 4096, 32767, -32768], np.int16)
    # v = 1: segment 4 exactly, 256 * tanh(0.5) = 118.3
    assert sigmoid_q9(table, pre).tolist() == [256, 256 + 118, 256 - 118, 256 + 195, 511, 1]
    assert tanh_q8(table, pre).tolist() == [0, 195, -195, 247, 255, -255]


def test_gate_table_is_close_to_the_true_curves():
    pre = np.arange(-32768, 32768).astype(np.int16)
    real = pre / 2048
    assert np.abs(sigmoid_q9(half_tanh_table(), pre) / 512 - 1 / (1 + np.exp(-real))).max() < 0.004
    assert np.abs(tanh_q8(half_tanh_table(), pre) / 256 - np.tanh(real)).max() < 0.008


def test_top_byte_rounds_and_stays_within_int8():
    assert top_byte(np.array([-32512, -128, 127, 128, 32512], np.int16)).tolist() == [-127, 0, 0, 1, 127]


def test_extreme_counts_saturate_instead_of_wrapping():
    model = random_model(1, inputs=3, hidden=5)
    counts = np.array([[[-32768] * 3, [32767] * 3]], np.int16)
    assert set(np.abs(quantize_counts(model.nodes[0].operator, counts)).ravel().tolist()) == {127}


@pytest.mark.parametrize(
    "counts", [np.zeros((1, 4, 9), np.int32), np.zeros((1, 4, 8), np.int16), np.zeros((4, 9), np.int16)]
)
def test_counts_of_the_wrong_kind_are_refused(counts):
    with pytest.raises(DataError, match="needs 'counts' as int16"):
        run(random_model(0), counts)

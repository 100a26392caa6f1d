"""The integer gravity filter: hand-worked steps, bounds, corner frequency."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinygmp.errors import ConfigError
from tinygmp.quant.gravity import (
    FRACTION_BITS,
    SHARE,
    corner_hz,
    gravity_start,
    gravity_step,
    nine_channels,
)


def test_the_first_sample_is_all_gravity():
    first = np.array([8192, -3, 0], np.int16)
    moved, body = gravity_step(gravity_start(first), first)
    assert moved.tolist() == [8192 << 15, -3 << 15, 0]
    assert body.tolist() == [0, 0, 0]


def test_one_step_by_hand():
    """512 counts away: 2**24 moves by 2**19 + 2**16 + 2**15, which is 16 + 2 + 1 counts; 512 - 19 remain."""
    moved, body = gravity_step(np.zeros(3, np.int32), np.array([512, -512, 1], np.int16))
    assert moved.tolist() == [19 << 15, -19 << 15, 1024 + 128 + 64]
    assert body.tolist() == [493, -493, 1]


def test_the_corner_lies_at_a_third_of_a_hertz():
    assert corner_hz(50) == pytest.approx(0.301, abs=0.0005)


def test_it_follows_the_real_filter_within_two_counts():
    counts = np.random.default_rng(1).integers(-8000, 8000, (400, 6)).astype(np.int16)
    estimate = counts[0, :3].astype(float)
    body = nine_channels(counts)[:, :3]
    for step, total in enumerate(counts[:, :3]):
        estimate += (total - estimate) * SHARE
        assert np.abs(body[step] - (total - estimate)).max() < 2


@given(arrays(np.int16, (60, 6), elements=st.sampled_from([-32768, -32767, -1, 0, 1, 8192, 32767])))
@settings(max_examples=60, deadline=None)
def test_no_input_leaves_the_stated_range(counts):
    estimate = gravity_start(counts[0, :3])
    for total in counts[:, :3]:
        exact = (total.astype(np.int64) << FRACTION_BITS) - estimate
        assert np.abs(exact).max() < 2**31
        estimate, _ = gravity_step(estimate, total)
        assert estimate.dtype == np.int32
        assert estimate.min() >= -(2**30) - 2
        assert estimate.max() <= 2**30 - 2**15


def test_the_estimate_undershoots_by_two_at_most():
    low = np.full(3, -32768, np.int16)
    estimate = gravity_start(low) + np.int32(1)
    estimate, _ = gravity_step(estimate, low)
    assert estimate.tolist() == [-(2**30) - 2] * 3
    assert gravity_step(estimate, low)[0].tolist() == estimate.tolist()


def test_channels_come_in_the_order_of_the_data_set():
    counts = np.tile(np.arange(1, 7, dtype=np.int16), (2, 3, 1))
    assert nine_channels(counts)[1, 2].tolist() == [0, 0, 0, 4, 5, 6, 1, 2, 3]


@pytest.mark.parametrize(
    "counts",
    [np.zeros((4, 9), np.int16), np.zeros((4, 6)), np.zeros((0, 6), np.int16), np.zeros(6, np.int16)],
)
def test_other_counts_are_refused(counts):
    with pytest.raises(ConfigError, match="expected int16"):
        nine_channels(counts)

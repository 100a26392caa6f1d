"""Gravity from acceleration, in integers: a causal low-pass filter with shifts and adds.

The UCI HAR data set gives body acceleration as total acceleration minus a 0.3 Hz low-pass estimate of gravity.
This is the same idea as a device can do it, sample by sample: one pole, per axis,

    estimate += ((total << 15) - estimate) * (1/32 + 1/256 + 1/512)       int32, each share rounded down
    body      = saturate16(total - ((estimate + 2**14) >> 15))

which begins at the first sample. At 50 samples a second its corner lies at 0.301 Hz.
"""

import math

import numpy as np

from tinygmp.errors import ConfigError
from tinygmp.quant.requantize import INT16_MAX, INT16_MIN

FRACTION_BITS = 15  # the most that leaves every difference of two estimates inside int32
SHARE_SHIFTS = (5, 8, 9)
SHARE = sum(2.0**-shift for shift in SHARE_SHIFTS)
AXES, SENSOR_CHANNELS, MODEL_CHANNELS = 3, 6, 9


def corner_hz(rate_hz: float) -> float:
    """Return the frequency of the pole, -ln(1 - share) * rate / (2 pi), at a sampling rate."""
    return -math.log(1 - SHARE) * rate_hz / (2 * math.pi)


def gravity_start(first: np.ndarray) -> np.ndarray:
    """Return the int32 estimate [..., 3] that begins at a first sample's total acceleration, int16 [..., 3]."""
    return first.astype(np.int32) << FRACTION_BITS


def gravity_step(estimate: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the next int32 estimate [..., 3] and int16 body acceleration of total acceleration, int16 [..., 3].

    The estimate stays in -2**30 - 2 .. 2**30 - 2**15: rounding down overshoots a target by two at most.
    """
    difference = (total.astype(np.int32) << FRACTION_BITS) - estimate
    moved = estimate + sum((difference >> shift for shift in SHARE_SHIFTS), start=np.int32(0))
    gravity = (moved + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
    body = np.clip(total.astype(np.int32) - gravity, INT16_MIN, INT16_MAX)
    return moved, body.astype(np.int16)


def nine_channels(counts: np.ndarray) -> np.ndarray:
    """Return int16 counts [..., steps, 9] (body_acc, gyro, total_acc) of a six-axis sensor's [..., steps, 6].

    Input: accelerometer x y z, gyroscope x y z, int16. The filter begins at the first step of each leading entry.
    Raises ConfigError for another number of channels, another type or no step.
    """
    if (
        counts.dtype != np.int16
        or counts.ndim < 2
        or counts.shape[-1] != SENSOR_CHANNELS
        or not counts.shape[-2]
    ):
        raise ConfigError(
            f"six-axis counts are {counts.dtype} {counts.shape}, expected int16 [..., steps, {SENSOR_CHANNELS}]"
        )
    total, gyro = counts[..., :AXES], counts[..., AXES:]
    body = np.empty_like(total)
    estimate = gravity_start(total[..., 0, :])
    for step in range(counts.shape[-2]):
        estimate, body[..., step, :] = gravity_step(estimate, total[..., step, :])
    return np.concatenate([body, gyro, total], axis=-1)

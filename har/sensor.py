"""Raw counts of the sensor that the packed model expects, and the normalisation of training.

A phone-class inertial unit at +-4 g and +-500 degrees/s: 8192 counts per g, 65.536 counts per degree/s.
"""

import numpy as np

from tinygmp.floats.operators.sensor_input import SensorScaling

RATE_HZ = 50.0
COUNTS_PER_G = 8192.0
COUNTS_PER_RAD_S = 32768 / 500 * 57.29578  # = 3754.9
CHANNELS = tuple(f"{sensor}_{axis}" for sensor in ("body_acc", "body_gyro", "total_acc") for axis in "xyz")
UNITS = ("g",) * 3 + ("rad/s",) * 3 + ("g",) * 3
COUNTS_PER_UNIT = (COUNTS_PER_G,) * 3 + (COUNTS_PER_RAD_S,) * 3 + (COUNTS_PER_G,) * 3


def to_counts(windows: np.ndarray) -> np.ndarray:
    """Return int16 counts of windows in g and rad/s, channels last; a value beyond the range saturates.

    Fewer than nine channels are the last ones of the nine.
    """
    counts_per_unit = COUNTS_PER_UNIT[-windows.shape[-1] :]
    return np.clip(np.rint(windows * np.asarray(counts_per_unit)), -32768, 32767).astype(np.int16)


def fit_scaling(train_windows: np.ndarray) -> SensorScaling:
    """Return the per-channel mean and deviation of the training windows [windows, steps, 9 or 6] and the counts."""
    channels = train_windows.shape[-1]
    flat = train_windows.reshape(-1, channels).astype(np.float64)
    return SensorScaling(
        CHANNELS[-channels:],
        UNITS[-channels:],
        COUNTS_PER_UNIT[-channels:],
        flat.mean(axis=0),
        flat.std(axis=0),
    )

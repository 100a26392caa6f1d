"""The integer gravity filter in place of the data set's own body acceleration: per window, or per recording."""

from itertools import pairwise

import numpy as np

from har.data import SENSOR_CHANNELS, STEPS, Split
from har.sensor import to_counts
from tinygmp.errors import DataError
from tinygmp.quant.gravity import nine_channels

HALF = STEPS // 2


def sensor_counts(split: Split) -> np.ndarray:
    """Return int16 [windows, 128, 6] as a six-axis sensor gives them: accelerometer x y z, gyroscope x y z."""
    counts = to_counts(split.windows[..., -SENSOR_CHANNELS:])
    return np.concatenate([counts[..., 3:], counts[..., :3]], axis=-1)


def filtered_each(split: Split) -> np.ndarray:
    """Return int16 [windows, 128, 9] with the filter begun anew at the first sample of every window."""
    return nine_channels(sensor_counts(split))


def filtered_joined(split: Split) -> np.ndarray:
    """Return int16 [windows, 128, 9] with the filter running through every recording of `recordings`."""
    counts = sensor_counts(split)
    filtered = np.empty((*counts.shape[:2], 9), np.int16)
    for recording in recordings(split):
        stream = nine_channels(joined(counts[recording]))
        for place, window in enumerate(recording):
            filtered[window] = stream[place * HALF : place * HALF + STEPS]
    return filtered


def recordings(split: Split) -> list[range]:
    """Return runs of windows of one person and activity, each beginning with the second half of the one before."""
    total = split.windows[..., -3:]
    follows = (
        (total[:-1, HALF:] == total[1:, :HALF]).all(axis=(1, 2))
        & (split.people[:-1] == split.people[1:])
        & (split.activities[:-1] == split.activities[1:])
    )
    starts = [0, *(np.flatnonzero(~follows) + 1).tolist(), len(split)]
    return [range(start, end) for start, end in pairwise(starts)]


def joined(windows: np.ndarray) -> np.ndarray:
    """Return [64 * (windows + 1), channels] of windows [n, 128, channels] that overlap by half.

    Raises DataError when two neighbours differ where they overlap.
    """
    if not np.array_equal(windows[:-1, HALF:], windows[1:, :HALF]):
        raise DataError("windows differ where they should overlap by half; join consecutive windows only")
    return np.concatenate([windows[0, :HALF], *windows[:, HALF:]])

"""Windows of raw sensor counts to check a packed model with: real, synthetic, the user's own, or random."""

from pathlib import Path

import numpy as np

from tinygmp.data.registry import DataSet, dataset_of
from tinygmp.data.samples import Samples, arrays_of, own_samples
from tinygmp.errors import ConfigError, DataError, UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.base import INT8_LIMIT
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.progress import OnStep, silent

RANDOM = "random"
RANDOM_WINDOWS = 256


def load_windows(model: PackedModel, source: str | None = None, on_step: OnStep = silent) -> Samples:
    """Return test windows for a model.

    source: an .npz file with 'counts' (int16) or 'windows' (real units) and perhaps 'labels'; a folder or
    zip of UCI HAR; 'uci' (may download), 'synthetic' or 'random'. None takes what this machine has: UCI HAR
    where the model is of its kind and a local copy exists, else synthetic windows; random counts for other
    models. Raises DataError or ConfigError.
    """
    if source is not None and source.endswith(".npz"):
        return own_windows(model, Path(source))
    found = None if source == RANDOM else dataset_of(sensor_of(model).channel_names, len(model.labels))
    if source == RANDOM or (source is None and found is None):
        return random_windows(model)
    if found is None:
        raise ConfigError(
            f"model '{model.name}' has channels {', '.join(sensor_of(model).channel_names)}, which UCI "
            f"HAR does not; "
            "give --data FILE.npz with its own windows, or --data random"
        )
    return test_windows(model, found, source, on_step)


def takes_windows(model: PackedModel) -> bool:
    """Return whether a model takes windows of sensor counts."""
    return model.recurrent and isinstance(model.nodes[0].operator, SensorInput)


def sensor_of(model: PackedModel) -> SensorInput:
    """Return the sensor input of a model of windows; raises UnsupportedError for any other model."""
    first = model.nodes[0].operator
    if not takes_windows(model) or not isinstance(first, SensorInput):
        raise UnsupportedError(
            f"model '{model.name}' takes no windows of sensor samples; this needs one that does"
        )
    return first


def test_windows(model: PackedModel, known: DataSet, source: str | None, on_step: OnStep) -> Samples:
    """Return the test people of a data set; synthetic ones where no source is given and no copy is here."""
    if source is None and known.local_copy() is None:
        source = "synthetic"
    data = known.load(source, on_step)
    counts = counts_of(model, data.test.windows)
    return Samples(f"{data.name}, test people", data.synthetic, (counts,), data.test.labels)


def counts_of(model: PackedModel, windows: np.ndarray) -> np.ndarray:
    """Return int16 counts of windows in the units of the model's sensor, channels last; they saturate."""
    scaled = np.rint(windows.astype(np.float64) * np.asarray(sensor_of(model).counts_per_unit))
    return np.clip(scaled, -32768, 32767).astype(np.int16)


def own_windows(model: PackedModel, path: Path) -> Samples:
    arrays = arrays_of(path)
    if "counts" in arrays:
        counts = arrays["counts"]
    elif "windows" in arrays:
        counts = counts_of(model, real_windows(model, path, arrays["windows"]))
    else:
        raise DataError(
            f"'{path}' holds {sorted(arrays)}; it needs 'counts' (int16) or 'windows' (real units)"
        )
    return own_samples(model, path, [counts], arrays.get("labels"))


def real_windows(model: PackedModel, path: Path, windows: np.ndarray) -> np.ndarray:
    """Return windows in real units; raises DataError where they are no numbers or of other channels."""
    channels = sensor_of(model).channels
    if windows.ndim != 3 or windows.shape[2] != channels or windows.dtype.kind not in "fiu":
        raise DataError(
            f"'{path}': 'windows' is {windows.dtype} {windows.shape}, expected reals [windows, steps, {channels}]"
        )
    if not np.isfinite(windows).all():
        raise DataError(f"'{path}': 'windows' holds values that are no numbers; leave those windows out")
    return windows


def random_windows(model: PackedModel, count: int = RANDOM_WINDOWS, seed: int = 0) -> Samples:
    """Return slowly wandering counts that use the whole range of the model's input and beyond."""
    rng = np.random.default_rng(seed)
    sensor = sensor_of(model)
    reach = INT8_LIMIT * 2.0**sensor.shift / sensor.multiplier
    steps = rng.normal(0, 0.3, (count, model.steps, sensor.channels))
    wander = 1.5 * np.sin(np.cumsum(steps, axis=1) + rng.uniform(0, 6.3, (count, 1, sensor.channels)))
    counts = np.clip(np.rint(sensor.offset + reach * wander), -32768, 32767).astype(np.int16)
    return Samples("random counts", False, (counts,))

"""Windows of raw sensor counts to check a packed model with: real, synthetic, the user's own, or random."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.data.registry import DataSet, dataset_of
from tinygmp.errors import ConfigError, DataError, UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.base import INT8_LIMIT
from tinygmp.graph.operators.sensor_input import SensorInput
from tinygmp.progress import OnStep, silent

RANDOM = "random"
RANDOM_WINDOWS = 256


@dataclass(frozen=True)
class Windows:
    """Counts int16 [windows, steps, channels], labels int64 [windows] or None, and what they are."""

    name: str
    synthetic: bool
    counts: np.ndarray
    labels: np.ndarray | None


def load_windows(model: PackedModel, source: str | None = None, on_step: OnStep = silent) -> Windows:
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


def sensor_of(model: PackedModel) -> SensorInput:
    """Return the sensor input of a model of windows; raises UnsupportedError for any other model."""
    first = model.nodes[0].operator
    if not model.recurrent or not isinstance(first, SensorInput):
        raise UnsupportedError(
            f"model '{model.name}' takes no windows of sensor samples; this needs one that does"
        )
    return first


def test_windows(model: PackedModel, known: DataSet, source: str | None, on_step: OnStep) -> Windows:
    """Return the test people of a data set; synthetic ones where no source is given and no copy is here."""
    if source is None and known.local_copy() is None:
        source = "synthetic"
    data = known.load(source, on_step)
    return Windows(
        f"{data.name}, test people", data.synthetic, counts_of(model, data.test.windows), data.test.labels
    )


def counts_of(model: PackedModel, windows: np.ndarray) -> np.ndarray:
    """Return int16 counts of windows in the units of the model's sensor, channels last; they saturate."""
    scaled = np.rint(windows.astype(np.float64) * np.asarray(sensor_of(model).counts_per_unit))
    return np.clip(scaled, -32768, 32767).astype(np.int16)


def own_windows(model: PackedModel, path: Path) -> Windows:
    try:
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read '{path}': {error}; give an .npz file of arrays") from error
    if "counts" in arrays:
        counts = arrays["counts"]
    elif "windows" in arrays:
        counts = counts_of(model, arrays["windows"])
    else:
        raise DataError(
            f"'{path}' holds {sorted(arrays)}; it needs 'counts' (int16) or 'windows' (real units)"
        )
    if (
        counts.dtype != np.int16
        or counts.ndim != 3
        or counts.shape[2] != sensor_of(model).channels
        or not counts.size
    ):
        raise DataError(
            f"'{path}': {counts.dtype} {counts.shape}, expected int16 [windows, steps, "
            f"{sensor_of(model).channels}]"
        )
    labels = arrays.get("labels")
    if labels is not None and (
        labels.shape != (len(counts),) or not np.isin(labels, range(len(model.labels))).all()
    ):
        raise DataError(f"'{path}': labels must be {len(counts)} classes of 0..{len(model.labels) - 1}")
    return Windows(str(path), False, counts, labels)


def random_windows(model: PackedModel, count: int = RANDOM_WINDOWS, seed: int = 0) -> Windows:
    """Return slowly wandering counts that use the whole range of the model's input and beyond."""
    rng = np.random.default_rng(seed)
    sensor = sensor_of(model)
    reach = INT8_LIMIT * 2.0**sensor.shift / sensor.multiplier
    steps = rng.normal(0, 0.3, (count, model.steps, sensor.channels))
    wander = 1.5 * np.sin(np.cumsum(steps, axis=1) + rng.uniform(0, 6.3, (count, 1, sensor.channels)))
    counts = np.clip(np.rint(sensor.offset + reach * wander), -32768, 32767).astype(np.int16)
    return Windows("random counts", False, counts, None)


def spread(windows: Windows, count: int) -> np.ndarray:
    """Return the counts of at most `count` windows, spread evenly over all."""
    if count < 1:
        raise ConfigError(f"{count} windows: at least 1 is needed")
    chosen = np.unique(np.linspace(0, len(windows.counts) - 1, count).round().astype(int))
    return windows.counts[chosen]

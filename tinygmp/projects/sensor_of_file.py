"""Networks of sensor windows out of files: normalised reals become counts, as a sensor on the device gives them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tinygmp.data.calibration import Source
from tinygmp.errors import ConfigError, DataError
from tinygmp.file_kind import kind_of_path
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.window_classifier import with_sensor
from tinygmp.readers.edgeml import Normalisation, load_normalisation

INT16 = 32767
NOTED_SPREAD = 0.1


def with_counts(
    path: Path,
    graph: FloatGraph,
    source: Source,
    counts_per_unit: tuple[float, ...] | None,
    normalisation: Normalisation | None = None,
) -> tuple[FloatGraph, Source, list[str]]:
    """Return the graph that takes sensor counts, the samples as counts, and what a user must know.

    Samples are [windows, steps, channels] before normalisation, or flattened as EdgeML has them, the class in front.
    Raises ConfigError where reals are given and it is not said how many counts a unit has.
    """
    channels = next(iter(graph.inputs.values()))[-1]
    source = windows_of(source, channels)
    (windows,) = source.arrays.values()
    whole = windows.dtype.kind in "iu"
    if counts_per_unit is None and not whole:
        raise ConfigError(
            f"'{source.path}' holds reals, a device reads counts; say how many the sensor gives for one unit with "
            "--counts-per-unit (of all channels, or of each)"
        )
    per_unit = np.broadcast_to(np.asarray(counts_per_unit or (1.0,), np.float64), (channels,))
    normalisation = normalisation_of(path, channels, normalisation)
    scaling = SensorScaling(
        channel_names=tuple(f"channel_{number}" for number in range(channels)),
        units=("units",) * channels,
        counts_per_unit=tuple(float(each) for each in per_unit),
        mean=normalisation.mean,
        std=normalisation.std,
    )
    notes = []
    if normalisation.spread > NOTED_SPREAD:
        notes.append(
            f"mean.npy differs by up to {normalisation.spread:.2f} deviations between the steps of a window; the "
            "device takes one mean a channel"
        )
    counts = np.rint(windows * per_unit)
    if np.abs(counts).max(initial=0) > INT16:
        lost = float((np.abs(counts) > INT16).mean())
        notes.append(f"{100 * lost:.2g} % of the samples exceed 16 bits in counts and saturate")
    counts = np.clip(counts, -INT16 - 1, INT16).astype(np.int16)
    return with_sensor(graph, scaling), replace(source, arrays={"counts": counts}), notes


def normalisation_of(path: Path, channels: int, given: Normalisation | None) -> Normalisation:
    """Return the given one, by channel, or what lies beside an EdgeML network; ConfigError for other channels."""
    if given is not None:
        if {len(given.mean), len(given.std)} - {1, channels} or min(given.std) <= 0:
            raise ConfigError(
                f"'{path}' takes {channels} channels: mean {given.mean.tolist()} and std {given.std.tolist()}; give "
                "one of each a channel, or one for all, std above 0"
            )
        return Normalisation(np.broadcast_to(given.mean, channels), np.broadcast_to(given.std, channels))
    if kind_of_path(path) == "edgeml":
        return load_normalisation(path, channels)
    return Normalisation(np.zeros(channels), np.ones(channels))


def windows_of(source: Source, channels: int) -> Source:
    """Return a source of windows [windows, steps, channels]; the first column of flat rows is the class."""
    if len(source.arrays) != 1:
        raise DataError(
            f"'{source.path}' holds {sorted(source.arrays) or 'pictures'}, no windows of {channels} channels"
        )
    (array,) = source.arrays.values()
    if array.ndim == 2 and class_in_front(array, channels):
        labels = array[:, 0]
        if (labels != np.rint(labels)).any():
            raise DataError(
                f"'{source.path}': the first column is no class, {labels[:3]}; expected class, then samples"
            )
        windows = array[:, 1:].reshape(len(array), -1, channels)
        return replace(source, arrays={"x": windows}, labels=(labels - labels.min()).astype(np.int64))
    if array.ndim == 2 and array.shape[1] % channels == 0:
        return replace(source, arrays={"x": array.reshape(len(array), -1, channels)})
    if array.ndim != 3 or array.shape[2] != channels:
        raise DataError(
            f"'{source.path}' is {array.shape}, expected [windows, steps, {channels}], or rows of the class and a "
            "window's samples"
        )
    return source


def class_in_front(rows: np.ndarray, channels: int) -> bool:
    """Return whether rows begin with a class, as EdgeML's do: a column too many, or whole numbers before reals."""
    if channels > 1:
        return rows.shape[1] % channels == 1
    whole = rows == np.rint(rows)
    return bool(whole[:, 0].all() and not whole[:, 1:].all())

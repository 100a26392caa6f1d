"""FastGRNN as EdgeML's trainers save it: a folder of .npy matrices, with mean and deviation of the training set.

https://github.com/microsoft/EdgeML, fastTrainer.py saveParams: W [inputs, hidden] or W1 [inputs, rank] and W2 [rank,
hidden], likewise U; Bg and Bh [1, hidden], zeta and nu before their sigmoids, FC [hidden, classes], FCbias.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygmp.errors import DataError, UnsupportedError
from tinygmp.floats.graph import FloatGraph
from tinygmp.floats.operators.fastgrnn import Factors, FastGrnn, sigmoid
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.window_classifier import window_classifier

MOST_FACTORS = 2
OTHER_CELLS = {"alpha": "FastRNN", "Br": "GRU", "Bf": "LSTM"}  # a file that only this cell has
SMALLEST_STD = 1e-6  # EdgeML's preprocessing divides by 1 below it


def load_edgeml(folder: Path) -> FloatGraph:
    """Return the graph of normalised windows; sigmoid and tanh are taken for its gates, which the files do not tell.

    Raises DataError that names a file which is missing or does not fit, UnsupportedError for another cell.
    """
    for name, other in OTHER_CELLS.items():
        if (folder / f"{name}.npy").is_file():
            raise UnsupportedError(f"'{folder}' holds a {other} cell of EdgeML; only FastGRNN is supported")
    cell = FastGrnn(
        w=factors(folder, "W"),
        u=factors(folder, "U"),
        bias_gate=array(folder, "Bg", "B_g").reshape(-1),
        bias_update=array(folder, "Bh", "B_h").reshape(-1),
        zeta=share(folder, "zeta"),
        nu=share(folder, "nu"),
    )
    weights = array(folder, "FC")
    if weights.ndim != 2 or len(weights) != cell.hidden_size:
        raise DataError(f"'{folder / 'FC.npy'}' is {weights.shape}, expected [{cell.hidden_size}, classes]")
    bias = array(folder, "FCbias").reshape(-1)
    return window_classifier(cell, FullyConnected(np.ascontiguousarray(weights.T), bias), folder.name)


def factors(folder: Path, letter: str) -> Factors:
    """Return a map as [outputs, inputs] matrices in the order in which they are applied."""
    if (folder / f"{letter}.npy").is_file():
        return (np.ascontiguousarray(array(folder, letter).T),)
    if (folder / f"{letter}{MOST_FACTORS + 1}.npy").is_file():
        raise UnsupportedError(
            f"'{folder}': {letter} has more than {MOST_FACTORS} factors; multiply them out"
        )
    first, second = (array(folder, f"{letter}{number}") for number in (1, 2))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[0]:
        raise DataError(f"'{folder}': {letter}1 {first.shape} and {letter}2 {second.shape} are no product")
    return np.ascontiguousarray(first.T), np.ascontiguousarray(second.T)


def array(folder: Path, *names: str) -> np.ndarray:
    """Return the float32 array of the first of these names that is there; raises DataError."""
    path = next((folder / f"{name}.npy" for name in names if (folder / f"{name}.npy").is_file()), None)
    if path is None:
        raise DataError(
            f"'{folder}' has no {names[0]}.npy; save the whole folder that EdgeML's trainer wrote"
        )
    try:
        found = np.load(path, allow_pickle=False)
        found = np.asarray(found, np.float32)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"'{path}' is no array of numbers ({error}); save it again with numpy.save"
        ) from error
    if not found.size or not np.isfinite(found).all():
        raise DataError(f"'{path}' is empty or holds values that are no numbers; train again")
    return found


def share(folder: Path, name: str) -> float:
    """Return the sigmoid of the one number in a file."""
    found = array(folder, name)
    if found.size != 1:
        raise DataError(f"'{folder / name}.npy' is {found.shape}, expected one number")
    return float(sigmoid(found.reshape(-1))[0])


@dataclass(frozen=True)
class Normalisation:
    """mean, std: float [channels]; spread: by how many deviations a channel's mean differs between steps, at most."""

    mean: np.ndarray
    std: np.ndarray
    spread: float = 0.0


def load_normalisation(folder: Path, channels: int) -> Normalisation:
    """Return mean.npy and std.npy by channel, 0 and 1 where there are none.

    EdgeML takes them over the flattened window, one a step and channel; a device has one a channel, their means.
    """
    if not (folder / "mean.npy").is_file():
        return Normalisation(np.zeros(channels), np.ones(channels))
    mean, std = (array(folder, name).reshape(-1) for name in ("mean", "std"))
    if len(mean) != len(std) or len(mean) % channels:
        raise DataError(
            f"'{folder}': mean {mean.shape} and std {std.shape} do not fit {channels} channels; one of each a "
            "channel, or a step and channel"
        )
    means = mean.reshape(-1, channels).astype(np.float64)
    stds = std.reshape(-1, channels).astype(np.float64)
    stds[stds < SMALLEST_STD] = 1.0
    by_channel = stds.mean(axis=0)
    spread = float((np.abs(means - means.mean(axis=0)) / by_channel).max())
    return Normalisation(means.mean(axis=0), by_channel, spread)

"""Folders as EdgeML's trainers write them, with weights that make the state grow."""

import json
from pathlib import Path

import numpy as np


def logit(share: float) -> np.ndarray:
    """Return what EdgeML saves of a share: its value before the sigmoid, [1, 1]."""
    return np.array([[np.log(share / (1 - share))]], np.float32)


def write_folder(
    folder: Path, *, inputs: int = 3, hidden: int = 16, ranks: tuple[int, int] | None = (2, 8), classes: int = 6,
    zeta: float = 0.6, nu: float = 0.3, seed: int = 0,
) -> None:  # fmt: skip
    """Write a FastGRNN of random weights; ranks: of W and U, None for full ones."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        "Bg": rng.normal(0.5, 0.5, (1, hidden)), "Bh": rng.normal(0, 0.5, (1, hidden)), "zeta": logit(zeta),
        "nu": logit(nu), "FC": rng.normal(0, 0.5, (hidden, classes)), "FCbias": rng.normal(0, 0.2, (classes,)),
    }  # fmt: skip
    for letter, entering, rank in (("W", inputs, ranks and ranks[0]), ("U", hidden, ranks and ranks[1])):
        if rank:
            arrays[f"{letter}1"] = rng.normal(0, 1 / np.sqrt(entering), (entering, rank))
            arrays[f"{letter}2"] = rng.normal(0, 1 / np.sqrt(rank), (rank, hidden))
        else:
            arrays[letter] = rng.normal(0, 1 / np.sqrt(entering), (entering, hidden))
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.asarray(array, np.float32))


def write_grown(folder: Path) -> None:
    """Write a trained FastGRNN whose state grows to some twenty times what a step moves it by: zeta + nu = 1.05.

    16 units, ranks 2 and 8, three channels, six classes; trained on windows of `write_windows`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays = json.loads(Path(__file__).with_name("grown_state.json").read_text())
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", np.asarray(values, np.float32))
    np.save(folder / "zeta.npy", logit(0.7))
    np.save(folder / "nu.npy", logit(0.35))


def write_windows(
    folder: Path, *, windows: int = 240, steps: int = 24, inputs: int = 3, classes: int = 6, seed: int = 1
) -> Path:
    """Write train.npy as EdgeML's data have it, the class and then a window's samples, and mean and std beside it.

    A class is a direction and a speed of shaking.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, windows)
    size = 0.3 + 1.2 * (np.arange(classes)[:, None] % inputs == np.arange(inputs))
    speed = np.where(np.arange(classes) < inputs, 0.25, 1.1)[:, None] * rng.uniform(
        0.9, 1.1, (classes, inputs)
    )
    time = np.arange(steps)[None, :, None] + rng.uniform(0, 30, (windows, 1, 1))
    x = (
        0.8
        + size[labels][:, None] * np.sin(time * speed[labels][:, None])
        + rng.normal(0, 0.1, (windows, steps, inputs))
    )
    flat = x.reshape(windows, -1)
    np.save(folder / "mean.npy", flat.mean(axis=0))
    np.save(folder / "std.npy", flat.std(axis=0))
    path = folder / "train.npy"
    np.save(path, np.concatenate([labels[:, None] + 1, flat], axis=1))
    return path

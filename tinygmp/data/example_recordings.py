"""Synthetic recordings of gestures, to try every command with before there are real ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tinygmp.artifact import write_atomically
from tinygmp.errors import OutputError

CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")  # g and degrees/s
RATE_HZ = 50.0
NOTE = "SYNTHETIC.txt"
NOTE_TEXT = "These recordings are synthetic: they show how tinygmp works, and their accuracy means nothing.\n"
Motion = Callable[
    [np.ndarray], tuple[np.ndarray, np.ndarray]
]  # phase -> acceleration, turning along a main axis

MOTIONS: dict[str, Motion] = {
    "circle": lambda phase: (np.stack([np.cos(phase), np.sin(phase), 0 * phase], 1), 60 * np.sin(phase / 2)),
    "idle": lambda phase: (0.1 * np.stack([np.sin(phase / 3), np.cos(phase / 5), 0 * phase], 1), 0 * phase),
    "shake": lambda phase: (
        np.stack([1.2 * np.sin(1.6 * phase), 0.3 * np.sin(phase), 0 * phase], 1),
        40 * np.cos(phase / 2),
    ),
}


def write_example(folder: Path, people: int = 8, takes: int = 6, rows: int = 150, seed: int = 0) -> Path:
    """Write folder/<gesture>/<person>_<take>.csv with a time column in ms; returns the folder.

    Raises OutputError when something is already there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"'{folder}' is not empty; the example is written into a new folder only")
    rng = np.random.default_rng(seed)
    for person in range(1, people + 1):
        pace, force, tilt = rng.normal(1, 0.2), rng.lognormal(-0.4, 0.4), rng.normal(0, 0.25, 2)
        for name, motion in MOTIONS.items():
            for take in range(1, takes + 1):
                values = record(rng, motion, rows, pace, force, tilt)
                write_atomically(folder / name / f"p{person:02}_{take:02}.csv", as_csv(values))
    write_atomically(folder / NOTE, NOTE_TEXT.encode())
    return folder


def record(
    rng: np.random.Generator, motion: Motion, rows: int, pace: float, force: float, tilt: np.ndarray
) -> np.ndarray:
    """Return one recording [rows, 6]: the motion at a person's pace, force and tilt, gravity, and noise."""
    time = np.arange(rows) / RATE_HZ
    phase = 2 * np.pi * (1.3 * pace * rng.normal(1, 0.1) * time + rng.random())
    push, turn = motion(phase)
    values = np.zeros((rows, 6))
    values[:, :3] = force * push + np.array([tilt[0], tilt[1], 1.0]) + rng.normal(0, 0.2, (rows, 3))
    values[:, 3:] = turn[:, None] * np.array([0.3, 0.2, 1.0]) + rng.normal(0, 15.0, (rows, 3))
    return values


def as_csv(values: np.ndarray) -> bytes:
    lines = [",".join(("time_ms", *CHANNELS))]
    for row, sample in enumerate(values):
        lines.append(f"{row * 1000 / RATE_HZ:.0f}," + ",".join(f"{value:.4f}" for value in sample))
    return ("\n".join(lines) + "\n").encode()

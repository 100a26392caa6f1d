"""Windows that overlap by half are joined where they were cut, and nowhere else."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from har.data import HarData, Split, without_body_acceleration
from har.gravity import filtered_each, filtered_joined, joined, recordings, sensor_counts
from har.sensor import fit_scaling, to_counts
from tinygmp.errors import DataError
from tinygmp.graph.file import save_model
from tinygmp.graph.random_model import random_model
from tinygmp.quant.gravity import nine_channels

ROOT = Path(__file__).parents[2]


def cut(stream: np.ndarray) -> np.ndarray:
    return np.stack([stream[start : start + 128] for start in range(0, len(stream) - 127, 64)])


@pytest.fixture
def streams() -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [rng.normal(0, 0.5, (64 * windows + 64, 9)).astype(np.float32) for windows in (3, 1, 2)]


@pytest.fixture
def split(streams) -> Split:
    """Three recordings: three windows and one of person 1, two of person 2."""
    windows = np.concatenate([cut(stream) for stream in streams])
    return Split(windows, np.array([1, 1, 1, 4, 4, 4]), np.array([1, 1, 1, 1, 2, 2]))


def test_recordings_are_found(split):
    assert recordings(split) == [range(3), range(3, 4), range(4, 6)]


def test_another_activity_begins_another_recording(split):
    split.activities[2] = 2
    assert recordings(split)[:2] == [range(2), range(2, 3)]


def test_a_sensor_gives_acceleration_then_rotation(split):
    counts = to_counts(split.windows)
    assert np.array_equal(sensor_counts(split), counts[..., [6, 7, 8, 3, 4, 5]])


def test_the_filter_runs_through_a_recording(split, streams):
    filtered = filtered_joined(split)
    whole = nine_channels(to_counts(streams[0])[:, [6, 7, 8, 3, 4, 5]])
    assert np.array_equal(filtered[:3], cut(whole))
    assert np.array_equal(filtered[..., 3:], to_counts(split.windows)[..., 3:])


def test_the_filter_begins_anew_in_every_window(split):
    filtered = filtered_each(split)
    assert not filtered[:, 0, :3].any()
    assert np.array_equal(filtered[3], filtered_joined(split)[3])


def test_windows_of_different_recordings_are_not_joined(split):
    with pytest.raises(DataError, match="overlap by half"):
        joined(split.windows[2:4])


def test_six_channels_are_the_last_of_the_nine(split):
    six = without_body_acceleration(HarData("x", True, "", split, split))
    assert np.array_equal(six.train.windows, split.windows[..., 3:])
    assert np.array_equal(to_counts(six.test.windows), to_counts(split.windows)[..., 3:])
    scaling = fit_scaling(six.train.windows)
    assert scaling.channel_names[0] == "body_gyro_x"
    assert scaling.counts_per_unit[3:] == (8192.0,) * 3
    assert np.array_equal(scaling.mean, fit_scaling(split.windows).mean[3:])


def test_the_script_writes_its_report(tmp_path):
    save_model(random_model(0, hidden=8), tmp_path / "model.tgmp")
    script = ROOT / "scripts" / "experiments" / "har2_gravity.py"
    command = [sys.executable, script, "--data", "synthetic", "--six", "0"]
    done = subprocess.run(
        [*command, "--model", tmp_path / "model.tgmp", "--out", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "har2_gravity.json").read_text())
    assert report["synthetic"] is True
    assert len(report["rows"]) == 4
    assert report["rows"][0]["difference_g"] == 0
    assert report["recordings"]["count"] == report["test_windows"]  # synthetic windows do not overlap

from dataclasses import replace

import numpy as np
import pytest

from har.archive import SIGNALS
from tinygmp.data.windows import counts_of, load_windows, random_windows
from tinygmp.errors import ConfigError, DataError
from tinygmp.graph.reference.inputs import quantize_counts


@pytest.fixture(scope="module")
def har_model(model):
    """The random model, its channels named as those of UCI HAR."""
    sensor = replace(
        model.nodes[0].operator,
        channel_names=SIGNALS,
        counts_per_unit=(8192.0,) * 3 + (3755.0,) * 3 + (8192.0,) * 3,
    )
    return replace(model, nodes=(replace(model.nodes[0], operator=sensor), *model.nodes[1:]))


def test_random_counts_reach_every_input_value_and_repeat(model):
    windows = random_windows(model)
    assert windows.first.dtype == np.int16
    assert windows.first.shape == (256, 128, 9)
    x8 = quantize_counts(model.nodes[0].operator, windows.first)
    assert (x8.min(), x8.max()) == (-127, 127)
    assert len(np.unique(x8)) == 255
    assert (windows.first == random_windows(model).first).all()
    assert load_windows(model).name == "random counts"


def test_counts_are_rounded_and_saturate(har_model):
    windows = np.zeros((1, 1, 9))
    windows[0, 0, :4] = (1.0, -5.0, 5.0, 0.0002)
    assert counts_of(har_model, windows)[0, 0, :4].tolist() == [8192, -32768, 32767, 1]


def test_own_windows_in_counts_or_in_real_units(har_model, tmp_path):
    real = np.random.default_rng(0).normal(0, 0.3, (5, 7, 9))
    np.savez(tmp_path / "real.npz", windows=real, labels=[0, 1, 1, 0, 1])
    loaded = load_windows(har_model, str(tmp_path / "real.npz"))
    assert (loaded.first == counts_of(har_model, real)).all()
    assert loaded.labels.tolist() == [0, 1, 1, 0, 1]
    np.savez(tmp_path / "counts.npz", counts=loaded.first)
    again = load_windows(har_model, str(tmp_path / "counts.npz"))
    assert (again.first == loaded.first).all()
    assert again.labels is None


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"counts": np.zeros((2, 3, 9))}, "float64"),
        ({"counts": np.zeros((2, 3, 8), np.int16)}, r"\[windows, steps, 9\]"),
        ({"counts": np.zeros((0, 3, 9), np.int16)}, "expected int16"),
        ({"counts": np.zeros((2, 3, 9), np.int16), "labels": np.array([0])}, "labels must be 2 classes"),
        ({"counts": np.zeros((2, 3, 9), np.int16), "labels": np.array([0, 7])}, r"0\.\.1"),
        ({"other": np.zeros(2)}, "other"),
    ],
)
def test_own_windows_that_do_not_fit_are_refused(model, tmp_path, arrays, told):
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(DataError, match=told):
        load_windows(model, str(tmp_path / "own.npz"))


def test_a_missing_file_and_foreign_data_are_refused(model, tmp_path):
    with pytest.raises(DataError, match=r"none\.npz"):
        load_windows(model, str(tmp_path / "none.npz"))
    with pytest.raises(ConfigError, match=r"channel0.*--data random"):
        load_windows(model, "uci")


def test_without_data_a_har_model_is_checked_on_synthetic_people(har_model, monkeypatch, tmp_path):
    monkeypatch.delenv("TINYGMP_DATA", raising=False)
    monkeypatch.setenv("TINYGMP_CACHE", str(tmp_path))
    windows = load_windows(har_model)
    assert windows.synthetic
    assert windows.first.shape[1:] == (128, 9)
    assert set(windows.labels) == {0, 1}


@pytest.mark.real_data
def test_with_data_a_har_model_is_checked_on_the_test_people(har_model, data_root, monkeypatch):
    monkeypatch.setenv("TINYGMP_DATA", str(data_root))
    windows = load_windows(har_model)
    assert not windows.synthetic
    assert windows.first.shape == (2947, 128, 9)

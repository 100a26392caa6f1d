"""Labels, people, synthetic data, counts and augmentation."""

import numpy as np
import pytest
import torch

from har.data import held_out_people
from har.dataset import load_har
from har.labels import har2_labels
from har.recipe import load_recipe, recipe_names, with_sparsity
from har.sensor import fit_scaling, to_counts
from har.synthetic import synthetic_data
from har.training import prepare, settings_of
from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.operators.sensor_input import normalise_counts
from tinygmp.train.augment import Augmentation, WindowBatches, random_rotations


@pytest.fixture(scope="module")
def data():
    return synthetic_data(0, windows_each=3)


def test_har2_merges_sitting_laying_and_upstairs():
    assert har2_labels(np.array([1, 2, 3, 4, 5, 6])).tolist() == [1, 0, 1, 0, 1, 0]


def test_synthetic_data_is_deterministic_and_says_so(data):
    again = synthetic_data(0, windows_each=3)
    assert data.synthetic
    assert data.sha256 == again.sha256
    assert np.array_equal(data.train.windows, again.train.windows)
    assert data.sha256 != synthetic_data(1, windows_each=3).sha256
    assert load_har("synthetic").name == "synthetic HAR"


def test_synthetic_windows_are_plausible(data):
    gravity = np.linalg.norm(data.train.windows[:, :, 6:9].mean(axis=1), axis=1)
    assert gravity.min() > 0.8
    assert gravity.max() < 1.2
    moving = data.train.windows[np.isin(data.train.activities, (1, 2, 3))][:, :, :3].std()
    still = data.train.windows[np.isin(data.train.activities, (4, 5, 6))][:, :, :3].std()
    assert moving > 5 * still


def test_without_data_or_network_only_the_default_falls_back(monkeypatch, tmp_path):
    monkeypatch.delenv("TINYGMP_DATA", raising=False)
    monkeypatch.setenv("TINYGMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("har.dataset.ADDRESS", "http://127.0.0.1:9/har.zip")
    assert load_har(None).synthetic
    with pytest.raises(DataError, match="cannot be reached"):
        load_har("uci")
    assert not list(tmp_path.rglob("*.zip"))


def test_damaged_data_in_the_data_folder_never_falls_back(monkeypatch, tmp_path):
    (tmp_path / "uci_har").mkdir()
    (tmp_path / "uci_har" / "UCI HAR Dataset.zip").write_bytes(b"PK broken")
    monkeypatch.setenv("TINYGMP_DATA", str(tmp_path))
    with pytest.raises(DataError, match="not a complete zip"):
        load_har(None)


def test_held_out_people_are_disjoint_folds(data):
    folds = [held_out_people(data.train, 4, fold) for fold in range(5)]
    assert len(np.unique(np.concatenate(folds))) == 20
    with pytest.raises(DataError, match="fold 5"):
        held_out_people(data.train, 4, 5)
    with pytest.raises(DataError, match="at least 2"):
        held_out_people(data.train, 20)


def test_preparation_separates_people(data):
    prepared = prepare(data, load_recipe("quick"), seed=0)
    groups = [set(split.people) for split in (prepared.train, prepared.validation, prepared.test)]
    assert not (groups[0] & groups[1]) | (groups[0] & groups[2]) | (groups[1] & groups[2])
    assert np.abs(prepared.normalised(data.train).mean()) < 1e-3


def test_counts_saturate_and_come_back_as_normalised_values(data):
    scaling = fit_scaling(data.train.windows)
    counts = to_counts(data.train.windows)
    assert counts.dtype == np.int16
    expected = (data.train.windows - scaling.mean) / scaling.std
    np.testing.assert_allclose(normalise_counts(scaling, counts), expected, atol=0.02)
    assert to_counts(np.full((1, 1, 9), 100.0)).max() == 32767


def test_rotations_are_rotations_of_the_asked_size():
    rotations = random_rotations(4000, 14.0, torch.Generator().manual_seed(0)).double()
    identity = torch.eye(3, dtype=torch.float64)
    torch.testing.assert_close(
        rotations @ rotations.transpose(1, 2), identity.expand(4000, 3, 3), atol=1e-5, rtol=0
    )
    assert torch.linalg.det(rotations).min() > 0.999
    angles = torch.rad2deg(torch.arccos(((rotations.diagonal(dim1=1, dim2=2).sum(1) - 1) / 2).clamp(-1, 1)))
    assert angles.square().mean().sqrt().item() == pytest.approx(14.0, rel=0.05)


def test_augmentation_turns_the_three_sensors_of_a_window_together(data):
    scaling = fit_scaling(data.train.windows)
    batches = WindowBatches(data.train, scaling, Augmentation(rotation_degrees=30.0, noise=0.0))
    chosen = torch.arange(8)
    x = batches(chosen, torch.Generator().manual_seed(0)).double().numpy() * scaling.std + scaling.mean
    before = data.train.windows[:8].reshape(8, -1, 3).astype(float)
    after = x.reshape(8, -1, 3)
    for one, other in zip(before, after, strict=True):
        rotation = np.linalg.lstsq(one, other, rcond=None)[0]
        np.testing.assert_allclose(one @ rotation, other, atol=2e-4)


def test_no_augmentation_is_plain_normalisation(data):
    scaling = fit_scaling(data.train.windows)
    batches = WindowBatches(data.train, scaling, Augmentation(0.0, 0.0))
    x = batches(torch.arange(5), torch.Generator().manual_seed(0)).numpy()
    np.testing.assert_allclose(x, (data.train.windows[:5] - scaling.mean) / scaling.std, atol=1e-4)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_loads_and_makes_settings(name):
    recipe = load_recipe(name)
    assert settings_of(recipe, 0, dense=False).pruning.final_sparsity == recipe.pruning.sparsity
    assert settings_of(recipe, 0, dense=True).pruning is None


def test_wrong_recipes_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="unknown; known: default"):
        load_recipe("nothing")
    with pytest.raises(ConfigError, match=r"sparsity 1.5 is outside"):
        with_sparsity(load_recipe("default"), 1.5)
    path = tmp_path / "own.toml"
    path.write_text("name = [")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_recipe(str(path))
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_recipe(str(path))
    path.write_text('name = "own"\n[network]\nhidden = 0\n')
    with pytest.raises(ConfigError, match=r"network.hidden = 0"):
        load_recipe(str(path))

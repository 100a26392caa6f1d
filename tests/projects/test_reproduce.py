import json

import numpy as np
import pytest
from PIL import Image

from har.synthetic import synthetic_data
from tinygmp.errors import ConfigError, DataError
from tinygmp.projects import reproduce as workflow
from tinygmp.recipes.recipe import ModelSection, recipe
from tinygmp.recipes.sequences import Sequences, normalised_by_train


@pytest.fixture
def small_har(monkeypatch):
    """A few synthetic windows in place of UCI HAR."""
    data = synthetic_data(0)
    keep = slice(0, None, max(1, len(data.train) // 120))
    train, test = normalised_by_train(data.train.windows[keep], data.test.windows[keep])
    samples = Sequences(train, data.train.labels[keep]), Sequences(test, data.test.labels[keep])
    monkeypatch.setattr(workflow, "_open_har", lambda root: (*samples, "synthetic windows"))


def test_a_structured_row_trains_its_dense_row_first_and_counts_as_the_paper(small_har, tmp_path):
    lines = []
    result = workflow.reproduce("fastgrnn-ranks-9-8", tmp_path, tmp_path / "out", 1, 5, lines.append)
    figures = {one.figure: one for one in result.comparisons}
    assert figures["parameters not pruned"].expected == 2405
    assert figures["parameters not pruned"].obtained == 2405
    assert figures["accuracy %, best epoch on test"].expected == 95.89
    assert 0 < figures["multiply-adds pruned %"].obtained < 100
    assert "training fastgrnn-dense first" in lines[0]
    assert "1 of the recipe's 300 epochs" in str(result)
    stored = json.loads((tmp_path / "out" / "fastgrnn-ranks-9-8-seed5.json").read_text())
    assert stored["row"] == "fastgrnn-ranks-9-8"
    lines.clear()
    workflow.reproduce("fastgrnn-ranks-8-7", tmp_path, tmp_path / "out", 1, 5, lines.append)
    assert not any("fastgrnn-dense" in line for line in lines)


def test_an_image_row_runs_on_class_folders(tmp_path, monkeypatch):
    narrow = ModelSection(name="resnet-32", options={"width": 1})
    monkeypatch.setattr(workflow, "recipe", lambda row: recipe(row).model_copy(update={"model": narrow}))
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in range(10):
            (tmp_path / split / str(name)).mkdir(parents=True)
            for index in range(13):
                pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / split / str(name) / f"{index}.png")
    train, test, described = workflow.open_data(recipe("resnet-32-90"), tmp_path)
    assert "cifar-10" in described
    assert (len(train), len(test)) == (130, 130)
    result = workflow.reproduce("resnet-32-90", tmp_path, tmp_path / "out", epochs=1)
    sparsity = next(one for one in result.comparisons if one.figure == "sparsity %")
    assert (sparsity.expected, round(sparsity.obtained, 2)) == (90.0, 90.0)


def test_requests_that_cannot_be_met_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="row 'nothing' is unknown"):
        workflow.reproduce("nothing", tmp_path, tmp_path)
    with pytest.raises(ConfigError, match="0 epochs is below 1"):
        workflow.reproduce("resnet-32-90", tmp_path, tmp_path, epochs=0)
    with pytest.raises(DataError, match="does not exist"):
        workflow.reproduce("resnet-32-90", tmp_path / "absent", tmp_path, epochs=1)
    with pytest.raises(DataError, match="no images in"):
        workflow.reproduce("resnet-50-90", tmp_path, tmp_path, epochs=1)


def test_a_damaged_dense_checkpoint_is_named(tmp_path, small_har):
    (tmp_path / "fastgrnn-dense-seed0.safetensors").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"fastgrnn-dense-seed0\.safetensors' cannot be read"):
        workflow.reproduce("fastgrnn-ranks-9-7", tmp_path, tmp_path, epochs=1)

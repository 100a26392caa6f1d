"""Synthetic gestures in small folders of CSV."""

from pathlib import Path

import pytest

from tinygmp.data.example_recordings import write_example
from tinygmp.projects.init import write_recipe


@pytest.fixture(scope="session")
def recordings(tmp_path_factory) -> Path:
    """Synthetic recordings of 3 gestures by 5 people, 2 each."""
    return write_example(tmp_path_factory.mktemp("own") / "recordings", people=5, takes=2, rows=50)


QUICK = {
    "hidden = 32": "hidden = 8", "window_steps = 50": "window_steps = 20", "stride_steps = 25": "stride_steps = 15",
    "\nepochs = 150": "\nepochs = 12", "dense_epochs = 75": "dense_epochs = 6",
    "average_decay = 0.99": "average_decay = 0.9",
    "start_epoch = 45": "start_epoch = 3", "end_epoch = 90": "end_epoch = 7", "sparsity = 0.8": "sparsity = 0.6",
}  # fmt: skip


def quicken(recipe: Path) -> Path:
    """Make a recipe train in a second."""
    text = recipe.read_text()
    for old, new in QUICK.items():
        assert old in text, old
        text = text.replace(old, new)
    recipe.write_text(text)
    return recipe


@pytest.fixture(scope="session")
def make_quick(recordings):
    """Write a recipe of the synthetic recordings that trains in a second into a folder."""

    def make(folder: Path) -> Path:
        write_recipe(recordings, folder / "gestures.toml")
        return quicken(folder / "gestures.toml")

    return make


@pytest.fixture
def quick_recipe(make_quick, tmp_path) -> Path:
    """A recipe that trains in a second."""
    return make_quick(tmp_path)

"""A stored model to give to the command line."""

from pathlib import Path

import pytest

from tinygmp.graph.file import save_model
from tinygmp.graph.random_model import random_model


@pytest.fixture(scope="session")
def stored(tmp_path_factory) -> Path:
    """A small random model in a file."""
    return save_model(random_model(seed=4, hidden=12), tmp_path_factory.mktemp("model") / "small.tgmp")

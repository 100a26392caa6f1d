"""A small random model for all workflows."""

import pytest

from tinygmp.packed.model import PackedModel
from tinygmp.packed.random_model import random_model


@pytest.fixture(scope="session")
def model() -> PackedModel:
    return random_model(seed=4, hidden=12)

"""Synthetic gestures in small folders of CSV."""

from pathlib import Path

import pytest

from tinygmp.workflows.own.example import write_example


@pytest.fixture(scope="session")
def recordings(tmp_path_factory) -> Path:
    """Synthetic recordings of 3 gestures by 5 people, 2 each."""
    return write_example(tmp_path_factory.mktemp("own") / "recordings", people=5, takes=2, rows=50)

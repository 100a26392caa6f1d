"""Fixtures for all rooms."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of the real data sets; the test is skipped, with the remedy, where there is none."""
    root = os.environ.get("TINYGMP_DATA")
    if not root or not Path(root, "uci_har").is_dir():
        pytest.skip("real data absent: set TINYGMP_DATA to a folder that holds uci_har/")
    return Path(root).resolve()

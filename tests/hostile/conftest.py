"""The command line in a process of its own, as a user starts it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tinygmp.graph.file import save_model
from tinygmp.graph.random_model import random_model

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def stored(tmp_path_factory) -> Path:
    """A small random model in a file."""
    return save_model(random_model(seed=4, hidden=12), tmp_path_factory.mktemp("model") / "small.tgmp")


@pytest.fixture
def command_line() -> Run:
    """Run `tinygmp ARGUMENTS` and return exit code and both streams."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tinygmp.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run

"""Fixtures for all rooms."""

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from tinygmp.cli import main
from tinygmp.device.tools import require
from tinygmp.errors import MissingToolError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model

# The same examples on every machine; other ones with `--hypothesis-profile=default`.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs_program(name, ...): skipped where a program of the lab is missing"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Skip, with the program's name and how to install it, a test that needs a program which is not here."""
    try:
        return (yield)
    except MissingToolError as missing:
        pytest.skip(str(missing))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Do the same where a fixture needs it, or a mark `needs_program` names it."""
    try:
        for mark in item.iter_markers("needs_program"):
            for name in mark.args:
                require(name)
        return (yield)
    except MissingToolError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of the real data sets; the test is skipped, with the remedy, where there is none."""
    root = os.environ.get("TINYGMP_DATA")
    if not root or not Path(root, "uci_har").is_dir():
        pytest.skip("real data absent: set TINYGMP_DATA to a folder that holds uci_har/")
    return Path(root).resolve()


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hide all programs, those on PATH and those in the user's cache."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def model() -> PackedModel:
    """A small random model of sensor windows."""
    return random_model(seed=4, hidden=12)


@dataclass(frozen=True)
class Spoken:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def tinygmp(monkeypatch, capsys):
    """Run `tinygmp ARGUMENTS` as the installed script does."""

    def run(*arguments: str | Path) -> Spoken:
        monkeypatch.setattr("sys.argv", ["tinygmp", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Spoken(int(ended.value.code or 0), said.out, said.err)

    return run

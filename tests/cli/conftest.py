"""The command line, called in this process, and a stored model to give it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tinygmp.cli import main
from tinygmp.graph.file import save_model
from tinygmp.graph.random_model import random_model


@dataclass(frozen=True)
class Spoken:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def stored(tmp_path_factory) -> Path:
    """A small random model in a file."""
    return save_model(random_model(seed=4, hidden=12), tmp_path_factory.mktemp("model") / "small.tgmp")


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

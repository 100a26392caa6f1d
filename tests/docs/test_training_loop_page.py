"""All code of the page on one's own training loop runs, in its order, and leaves what the page says."""

import re
import shlex
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from tinygmp.cli import main
from tinygmp.errors import PruningWarning
from tinygmp.graph.file import load_model

PAGE = (Path(__file__).parents[2] / "docs" / "training_loop.md").read_text(encoding="utf-8")
LOOP, FROM_KERAS = PAGE.split("## The same from Keras, by file")


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def run(text: str, names: dict) -> dict:
    for block in blocks("python", text):
        exec(compile(block, "docs/training_loop.md", "exec"), names)
    return names


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder, one thread, one seed, and no warning of a pruner."""
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PruningWarning)
        yield
    torch.set_num_threads(threads)


def test_ten_lines_prune_save_and_export(monkeypatch, capsys):
    names = run(LOOP, {})
    numbers = [int(number) for number in re.findall(r"  # (\d+)$", LOOP, re.MULTILINE)]
    assert numbers == list(range(1, 11))
    pruner = names["pruner"]
    assert (pruner.epoch, pruner.mask.size, pruner.mask.nnz) == (11, 1040, 208)
    assert min(pruner.mask.layer_nnz().values()) >= 8
    table = capsys.readouterr().out
    assert all(name in table for name in [*pruner.parameters, *pruner.left_out])
    for command in [line for block in blocks("sh", LOOP) for line in block.splitlines()]:
        program, *arguments = shlex.split(command)
        monkeypatch.setattr("sys.argv", [program, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code, capsys.readouterr()
    assert Path("firmware", "gesture.c").is_file()
    model = load_model(Path("gesture.tgmp"))
    assert model.nnz <= 208  # batch norm is folded, dead channels go


def test_the_same_from_keras():
    keras = pytest.importorskip("keras", reason="install it with: pip install tensorflow")
    layers = keras.layers
    chain = [
        layers.Conv1D(16, 5),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv1D(16, 3, activation="relu"),
    ]
    keras.Sequential([layers.Input((40, 3)), *chain, layers.GlobalAveragePooling1D(), layers.Dense(2)]).save(
        "model.keras"
    )
    names = run(FROM_KERAS, run(LOOP, {}))
    assert names["pruner"].mask.nnz == 208
    assert names["network"].folded().nnz == 208
    model = load_model(Path("gesture.tgmp"))
    assert model.labels == ("slow", "fast")


def test_the_compared_figures_are_those_of_the_page_on_pruning():
    pruning = (Path(__file__).parents[2] / "docs" / "pruning.md").read_text(encoding="utf-8")
    theirs = re.search(r"global_unstructured` \| ([\d.]+) \| ([\d,.]+) \|", pruning).groups()
    ours = re.search(r"\| tinygmp \| ([\d.]+) \| ([\d.]+) \|", pruning).groups()
    figures = [float(figure.replace(",", "")) for figure in (*theirs, *ours)]
    np.testing.assert_allclose(figures, [5.6, 1300 * 1e6 / 2**20, 0.05, 25], rtol=0.1)


def test_every_trap_of_the_table_has_its_test():
    rows = re.search(r"## What torch\.nn.*?\n(\|.*?)\n\n", PAGE, re.DOTALL).group(1).splitlines()[2:]
    tests = (Path(__file__).parents[1] / "prune" / "test_torch_prune_traps.py").read_text(encoding="utf-8")
    assert len(rows) == tests.count("\ndef test_")

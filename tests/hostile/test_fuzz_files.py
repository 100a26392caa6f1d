"""A slice of the damaged files of scripts/fuzz_files.py, the honest ones that they come from, and what it found."""

import importlib.util
import sys
from pathlib import Path

import pytest

from tinygmp.errors import DataError, UnsupportedError

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz_files.py"
NAMES = ("tflite", "onnx", "h5", "keras", "torch", "safetensors", "elf", "csv", "recipe", "board")
SLICE = 60


@pytest.fixture(scope="module")
def fuzzer():
    spec = importlib.util.spec_from_file_location("fuzz_files", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_files"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fuzz_files"]


def test_every_format_is_here(fuzzer):
    assert sorted(NAMES) == sorted(fuzzer.FORMATS)


@pytest.mark.parametrize("name", NAMES)
def test_a_slice_of_damaged_files(fuzzer, name, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzzer.resource, "setrlimit", lambda *_: None)  # of this very process
    tally = fuzzer.fuzz(name, 10**6, SLICE, tmp_path / "kept")
    assert tally.failures == []
    assert tally.files == SLICE == tally.read + sum(tally.refused.values())
    assert sum(tally.refused.values()) > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_honest_files_are_read(fuzzer, name, tmp_path):
    """Damage of files that are refused anyway would try nothing; of the ONNX files one is refused on purpose."""
    ending, _, seeds, read = fuzzer.FORMATS[name]
    path, refused = tmp_path / f"honest{ending}", 0
    for content in seeds(tmp_path):
        path.write_bytes(content)
        try:
            read(path)
        except UnsupportedError:
            refused += 1
    assert refused == (name == "onnx")


def test_what_escapes_is_told_kept_and_ends_with_1(fuzzer, tmp_path, monkeypatch):
    def broken(path: Path) -> None:
        raise ZeroDivisionError("not one of ours")

    monkeypatch.setattr(fuzzer.resource, "setrlimit", lambda *_: None)
    monkeypatch.setitem(fuzzer.FORMATS, "board", (".toml", True, fuzzer.board_files, broken))
    tally = fuzzer.fuzz("board", 5, 2, tmp_path)
    assert len(tally.failures) == 2
    assert "ZeroDivisionError: not one of ours" in tally.failures[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["board_5.toml", "board_6.toml"]


def test_a_process_that_dies_is_a_failure(fuzzer, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzzer, "__file__", str(tmp_path / "absent.py"))
    assert "process ended with 2" in fuzzer.in_batches("board", 0, 2, None, tmp_path).failures[0]


def test_torch_s_advice_to_load_without_its_guard_is_not_passed_on(tmp_path):
    """Found by the harness: five lines that tell to set weights_only to False, which runs what the file says."""
    import pickle

    import torch

    from tinygmp.readers.torch_state import state_of

    path = tmp_path / "runs.pt"
    torch.save({"a": pickle.Pickler}, path)
    with pytest.raises(DataError, match="cannot be read as tensors alone") as told:
        state_of(path)
    assert "weights_only" not in str(told.value)
    assert "\n" not in str(told.value)

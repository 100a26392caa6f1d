"""Bad input through the real command line: exit code 2, one sentence, nothing half-written left behind."""

import re
from pathlib import Path

import numpy as np
import pytest


def refused(done, *words: str) -> None:
    """Assert that a command ended with 2 and one sentence that holds the words."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("tinygmp: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("command", ["budget", "verify"])
def test_unknown_board(command_line, stored, command):
    refused(
        command_line(command, stored, "--board", "nucleo-g071r"), "nucleo-g071r", "did you mean nucleo-g071rb"
    )


def test_output_folder_that_is_a_file(command_line, stored, tmp_path):
    (tmp_path / "taken").write_text("a file")
    refused(command_line("convert", stored, "--to", "all", "--out", tmp_path / "taken"), "taken", "--out")
    refused(
        command_line("convert", stored, "--to", "c", "--out", tmp_path / "taken" / "deeper"), "taken", "--out"
    )
    assert names_in(tmp_path) == ["taken"]
    assert (tmp_path / "taken").read_text() == "a file"


def test_target_file_that_is_a_folder(command_line, stored, tmp_path):
    (tmp_path / "random4.h").mkdir()
    refused(command_line("convert", stored, "--to", "c", "--out", tmp_path), str(tmp_path), "--out")
    assert names_in(tmp_path) == ["random4.h"]


@pytest.mark.parametrize("command", ["inspect", "convert", "budget", "verify"])
def test_model_cut_in_half(command_line, stored, tmp_path, command):
    half = tmp_path / "half.tgmp"
    half.write_bytes(stored.read_bytes()[: stored.stat().st_size // 2])
    options = {"convert": ("--to", "c", "--out", tmp_path / "out"), "budget": ("--board", "blue-pill")}
    refused(command_line(command, half, *options.get(command, ())), "half.tgmp", "not a complete .tgmp file")
    assert names_in(tmp_path) == ["half.tgmp"]


@pytest.mark.parametrize("position", [20, 700, -1])
def test_model_with_one_flipped_bit(command_line, stored, tmp_path, position):
    content = bytearray(stored.read_bytes())
    content[position] ^= 1
    (tmp_path / "flipped.tgmp").write_bytes(content)
    refused(command_line("inspect", tmp_path / "flipped.tgmp"), "flipped.tgmp")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 a zip, perhaps", b"\xff" * 4096, b"\x08\0\0\0\0\0\0\0{}      "]
)
def test_file_of_another_kind(command_line, tmp_path, content):
    (tmp_path / "other.tgmp").write_bytes(content)
    refused(command_line("inspect", tmp_path / "other.tgmp"), "other.tgmp")


def test_model_that_does_not_exist(command_line, tmp_path):
    refused(command_line("inspect", tmp_path / "none.tgmp"), "none.tgmp", "give a file")
    refused(command_line("inspect", "unheard_of"), "unheard_of", ".tgmp file")
    refused(command_line("inspect", tmp_path), str(tmp_path))


def test_unknown_target(command_line, stored, tmp_path):
    for targets in (("--to", "cobol"), ("--to", "c", "--to", "cobol")):
        refused(command_line("convert", stored, *targets, "--out", tmp_path / "out"), "cobol", "tflite")
    refused(command_line("verify", stored, "--target", "cobol"), "cobol")
    assert names_in(tmp_path) == []


def test_board_file_that_is_wrong(command_line, stored, tmp_path):
    (tmp_path / "mine.toml").write_text('title = "Mine"\ncore = "z80"\n')
    refused(command_line("budget", stored, "--board", tmp_path / "mine.toml"), "mine.toml")
    (tmp_path / "mine.toml").write_text("title = ")
    refused(command_line("budget", stored, "--board", tmp_path / "mine.toml"), "mine.toml", "TOML")


def test_reserve_beyond_the_board(command_line, stored):
    done = command_line("budget", stored, "--board", "ch32v003", "--reserve-flash", "16384")
    refused(done, "ch32v003", "leaves none")
    refused(command_line("budget", stored, "--board", "ch32v003", "--reserve-ram", "-1"), "negative")


def test_windows_that_do_not_fit_the_model(command_line, stored, tmp_path):
    own = tmp_path / "own.npz"
    np.savez(own, counts=np.zeros((4, 128, 3), np.int16))
    refused(command_line("verify", stored, "--data", own), "own.npz", "int16 [windows, steps, 9]")
    np.savez(own, counts=np.zeros((4, 128, 9), np.int16), labels=np.array([0, 1, 2, 0]))
    refused(command_line("verify", stored, "--data", own), "own.npz", "0..1")
    np.savez(own, signals=np.zeros(3))
    refused(command_line("verify", stored, "--data", own), "signals")
    own.write_bytes(own.read_bytes()[:100])
    refused(command_line("verify", stored, "--data", own), "own.npz")
    refused(command_line("verify", stored, "--data", "uci"), "channel0", "--data")


def test_sentences_name_object_and_remedy(command_line, stored):
    told = command_line("budget", stored, "--board", "zx81").stderr
    assert re.search(r"board 'zx81' is unknown; .*(did you mean|known boards).*\.toml", told)

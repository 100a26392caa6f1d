"""What was built is not built again, and nothing stale is taken for it."""

import dataclasses
import json

import pytest

from tinygmp.device import measured as room
from tinygmp.device.board import find_board
from tinygmp.device.elf_sizes import Sizes
from tinygmp.device.measured import Measured, measured
from tinygmp.errors import SimulationError

BOARD = find_board("nucleo-g071rb")


@pytest.fixture
def empty_cache(monkeypatch, tmp_path, needs):
    needs("ziglang", "unicorn", "elftools")
    monkeypatch.setattr(room, "cache_folder", lambda: tmp_path)  # zig keeps its own cache beside ours


@pytest.fixture
def builds(monkeypatch, empty_cache):
    """List what is measured afresh, with an empty cache; nothing is built in truth."""
    made = []

    def counted(artifact, board, counts):
        made.append(board.name)
        return Measured(
            Sizes(900, 80, 10, 20, {"w": 10}, {".text": 900}), board.flash_bytes > 900, 60, "nothing"
        )

    monkeypatch.setattr(room, "measure_afresh", counted)
    return made


def test_what_is_remembered_is_what_was_measured(summing, windows, empty_cache, monkeypatch):
    first = measured(summing, BOARD, windows)
    monkeypatch.setattr(room, "measure_afresh", None)
    assert measured(summing, BOARD, windows) == first
    assert first.sizes.by_section[".text"] > 0
    assert first.stack_bytes > 0
    assert first.links


def test_a_second_time_is_read_and_equal(summing, windows, builds):
    first, second = (measured(summing, BOARD, windows) for _ in range(2))
    assert first == second
    assert len(builds) == 1


def test_no_cache_builds_again_and_leaves_nothing(summing, windows, builds, tmp_path):
    assert measured(summing, BOARD, windows, cached=False) == measured(summing, BOARD, windows, cached=False)
    assert len(builds) == 2
    assert not (tmp_path / "builds").exists()


def test_another_artifact_board_or_input_is_built(summing, windows, builds):
    other = dataclasses.replace(
        summing, files={**summing.files, "summing.c": summing.files["summing.c"] + b"\n"}
    )
    measured(summing, BOARD, windows)
    measured(other, BOARD, windows)
    measured(summing, dataclasses.replace(BOARD, ram_bytes=1_024), windows)
    measured(summing, BOARD, windows[:1])
    assert len(builds) == 4


def test_another_compiler_builds_again(summing, windows, builds, monkeypatch):
    measured(summing, BOARD, windows)
    monkeypatch.setattr(room, "compiler_version", lambda core: "ziglang 99")
    measured(summing, BOARD, windows)
    monkeypatch.setattr(room, "lab_version", lambda: "newer")
    measured(summing, BOARD, windows)
    assert len(builds) == 3


@pytest.mark.parametrize(
    "damage", [lambda text: text[:-5], lambda text: "[]", lambda text: json.dumps({"sizes": 3})]
)
def test_a_damaged_cache_is_built_anew(summing, windows, builds, tmp_path, damage):
    whole = measured(summing, BOARD, windows)
    (path,) = (tmp_path / "builds").iterdir()
    path.write_text(damage(path.read_text()))
    assert measured(summing, BOARD, windows) == whole
    assert len(builds) == 2
    assert measured(summing, BOARD, windows) == whole
    assert len(builds) == 2


def test_an_overflow_is_remembered_as_one(summing, windows, builds):
    tight = dataclasses.replace(BOARD, flash_bytes=200)
    assert [measured(summing, tight, windows).links for _ in range(2)] == [False, False]
    assert builds == [BOARD.name]


@pytest.mark.parametrize(("name", "bytes_left"), [("msp430g2553", 20), ("nucleo-g071rb", 16)])
def test_a_stack_without_room_is_measured_with_more(summing, windows, empty_cache, name, bytes_left):
    """The program crashes or spoils its data where it stands; the stack's peak is the same all the same."""
    board = find_board(name)
    whole = measured(summing, board, windows)
    tight = dataclasses.replace(board, ram_bytes=whole.sizes.ram_bytes + bytes_left)
    found = measured(summing, tight, windows)
    assert found.links
    assert found.stack_bytes == whole.stack_bytes > bytes_left


def test_a_simulator_that_fails_with_ram_to_spare_is_not_excused(summing, windows, monkeypatch, needs):
    needs("ziglang", "elftools")

    def broken(firmware, counts):
        raise SimulationError("unknown instruction")

    monkeypatch.setattr("tinygmp.device.lab.simulate", broken)
    with pytest.raises(SimulationError, match="unknown instruction"):
        measured(summing, BOARD, windows, cached=False)


def test_an_avr_whose_stack_runs_into_its_data_does_not_fit(summing, windows, monkeypatch, needs):
    needs("avr-gcc", "elftools")

    def crashed(firmware, counts):
        raise SimulationError("simavr stopped")

    monkeypatch.setattr("tinygmp.device.lab.simulate", crashed)
    found = measured(summing, find_board("attiny85"), windows, cached=False)
    assert not found.links
    assert "the stack runs into the data" in found.measured_by

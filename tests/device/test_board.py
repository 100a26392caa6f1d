import pytest

from tinygmp.device.board import (
    Board,
    all_boards,
    board_names,
    built_names,
    find_board,
    read_board,
    read_boards,
    simulated_names,
)
from tinygmp.device.lab import simulate
from tinygmp.device.toolchain import build
from tinygmp.errors import ConfigError, MissingToolError

OWN = """
title = "My board"
mcu = "stm32g031"
core = "cortex-m0plus"
clock_hz = 64_000_000
flash_origin = 0x08000000
flash_bytes = 32_768
ram_origin = 0x20000000
ram_bytes = 8_192
"""


def test_every_board_loads_and_says_where_its_figures_are_from():
    boards = all_boards()
    assert len(boards) >= 31
    assert all(board.source.startswith("https://") for board in boards)


def test_arduino_uno_leaves_out_its_boot_loader():
    uno = find_board("arduino-uno")
    assert (uno.flash_bytes, uno.ram_bytes, uno.clock_hz, uno.core) == (32_256, 2_048, 16_000_000, "avr5")


def test_unknown_board_names_the_close_ones():
    with pytest.raises(ConfigError, match=r"board 'arduno-uno' is unknown; did you mean arduino-uno"):
        find_board("arduno-uno")


def test_hopeless_name_lists_all():
    with pytest.raises(ConfigError) as caught:
        find_board("zzzzzzzz")
    assert all(name in str(caught.value) for name in board_names())


def test_own_board_is_read_from_a_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    board = find_board(path)
    assert (board.name, board.flash_bytes, board.source) == ("mine", 32_768, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OWN.replace("ram_bytes", "ram_size"), "key 'ram_size' is unknown"),
        (OWN.replace("ram_bytes = 8_192", ""), "key 'ram_bytes' is missing"),
        (OWN.replace("8_192", '"8 KB"'), "ram_bytes = '8 KB' must be of type int"),
        (OWN.replace("8_192", "true"), "ram_bytes = True must be of type int"),
        (OWN.replace("8_192", "0"), "ram_bytes 0 must be above 0"),
        (OWN.replace("cortex-m0plus", "cortex-m99"), "core 'cortex-m99' is unknown"),
        (OWN.replace("0x20000000", "0xFFFFFFFF"), "leaves 32 bits"),
        ("title = ", "not valid TOML"),
    ],
)
def test_bad_board_files_are_refused_in_words(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_board(path)


def test_absent_board_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.toml' cannot be read: No such file"):
        find_board(tmp_path / "gone.toml")


def test_board_is_frozen():
    board = find_board("blue-pill")
    assert isinstance(board, Board)
    with pytest.raises(AttributeError):
        board.ram_bytes = 1


def test_aliases_lead_to_one_board_each():
    names = set(board_names())
    taken = [alias for board in all_boards() for alias in board.aliases]
    assert len(taken) == len(set(taken))
    assert not names & set(taken)
    assert find_board("Uno") == find_board("arduino-uno")
    assert find_board("esp32").core == "xtensa-lx6"


def test_what_cannot_be_built_or_run_is_left_out_of_all():
    assert {"esp32-devkit", "esp32-s3-devkitc"} == set(board_names()) - set(built_names())
    assert set(built_names()) - set(simulated_names()) == {"msp430fr5994"}


def test_a_core_without_compiler_asks_for_a_built_program(summing):
    with pytest.raises(
        MissingToolError, match=r"no compiler for core 'xtensa-lx6' .* tinygmp budget firmware\.elf"
    ):
        build(summing, find_board("esp32"))


def test_a_core_without_simulator_is_built_all_the_same(summing, windows, needs):
    needs("ziglang")
    firmware = build(summing, find_board("msp430fr5994"))
    assert firmware.links
    with pytest.raises(MissingToolError, match="no simulator for core 'msp430x'"):
        simulate(firmware, windows)


SEVERAL = f"""
[field-node]
aliases = ["node"]
{OWN}
[aliases]
desk = "arduino-uno"
probe = "node"
"""


def test_a_boards_file_holds_several_boards_and_other_names(tmp_path):
    path = tmp_path / "boards.toml"
    path.write_text(SEVERAL)
    own = read_boards(path)
    assert set(own) == {"field-node", "node", "desk", "probe"}
    assert own["probe"] is own["node"] is own["field-node"]
    assert find_board("desk", own) == find_board("arduino-uno")
    assert find_board("uno", own) == find_board("arduino-uno")
    with pytest.raises(ConfigError, match="did you mean field-node"):
        find_board("field-mode", own)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SEVERAL.replace("ram_bytes", "ram"), r"boards\.toml', board 'field-node': key 'ram' is unknown"),
        (SEVERAL.replace('desk = "arduino-uno"', 'desk = "zx81"'), "board 'zx81' is unknown"),
        (SEVERAL.replace('["node"]', '"node"'), "must be a list of names"),
        (SEVERAL.replace('["node"]', '["field-node"]'), "two boards are called 'field-node'"),
        ("aliases = 3", "aliases must be a table"),
        ("node = 3", r"'node' must be a table, \[node\]"),
    ],
)
def test_bad_boards_files_are_refused_in_words(tmp_path, text, message):
    path = tmp_path / "boards.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_boards(path)

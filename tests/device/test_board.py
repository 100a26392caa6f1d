import pytest

from tinygmp.device.board import Board, all_boards, board_names, find_board, read_board
from tinygmp.errors import ConfigError

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
    assert len(boards) >= 28
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

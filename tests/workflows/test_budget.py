from dataclasses import replace

import pytest

from tinygmp.device.board import find_board
from tinygmp.errors import ConfigError
from tinygmp.packed.random_model import random_model
from tinygmp.packed.sizes import ledger
from tinygmp.workflows.budget import Reserve, budget

BOARD = "nucleo-g071rb"


def test_a_budget_adds_up(model):
    found = budget(model, [BOARD])
    board = found.boards[0]
    assert found.fits
    assert board.fits
    assert board.flash_bytes == board.weights_bytes + board.engine_bytes + board.support_bytes
    assert sum(board.by_symbol.values()) == board.weights_bytes + board.engine_bytes
    assert list(board.by_symbol.values()) == sorted(board.by_symbol.values(), reverse=True)
    assert board.stack_bytes > 0
    assert found.book == ledger(model)
    assert "B left" in board.sentence


def test_arrays_in_flash_are_the_ledgers_payload(model):
    weights = budget(model, [BOARD]).boards[0].weights_bytes
    assert weights == ledger(model).payload_bytes - ledger(model).scalar_bytes


def test_the_verdict_turns_at_the_last_byte(model):
    board = find_board(BOARD)
    used = budget(model, [board]).boards[0]
    for flash_bytes, fits in ((used.flash_bytes, True), (used.flash_bytes - 1, False)):
        assert budget(model, [replace(board, flash_bytes=flash_bytes)]).fits is fits
    need = used.ram_bytes + used.stack_bytes
    for ram_bytes, fits in ((need + 4, True), (need - 4, False)):
        assert budget(model, [replace(board, ram_bytes=ram_bytes)]).fits is fits


def test_what_does_not_fit_still_tells_its_size(model):
    tight = budget(model, [BOARD], Reserve(flash_bytes=find_board(BOARD).flash_bytes - 100))
    assert not tight.fits
    assert tight.boards[0].flash_bytes == budget(model, [BOARD]).boards[0].flash_bytes
    assert tight.boards[0].flash_limit_bytes == 100
    assert tight.boards[0].stack_bytes is None


def test_a_larger_model_needs_more(model):
    small, large = (budget(random_model(hidden=hidden), [BOARD]).boards[0] for hidden in (12, 40))
    assert small.weights_bytes < large.weights_bytes
    assert small.ram_bytes < large.ram_bytes


@pytest.mark.parametrize(
    ("reserve", "told"),
    [
        (Reserve(-1, 0), "must not be negative"),
        (Reserve(0, 36_864), "leaves none"),
        (Reserve(1 << 30), "leaves none"),
    ],
)
def test_a_reserve_beyond_the_board_is_refused(model, reserve, told):
    with pytest.raises(ConfigError, match=told):
        budget(model, [BOARD], reserve)


def test_no_board_and_an_unknown_board_are_refused(model):
    with pytest.raises(ConfigError, match="no board"):
        budget(model, [])
    with pytest.raises(ConfigError, match="zx81"):
        budget(model, ["zx81"])

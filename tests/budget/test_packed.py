import re
from dataclasses import replace

import pytest

from tinygmp.budget.packed import Reserve, budget
from tinygmp.device.board import find_board
from tinygmp.errors import ConfigError
from tinygmp.graph.ledger import ledger
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model

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
    whole = budget(model, [BOARD]).boards[0]
    tight = budget(model, [replace(find_board(BOARD), flash_bytes=300)])
    assert not tight.fits
    assert tight.boards[0].flash_bytes == whole.flash_bytes
    assert tight.boards[0].stack_bytes is None


def test_a_reserve_lowers_the_limits_and_nothing_else(model):
    whole = budget(model, [BOARD]).boards[0]
    left = 100
    kept = Reserve(find_board(BOARD).flash_bytes - left, find_board(BOARD).ram_bytes - left)
    tight = budget(model, [BOARD], kept).boards[0]
    assert (tight.flash_limit_bytes, tight.ram_limit_bytes, tight.fits) == (left, left, False)
    figures = ("flash_bytes", "ram_bytes", "stack_bytes", "by_symbol")
    assert all(getattr(tight, figure) == getattr(whole, figure) for figure in figures)


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


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_too_much_state_for_an_avr_is_an_overflow():
    """Its linker has words of its own for data beyond RAM."""
    found = budget(random_model(hidden=501, w_kept=0.1, u_kept=0.1, u_rank=2), ["attiny85"]).boards[0]
    assert found.verdict == "does not fit"
    assert found.ram_over_bytes > 500
    assert "hidden units would have to go" in found.remedies[0]


@pytest.mark.needs_program("avr-gcc", "simavr")
def test_what_a_core_cannot_even_build_is_told_for_that_board_alone():
    """avr-gcc takes no array above 32,767 B."""
    model = random_model(hidden=250, w_kept=1, u_kept=1, index_format="dense")
    small, mega, large = budget(model, ["arduino-uno", "arduino-mega", "nucleo-f446re"]).boards
    assert (small.verdict, mega.verdict, large.verdict) == ("does not fit", "does not build", "fits")
    assert small.flash_bytes == ledger(model).payload_bytes > small.flash_limit_bytes
    assert "the weights alone take" in small.sentence
    assert "is too large" in mega.sentence


def test_a_core_that_the_generated_c_refuses_is_a_verdict_and_others_keep_their_results():
    """A network whose memory no 16-bit address spans: its own #error, told for the board that it concerns."""
    model = random_image_model(1, 96, 16, ((16, 1), (8, 2)), 3, 0.4, "dense")
    small, large = budget(model, ["msp430g2553", "nucleo-l432kc"]).boards
    assert (small.verdict, large.verdict) == ("does not build", "fits")
    assert re.search(
        r"[\d,]+ B of memory in one piece need a core with 32-bit addresses, and msp430 is none",
        small.sentence,
    )
    assert small.remedies == ("choose a board with a 32-bit core: `tinygmp boards` lists them",)
    assert not any("#error" in text or "error:" in text for text in (small.sentence, *small.remedies))

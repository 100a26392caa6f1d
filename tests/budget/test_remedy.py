"""What would make it fit, against cases worked by hand."""

from dataclasses import replace

import pytest

from tinygmp.budget.packed import budget
from tinygmp.budget.remedy import (
    STATE_BYTES_PER_UNIT,
    Streams,
    fewer_nonzeros,
    narrower_values,
    ram_remedy,
    smaller_hidden,
)
from tinygmp.budget.result import BoardBudget
from tinygmp.device.board import find_board
from tinygmp.graph.ledger import ledger
from tinygmp.graph.random_model import random_model

STREAMS = Streams(value_bytes=400, index_bytes=200, nnz=400, size=4_000)  # 1.5 B a nonzero, 90 % zeros


def test_nonzeros_by_hand():
    # 100 B over at 1.5 B each: 66.7, so 67 must go; (4000 - 333) / 4000 = 91.675 % zeros are left.
    assert fewer_nonzeros(STREAMS, 100) == (
        "flash is 100 B over: 67 of 400 nonzeros would have to go at 1.50 B each (sparsity 90.0 % to 91.7 %)"
    )
    assert "400 of 400 nonzeros" in fewer_nonzeros(STREAMS, 600)
    assert fewer_nonzeros(STREAMS, 601) == (
        "flash is 601 B over and all 400 nonzeros take 600 B: no sparsity makes it fit"
    )


@pytest.mark.parametrize(("over", "bits"), [(1, 7.9), (100, 6.0), (350, 1.0), (400, 0.0), (401, 0.0)])
def test_bits_by_hand(over, bits):
    # 400 values of 8 bits: 100 B less leave 300 B, 6 bits each.
    assert narrower_values(STREAMS, over) == bits


def test_hidden_size_by_hand():
    # Dense storage: U is 10 x 10 = 100 B (square); W 10 x 9, classifier 2 x 10, two biases of 10 B (linear): 130.
    model = random_model(hidden=10, w_kept=1, u_kept=1, index_format="dense")
    rows = {(row.layer, row.part): row.bytes for row in ledger(model).rows}
    assert rows["rnn.U", "values"] == 100
    linear = rows["rnn.W", "values"] + rows["classifier.weights", "values"] + rows["rnn", "biases"]
    assert linear == 130
    # At 9 of 10 units: 130 * 0.1 + 100 * 0.19 = 32 B saved; at 8: 26 + 36 = 62.
    assert smaller_hidden(model, model.node("rnn"), 31) == 9
    assert smaller_hidden(model, model.node("rnn"), 33) == 8
    assert smaller_hidden(model, model.node("rnn"), 231) == 0


def test_a_low_rank_model_shrinks_with_its_hidden_size():
    # U2 is 4 x 10, U1 10 x 4, W 10 x 9, classifier 2 x 10, biases 20: all linear, 210 B.
    model = random_model(hidden=10, u_rank=4, w_kept=1, u_kept=1, index_format="dense")
    assert smaller_hidden(model, model.node("rnn"), 20) == 9
    assert smaller_hidden(model, model.node("rnn"), 22) == 8


def over_by(flash: int = 0, ram: int = 0) -> BoardBudget:
    return BoardBudget(
        "b", "c", False, 1_000 + flash, 1_000, 400 + ram, 500, 100, 0, 0, 0, {}, "", "", "does not fit"
    )


def test_ram_by_hand():
    model = random_model(hidden=40)
    assert ram_remedy(model, over_by(ram=10)) == (
        "RAM is 10 B over: 4 of 40 hidden units would have to go, at 3 B of state each"
    )
    assert "choose a larger board" in ram_remedy(model, over_by(ram=118))


def test_the_state_grows_by_the_stated_bytes_a_unit():
    small, large = (budget(random_model(hidden=hidden), ["nucleo-g071rb"]).boards[0] for hidden in (12, 40))
    assert large.ram_bytes - small.ram_bytes == (40 - 12) * STATE_BYTES_PER_UNIT


def test_following_the_advice_fits():
    """A model over the limit is pruned by as many nonzeros as the sentence says, and fits."""
    model = random_model(seed=1, hidden=30, w_kept=0.5, u_kept=0.5, index_format="csr8")
    whole = budget(model, ["ch32v003"]).boards[0]
    board = replace(find_board("ch32v003"), flash_bytes=whole.flash_bytes - 200)
    tight = budget(model, [board]).boards[0]
    assert tight.remedies[0].startswith(
        "flash is 200 B over: 96 of 615 nonzeros would have to go at 2.10 B each"
    )
    kept = (615 - 104) / 615 * 0.5  # csr8's row lengths stay, so a little more must go than their share says
    fewer = random_model(seed=1, hidden=30, w_kept=kept, u_kept=kept, index_format="csr8")
    assert budget(fewer, [board]).fits


def test_what_fits_needs_no_remedy(model):
    assert budget(model, ["nucleo-g071rb"]).boards[0].remedies == ()

"""What a bitmask model is on AVR: the streams' bytes in the order of use, whose bits stand where they are needed."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.to_c.convert import convert
from converters.to_c.one_run import RunWriter, one_run, outer_arguments, rows_make_one, scaling
from tests.graph_edits import with_fields
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model
from tinygmp.graph.window_chain import chain_of
from tinygmp.quant.requantize import Requantizer

LOW_RANK = {"inputs": 3, "hidden": 16, "classes": 6, "w_rank": 2, "u_rank": 8}


def bitmask(seed: int = 3, **sizes: int) -> PackedModel:
    return random_model(seed, index_format="bitmask", **({"hidden": 20} | sizes))


def with_cell(model: PackedModel, **fields: object) -> PackedModel:
    return with_fields(model, "rnn", **fields)


def written(rows: list[list[int]], in_eights: bool) -> list[int]:
    run = RunWriter(in_eights)
    for row in rows:
        run.write_row(np.array(row, np.int8))
    return list(run.data)


def rows_read(data: bytes, lengths: list[int], in_eights: bool) -> list[list[int]]:
    """Read rows as the assembler does: one pointer, and bits that are fetched when none is left."""
    place, bits, left, rows = 0, 0, 0, []
    for length in lengths:
        row: list[int] = []
        for column in range(length):
            own = in_eights and column < length // 8 * 8
            if own and column % 8 == 0:
                eight, place = data[place], place + 1
            elif not own and left == 0:
                bits, left, place = data[place], 8, place + 1
            bit = eight >> column % 8 & 1 if own else bits & 1
            if not own:
                bits, left = bits >> 1, left - 1
            row.append(int(np.int8(data[place] - 256 if data[place] > 127 else data[place])) if bit else 0)
            place += bit
        rows.append(row)
    assert place == len(data)
    return rows


def test_bits_stand_where_the_first_of_them_is_needed():
    rows = [[0, 7, -1], [5, 0, 0, 0, 0, 9]]
    assert written(rows, in_eights=False) == [0b00001110, 7, 255, 5, 1, 9]
    # A row below eight columns shares its bits in either layout.
    assert written(rows, in_eights=True) == written(rows, in_eights=False)


def test_eight_columns_have_a_byte_of_bits_to_themselves():
    rows = [[1, 0, 0, 0, 0, 0, 0, 2, 3, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 4]]
    assert written(rows, in_eights=True) == [0b10000001, 1, 2, 0b1001, 3, 0, 4]
    assert written(rows, in_eights=False) == [0b10000001, 1, 2, 1, 3, 8, 4]


@given(
    rows=st.lists(st.lists(st.sampled_from([0, 0, 1, -1, 127, -127]), min_size=1, max_size=30), max_size=9),
    in_eights=st.booleans(),
)
def test_what_is_written_is_read_again(rows, in_eights):
    data = bytes(written(rows, in_eights))
    assert rows_read(data, [len(row) for row in rows], in_eights) == rows
    assert len(data) <= sum(-(-len(row) // 8) for row in rows) + sum(map(np.count_nonzero, rows))


@pytest.mark.parametrize("sizes", [LOW_RANK, {"inputs": 5}, {"inputs": 9, "hidden": 33, "u_rank": 3}])
def test_the_run_takes_no_more_than_the_streams_it_stands_for(sizes):
    model = bitmask(**sizes)
    run = one_run(chain_of(model))
    assert run is not None
    values = b"".join(tensor.streams["values"].tobytes() for tensor in model.tensors())
    cell, sensor = model.node("rnn").operator, model.node("sensor").operator
    scalars = [sensor.offset, sensor.multiplier, model.node("classifier").operator.bias]
    fixed = b"".join(array.tobytes() for array in (*scalars, cell.bias_gate, cell.bias_update))
    masks = sum(tensor.streams["index"].size for tensor in model.tensors())
    for arrays in (run.smallest, run.faster):
        stored = b"".join(array.values.tobytes() for array in arrays)
        assert Counter(stored) >= Counter(values + fixed)
        assert len(stored) <= len(values) + len(fixed) + masks


def test_rows_of_vectors_that_adjoin_make_one():
    model = with_cell(bitmask(**LOW_RANK), w_shift=1, u_shift=1)
    place = 3 * 16 + 3  # after state, its upper bytes and the input
    assert rows_make_one(chain_of(model))
    assert outer_arguments(chain_of(model))[:6] == (2 + 8, place, 0, place + 2, 0, 0)
    apart = with_cell(model, w_shift=2, u_shift=1)
    assert not rows_make_one(chain_of(apart))
    assert outer_arguments(chain_of(apart))[:6] == (2, place, 8, place + 2, 1, 0)
    other = with_cell(model, w_shift=0, u_shift=2, pre_requantizer=Requantizer(1, 20000, 12))
    assert outer_arguments(chain_of(other)) == (8, place + 2, 2, place, 2, 0, 1)


def test_shifts_that_undo_each_other_are_left_out():
    model = with_cell(bitmask(**LOW_RANK), w_shift=2, u_shift=2, pre_requantizer=Requantizer(1, 20000, 16))
    assert outer_arguments(chain_of(model))[4:] == (0, 1, 0)


@given(multiplier=st.integers(1, 32767), post_shift=st.integers(1, 30), narrow=st.integers(-32768, 32767))
def test_another_scaling_gives_the_same(multiplier, post_shift, narrow):
    found = scaling(Requantizer(0, multiplier, post_shift))
    if found is None:
        assert multiplier << (9 - post_shift) > 65535
        return
    half = 1 << (post_shift - 1)
    assert found[1] >= 9
    assert (narrow * found[0] + (1 << (found[1] - 1))) >> found[1] == (
        narrow * multiplier + half
    ) >> post_shift


@pytest.mark.parametrize(
    "model",
    [
        random_model(1, hidden=20, index_format="csr8"),
        random_model(1, hidden=20),
        bitmask(hidden=256),
        with_cell(bitmask(), zeta_shift=9),
        with_cell(bitmask(), bias_gate_shift=7),
        with_cell(bitmask(), pre_requantizer=Requantizer(9, 32767, 7)),
        with_fields(bitmask(), "sensor", shift=14),
    ],
    ids=["csr8", "mixed", "units", "gain", "bias", "scaling", "input"],
)
def test_what_is_beyond_the_assembler_has_no_run(model):
    assert one_run(chain_of(model)) is None
    assert "TG_ONE_RUN" not in convert(model).files[f"{model.name}.c"].decode()


def test_the_text_has_a_run_for_each_build_and_the_streams_for_other_cores():
    text = convert(bitmask(**LOW_RANK)).files["random3.c"].decode()
    begin = text.index("#if TG_ONE_RUN\n#if TG_PROFILE == TG_SMALLEST\n")
    other = text.index("TG_ONE_RUN_PREDICT_AVR(random3, 16, 6, 2)\n#else\n")
    assert text.count("random3_run[") == 2
    assert text.count("random3_gate_table[") == 1
    assert begin < text.index("random3_run[") < text.rindex("random3_run[") < other
    assert text.count("random3_rnn_u1_values[") == 1
    assert text.index("random3_rnn_u1_values[") > other
    assert text.count("void random3_init(") == 1

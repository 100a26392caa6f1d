"""What the AVR's fastest build reads in one run: the payload's bytes in another order, and cuts that change nothing."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.to_c.arrays import constant_arrays
from converters.to_c.convert import convert
from converters.to_c.units import (
    LARGEST_PRE,
    LEVEL,
    apart,
    inner_rows,
    narrow_clip,
    pairs,
    units_apart,
    units_in_order,
)
from tests.graph_edits import with_fields
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model
from tinygmp.graph.window_chain import chain_of
from tinygmp.quant.requantize import Requantizer


def with_cell(model: PackedModel, **fields: int) -> PackedModel:
    return with_fields(model, "rnn", **fields)


@pytest.mark.parametrize("ranks", [{}, {"w_rank": 2, "u_rank": 4}])
def test_the_run_holds_the_bytes_it_stands_for(ranks):
    model = random_model(3, inputs=5, hidden=20, index_format="csr8", **ranks)
    in_order, apart = units_in_order(chain_of(model)), units_apart(chain_of(model))
    assert in_order is not None
    assert apart is not None
    runs = [in_order, apart, *(rows for letter in "wu" if (rows := inner_rows(chain_of(model), letter)))]
    assert len(runs) == (4 if ranks else 2)
    arrays = {array.symbol: array.values.tobytes() for array in constant_arrays(chain_of(model))}
    for run in runs:
        stood_for = b"".join(arrays[symbol] for symbol in run.replaced)
        assert Counter(run.array.values.tobytes()) == Counter(stood_for)


def test_columns_and_values_lie_in_pairs_or_apart():
    row = (np.array([3, 7], np.uint8), np.array([-1, 5], np.int8))
    assert pairs(row) == bytes([2, 3, 255, 7, 5])
    assert apart(row) == bytes([2, 3, 7, 255, 5])


def test_the_text_has_each_array_once_a_build():
    text = convert(random_model(3, inputs=5, hidden=20, index_format="csr8")).files["random3.c"].decode()
    in_order = text.index("#if TG_UNITS_IN_ORDER\n/* of each unit")
    arm = text.index("#if TG_UNITS_APART\n/* of each unit")
    plain = text.index("#if !(TG_UNITS_IN_ORDER || TG_UNITS_APART)\n")
    assert in_order < arm < plain
    assert text.count("random3_units[") == 2
    for name in ("rnn_w_index", "rnn_u_values", "bias_gate"):
        assert text.count(f"random3_{name}[") == 1
        assert text.index(f"random3_{name}[") > plain


@given(
    pre_shift=st.integers(0, 12),
    multiplier=st.integers(1, 32767),
    post_shift=st.integers(1, 30),
    largest=st.integers(1, 2**23),
)
def test_a_cut_changes_no_gate(pre_shift, multiplier, post_shift, largest):
    by = Requantizer(pre_shift, multiplier, post_shift)
    clip = narrow_clip(by, largest)
    ends = np.array([-largest, largest], np.int64) << pre_shift
    if clip is None:
        return
    if clip == 0:
        assert np.abs(by.apply(ends)).max() <= LARGEST_PRE
        return
    at_clip = by.apply(np.array([-clip, clip], np.int64) << pre_shift).astype(int)
    beyond = by.apply(ends).astype(int)
    assert (np.abs(at_clip) >= LEVEL).all()
    assert (np.abs(at_clip) <= LARGEST_PRE).all()
    assert (np.abs(beyond) >= LEVEL).all()  # the gates are as level without the cut


@pytest.mark.parametrize(
    "fields", [{"zeta_shift": 9}, {"bias_gate_shift": 7}, {"pre_requantizer": Requantizer(0, 32767, 1)}]
)
def test_a_cell_beyond_the_assembler_has_no_run(fields):
    model = random_model(3, hidden=20, index_format="csr8")
    assert units_in_order(chain_of(model)) is not None
    assert units_in_order(chain_of(with_cell(model, **fields))) is None


@pytest.mark.parametrize(
    "model",
    [random_model(1, hidden=130, index_format="csr8"), random_model(1, hidden=20, index_format="rice")],
)
def test_other_sizes_and_formats_have_no_run(model):
    assert units_in_order(chain_of(model)) is None
    assert (units_apart(chain_of(model)) is None) == (
        model.node("rnn").operator.hidden_size == 20
    )  # ARM takes more units
    assert "TG_UNITS_AVR" not in convert(model).files["random1.c"].decode()

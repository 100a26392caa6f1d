"""No accumulator can overflow, and the bound is tight."""

from dataclasses import replace

import numpy as np
import pytest

from tinygmp.errors import RangeError
from tinygmp.packed.random_model import random_model
from tinygmp.packed.ranges import largest_sum, prove_ranges
from tinygmp.sparse import encode


def test_bound_worked_by_hand():
    tensor = encode("t", np.array([[1, -2, 3], [0, 127, 0]], np.int8), 1.0, "dense")
    assert largest_sum(tensor) == 127 * 127


def test_the_worst_input_reaches_the_bound_exactly():
    tensor = random_model(0).cell.w
    q = tensor.decode().astype(int)
    row = np.abs(q).sum(axis=1).argmax()
    assert np.sign(q[row]) * 127 @ q[row] == largest_sum(tensor)


def test_overflow_is_refused_with_the_layer_and_the_bound():
    model = random_model(0)
    layers = (model.input, replace(model.cell, w_shift=15, u_shift=15), model.classifier)
    with pytest.raises(RangeError, match=r"'rnn.pre'.*32-bit limit"):
        prove_ranges(replace(model, layers=layers))

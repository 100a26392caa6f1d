import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygmp.errors import RangeError
from tinygmp.quant.requantize import Requantizer, fit_requantizer


def test_hand_worked_rounding_is_half_up():
    # 3 * 1 / 2 = 1.5 -> 2 and -3 * 1 / 2 = -1.5 -> -1
    out = Requantizer(0, 1, 1).apply(np.array([3, -3, 2, -2]))
    assert out.tolist() == [2, -1, 1, -1]


def test_saturates_at_both_ends():
    out = Requantizer(0, 32767, 1).apply(np.array([32767, -32768]))
    assert out.tolist() == [32767, -32768]


@given(st.floats(2e-5, 0.4), st.integers(1, 2**24), st.floats(-1, 1))
def test_fitted_factor_is_close(factor, limit, fraction):
    accumulator = np.array([round(limit * fraction)])
    requantizer = fit_requantizer(factor, limit)
    expected = np.clip(accumulator * factor, -32768, 32767)
    # one unit of the pre-shifted accumulator, half a unit of rounding, and 15 bits of multiplier
    tolerance = 2.0**requantizer.pre_shift * factor + 0.5 + abs(expected) * 2.0**-13 + limit * 2.0**-30
    assert abs(requantizer.apply(accumulator) - expected) <= tolerance


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_impossible_factor_is_refused(factor):
    with pytest.raises(RangeError):
        fit_requantizer(factor, 1000)

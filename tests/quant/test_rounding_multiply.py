"""TFLite's requantisation against a definition in exact integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygmp.errors import RangeError
from tinygmp.quant.rounding_multiply import quantize_multiplier, rounding_multiply, rounding_multiply_once


@given(st.integers(-(2**31) + 1, 2**31 - 1), st.floats(1e-6, 0.999))
def test_both_roundings_stay_within_one_of_the_exact_product(accumulator, factor):
    multiplier, shift = quantize_multiplier(factor)
    exact = accumulator * multiplier * 2.0 ** (shift - 31)
    parts = np.array([accumulator]), np.array([multiplier]), np.array([shift])
    assert abs(int(rounding_multiply(*parts)[0]) - exact) <= 1
    assert abs(int(rounding_multiply_once(*parts)[0]) - exact) <= 0.5 + 1e-6


def test_worked_halves():
    half = quantize_multiplier(0.25)
    assert half == (1 << 30, -1)
    parts = np.array([2, -2, 6, -6]), np.full(4, half[0]), np.full(4, half[1])
    assert rounding_multiply(*parts).tolist() == [1, -1, 2, -2]  # 0.5, -0.5, 1.5, -1.5 away from zero
    assert rounding_multiply_once(*parts).tolist() == [1, 0, 2, -1]  # upwards


@pytest.mark.parametrize("factor", [0.0, 1.0, float("nan"), -0.5])
def test_factors_outside_are_refused(factor):
    with pytest.raises(RangeError, match="must lie between 0 and 1"):
        quantize_multiplier(factor)

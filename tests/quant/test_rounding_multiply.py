"""TFLite's requantisation against a definition in exact integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygmp.errors import RangeError
from tinygmp.quant.rounding_multiply import (
    float32_multiply,
    quantize_multiplier,
    rounding_multiply,
    rounding_multiply_once,
)


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


def test_worked_float32_products():
    quarter = np.full(6, 1 << 30), np.full(6, -1)
    sums = np.array([2, -2, 6, -6, 7, 2**24 + 1])
    # 0.5, -0.5, 1.5, -1.5 to even; float32 holds no 2**24 + 1, and rounds it to even too.
    assert float32_multiply(sums, *quarter).tolist() == [0, 0, 2, -2, 2, 2**22]


def test_a_product_that_float32_rounds_onto_a_half():
    """127.5 + 2**-18 needs 25 bits: float32 makes 127.5 of it, which goes to 128; 126.5 + 2**-18 goes to 126."""
    factor = quantize_multiplier(2.0**-18)
    sums = np.array([127 * 2**18 + 2**17 + 1, 126 * 2**18 + 2**17 + 1])
    assert float32_multiply(sums, np.full(2, factor[0]), np.full(2, factor[1])).tolist() == [128, 126]
    assert rounding_multiply_once(sums, np.full(2, factor[0]), np.full(2, factor[1])).tolist() == [128, 127]


@pytest.mark.parametrize("factor", [0.0, 1.0, float("nan"), -0.5])
def test_factors_outside_are_refused(factor):
    with pytest.raises(RangeError, match="must lie between 0 and 1"):
        quantize_multiplier(factor)

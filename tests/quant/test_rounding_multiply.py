"""Requantisation against a definition in exact rational numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinygmp.errors import RangeError
from tinygmp.quant.rounding_multiply import (
    INT32_MAX,
    float32_multiply,
    quantize_multiplier,
    rounding_multiply,
    rounding_multiply_once,
)

SUMS = st.integers(-INT32_MAX, INT32_MAX) | st.integers(-1000, 1000)
LARGEST_BELOW_256 = math.nextafter(
    256 * (1 - 2.0**-32), 0
)  # from the next one on, 31 bits of a multiplier are 256
# Evenly over the octaves, 2**-31 to 2**8.
FACTORS = st.builds(math.ldexp, st.floats(0.5, 1, exclude_max=True), st.integers(-30, 8)).filter(
    lambda factor: factor <= LARGEST_BELOW_256
)


def parts(accumulators: list[int], factor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    multiplier, shift = quantize_multiplier(factor)
    count = len(accumulators)
    return np.array(accumulators), np.full(count, multiplier), np.full(count, shift)


def half_away(exact: Fraction) -> int:
    size = math.floor(abs(exact) + Fraction(1, 2))
    return size if exact >= 0 else -size


def half_up(exact: Fraction) -> int:
    return math.floor(exact + Fraction(1, 2))


def float32(exact: Fraction) -> Fraction:
    """Return the nearest number with 24 significant bits, halves to even."""
    if exact == 0:
        return exact
    exponent = math.frexp(abs(exact.numerator) / exact.denominator)[1]
    while abs(exact) >= Fraction(2) ** exponent:  # the float above may have been rounded up, or down
        exponent += 1
    while abs(exact) < Fraction(2) ** (exponent - 1):
        exponent -= 1
    unit = Fraction(2) ** (exponent - 24)
    return round(exact / unit) * unit


@given(FACTORS)
@example(255.99999)
@example(math.ldexp(1.0, -32))
@example(1 - 2.0**-33)  # its multiplier rounds to the next power of two
def test_a_multiplier_has_31_bits_and_is_the_nearest(factor):
    multiplier, shift = quantize_multiplier(factor)
    assert 1 << 30 <= multiplier < 1 << 31
    assert -31 <= shift <= 8
    error = Fraction(multiplier) * Fraction(2) ** (shift - 31) / Fraction(factor) - 1
    assert abs(error) <= Fraction(1, 2**31)


@given(SUMS, FACTORS)
@example(INT32_MAX, 255.9)
@example(-INT32_MAX, 1.0)
def test_gemmlowp_is_two_roundings_of_the_exact_product(accumulator, factor):
    multiplier, shift = quantize_multiplier(factor)
    shifted = accumulator * 2 ** max(shift, 0)
    high = half_up(Fraction(shifted * multiplier, 1 << 31))
    expected = half_away(Fraction(high, 1 << max(-shift, 0)))
    found = int(rounding_multiply(*parts([accumulator], factor))[0])
    if abs(shifted) <= INT32_MAX:
        assert found == expected
    else:  # cut, and clipped to the same int8
        assert abs(found) >= 1 << 29
        assert (found > 0) == (expected > 0)


@given(SUMS, FACTORS)
def test_fully_connected_is_one_rounding_of_the_exact_product(accumulator, factor):
    multiplier, shift = quantize_multiplier(factor)
    exact = accumulator * multiplier * Fraction(2) ** (shift - 31)
    assert int(rounding_multiply_once(*parts([accumulator], factor))[0]) == half_up(exact)


@given(SUMS, FACTORS)
@example(INT32_MAX, 255.9)
@example(2**24 + 1, 1.0)
def test_fp32_rounds_sum_and_product_to_24_bits_and_then_to_an_integer(accumulator, factor):
    factor = float(np.float32(factor))
    if factor == 256:
        factor = float(np.nextafter(np.float32(256), np.float32(0)))
    expected = round(float32(float32(Fraction(accumulator)) * Fraction(factor)))
    assert int(float32_multiply(*parts([accumulator], factor))[0]) == expected


def test_worked_halves():
    half = quantize_multiplier(0.25)
    assert half == (1 << 30, -1)
    quarters = parts([2, -2, 6, -6], 0.25)
    assert rounding_multiply(*quarters).tolist() == [1, -1, 2, -2]  # 0.5, -0.5, 1.5, -1.5 away from zero
    assert rounding_multiply_once(*quarters).tolist() == [1, 0, 2, -1]  # upwards


def test_worked_shifts_to_the_left():
    assert quantize_multiplier(1.0) == (1 << 30, 1)
    assert quantize_multiplier(2.5) == (0x50000000, 2)
    assert quantize_multiplier(255.0) == (0x7F800000, 8)
    sums = [0, 1, -1, 3, -3, 50, -51]
    products = parts(sums, 2.5)  # 2.5, -2.5, 7.5, -7.5, 125, -127.5
    # The shift to the left comes first, so one rounding is left: upwards.
    assert rounding_multiply(*products).tolist() == [0, 3, -2, 8, -7, 125, -127]
    assert rounding_multiply_once(*products).tolist() == [0, 3, -2, 8, -7, 125, -127]
    assert float32_multiply(*products).tolist() == [0, 2, -2, 8, -8, 125, -128]  # to even
    for multiply in (rounding_multiply, rounding_multiply_once, float32_multiply):
        assert multiply(*parts(sums, 1.0)).tolist() == sums
        assert multiply(*parts(sums, 255.0)).tolist() == [255 * one for one in sums]


def test_what_leaves_32_bits_is_cut():
    """2**23 * 2**8 is 2**31; the int8 behind it is the clamp, as for every larger sum."""
    largest = quantize_multiplier(255.0)
    assert largest[1] == 8
    sums = [2**23 - 1, 2**23, INT32_MAX, -(2**23), -(2**23) - 1, -INT32_MAX]
    cut = rounding_multiply(*parts(sums, 255.0)).tolist()
    assert cut[0] == 255 * (2**23 - 1)
    assert cut[1] == cut[2] == 255 * 2**23 - 1
    assert cut[3] == cut[4] == cut[5] == -255 * 2**23


def test_worked_float32_products():
    sums = [2, -2, 6, -6, 7, 2**24 + 1]
    # 0.5, -0.5, 1.5, -1.5 to even; float32 holds no 2**24 + 1, and rounds it to even too.
    assert float32_multiply(*parts(sums, 0.25)).tolist() == [0, 0, 2, -2, 2, 2**22]


def test_a_product_that_float32_rounds_onto_a_half():
    """127.5 + 2**-18 needs 25 bits: float32 makes 127.5 of it, which goes to 128; 126.5 + 2**-18 goes to 126."""
    products = parts([127 * 2**18 + 2**17 + 1, 126 * 2**18 + 2**17 + 1], 2.0**-18)
    assert float32_multiply(*products).tolist() == [128, 126]
    assert rounding_multiply_once(*products).tolist() == [128, 127]


@pytest.mark.parametrize("factor", [0.0, 256.0, 1e9, float("inf"), float("nan"), -0.5])
def test_factors_outside_are_refused(factor):
    with pytest.raises(RangeError, match="must lie between 0 and 256"):
        quantize_multiplier(factor)


def test_a_factor_that_rounds_to_the_limit_is_refused():
    assert quantize_multiplier(math.nextafter(256 * (1 - 2.0**-32), 0)) == (INT32_MAX, 8)
    with pytest.raises(RangeError, match="rounds to 256"):
        quantize_multiplier(math.nextafter(256.0, 0))

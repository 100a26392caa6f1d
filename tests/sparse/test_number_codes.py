"""Codes for numbers: every list survives, lengths are the best ones, damage is told."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygmp.errors import FormatError
from tinygmp.sparse.code_lengths import code_lengths, falling
from tinygmp.sparse.fixed_code import FixedCode
from tinygmp.sparse.huffman_code import HuffmanCode, canonical_codes
from tinygmp.sparse.prefix_code import WINDOW_BITS, code_starts
from tinygmp.sparse.rice_code import RiceCode, best_parameter

CODES = {
    "fixed 2": FixedCode(2),
    "fixed 8": FixedCode(8),
    "rice": RiceCode(),
    "huffman": HuffmanCode(),
    "huffman with a sign": HuffmanCode(least_shift=1),
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.one_of(st.integers(0, 3), st.integers(0, 300), st.integers(0, 70_000)), max_size=80)
)
def test_every_list_of_numbers_survives(code, numbers):
    stream = code.encode(np.array(numbers, np.int64))
    decoded = code.decode("t", stream)
    assert decoded.values[: len(numbers)].tolist() == numbers
    if numbers:
        used_bits = decoded.header_bytes * 8 + int(decoded.ends[len(numbers) - 1])
        assert (used_bits + 7) // 8 == len(stream)


@given(numbers=st.lists(st.integers(0, 500), min_size=1, max_size=50))
def test_no_other_rice_parameter_is_shorter(numbers):
    k = best_parameter(np.array(numbers))
    bits = [sum((n >> other) + 1 + other for n in numbers) for other in range(16)]
    assert bits[k] == min(bits)


def test_a_number_beyond_all_ranks_escapes():
    """100000 >> 7 = 781 exceeds the 254 ranks, so the escape comes three times."""
    numbers = np.array([0] * 100 + [100_000])
    assert HuffmanCode().decode("t", HuffmanCode().encode(numbers)).values[:101].tolist() == numbers.tolist()


def huffman_bits(weights: list[int]) -> int:
    """Huffman's own algorithm: the sum of all merged weights is the coded length."""
    heap, bits = list(weights), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        bits += merged
        heapq.heappush(heap, merged)
    return bits


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_lengths_cost_what_huffman_costs(weights):
    ordered = np.array(sorted(weights, reverse=True))
    assert int(ordered @ code_lengths(ordered, 40)) == huffman_bits(weights)


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=60), st.integers(6, 15))
def test_lengths_respect_their_limit_and_are_complete(weights, limit):
    lengths = code_lengths(np.array(sorted(weights, reverse=True)), limit)
    assert lengths.max() <= limit
    assert (np.diff(lengths) >= 0).all()
    assert sum(0.5 ** lengths.astype(float)) == 1


def test_limited_lengths_of_fibonacci_weights():
    """Weights 8, 5, 3, 2, 1, 1 want 1, 2, 3, 4, 5, 5 bits; with at most 4 the best is 2, 2, 2, 3, 4, 4 or equal."""
    weights = np.array([8, 5, 3, 2, 1, 1])
    assert code_lengths(weights, 5).tolist() == [1, 2, 3, 4, 5, 5]
    assert int(weights @ code_lengths(weights, 4)) == 2 * 8 + 2 * 5 + 2 * 3 + 3 * 2 + 4 + 4


def test_canonical_codes_of_deflate():
    """RFC 1951, 3.2.2: lengths 2, 3, 3, 3, 3, 3, 4, 4."""
    codes = canonical_codes(np.array([2, 3, 3, 3, 3, 3, 4, 4]))
    assert codes.tolist() == [0b00, 0b010, 0b011, 0b100, 0b101, 0b110, 0b1110, 0b1111]


def test_falling_pools_what_rises():
    assert falling(np.array([9, 1, 3, 5, 2])).tolist() == [9, 3, 3, 3, 2]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4000))
@settings(max_examples=20, deadline=None)
def test_code_starts_are_those_of_a_walk(lengths):
    starts = np.cumsum([0, *lengths])
    following = np.random.default_rng(0).integers(1, 9, starts[-1]) + np.arange(starts[-1])
    following[starts[:-1]] = starts[1:]
    assert code_starts(following).tolist() == starts[:-1].tolist()


def test_code_starts_across_windows_and_a_cut_end():
    """Codes of 3 bits do not divide the window; the last code wants a bit more than there is."""
    bits = 5 * WINDOW_BITS + 2
    starts = code_starts(np.arange(bits) + 3)
    assert starts.tolist() == list(range(0, bits - 2, 3))


@pytest.mark.parametrize(
    ("code", "stream", "message"),
    [
        (RiceCode(), [], "parameter is missing"),
        (RiceCode(), [16, 0], "parameter is 16, above 15"),
        (HuffmanCode(), [], "header needs 2 B, the stream has 0"),
        (HuffmanCode(), [0x20, 3, 1], "header needs 4 B, the stream has 3"),
        (HuffmanCode(), [0x18, 2, 2, 0], "8 raw bits exceed 7"),
        (HuffmanCode(), [0x10, 3, 3, 0], "3 Huffman codes"),
        (HuffmanCode(), [0x10, 9, 2, 0], "do not match the 9 ranks"),
    ],
)
def test_damaged_headers_are_told(code, stream, message):
    with pytest.raises(FormatError, match=message):
        code.decode("t", np.array(stream, np.uint8))

"""Choice of formats: by bytes, by cycles, with decoder code paid once."""

import numpy as np
import pytest

from tinygmp.errors import FormatError
from tinygmp.graph.random_weights import random_weights
from tinygmp.sparse import choose, encode
from tinygmp.sparse.choice import READ_BY_EVERY_TARGET, fastest
from tinygmp.sparse.choice_together import choose_together
from tinygmp.sparse.decode_cost import DecodeCost, decoders
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS

CODE = {"dense": 60, "bitmask": 90, "relative": 120, "rice": 160, "huffman": 260, "csr8": 70}
CYCLES = DecodeCost(CODE, {"bitmask": 4, "dense": 0}, {"rice": 30, "relative4": 18, "dense": 6, "csr8": 8})


def pruned(seed: int, rows: int, columns: int, kept: float) -> np.ndarray:
    return random_weights(np.random.default_rng(seed), rows, columns, kept)


def test_fewest_bytes_is_what_is_taken():
    q = pruned(0, 30, 40, 0.2)
    sizes = {name: encode("t", q, 1.0, name).payload_bytes for name in READ_BY_EVERY_TARGET}
    assert choose("t", q, 1.0).payload_bytes == min(sizes.values())
    assert choose("t", q, 1.0, ("csr8", "dense")).index_format == "csr8"


def test_the_default_offers_only_what_every_target_reads():
    assert set(READ_BY_EVERY_TARGET) < set(INDEX_FORMATS)
    assert choose("t", np.ones((4, 4), np.int8), 1.0).index_format == "dense"
    assert choose("t", pruned(0, 9, 9, 0.3), 1.0).value_format == "int8"


def test_every_format_may_be_tried_at_once():
    q = pruned(1, 16, 64, 0.1)
    best = choose("t", q, 1.0, tuple(INDEX_FORMATS), tuple(VALUE_FORMATS))
    assert np.array_equal(best.decode(), q)
    assert best.payload_bytes <= choose("t", q, 1.0).payload_bytes


def test_decoder_code_outweighs_a_few_bytes():
    q = pruned(2, 20, 20, 0.25)
    assert choose("t", q, 1.0, ("bitmask", "rice")).index_format == "rice"
    assert choose("t", q, 1.0, ("bitmask", "rice"), cost=CYCLES).index_format == "bitmask"


def test_a_bound_on_cycles_takes_a_quicker_format_or_is_refused():
    q = pruned(2, 40, 40, 0.2)
    assert fastest("t", q, 1.0, CYCLES, ("dense", "csr8", "rice")).index_format == "csr8"
    bounded = choose("t", q, 1.0, ("csr8", "rice"), cost=CYCLES, most_cycles=320 * 8)
    assert bounded.index_format == "csr8"
    with pytest.raises(
        FormatError, match=r"no format reads within 2000 cycles; the fastest, csr8, needs 2560"
    ):
        choose("t", q, 1.0, ("csr8", "rice"), cost=CYCLES, most_cycles=2000)


def test_no_format_at_all_names_each_refusal():
    with pytest.raises(FormatError, match=r"no format can hold it: .*csr8 holds 256.*1of4"):
        choose("t", np.ones((2, 300), np.int8), 1.0, ("csr8", "1of4"))


def test_together_shares_one_decoder_where_apart_would_take_two():
    """Alone, U favours rice and the classifier a bitmask; 90 B more of code do not pay for a few bytes."""
    weights = {"U": (pruned(3, 80, 80, 0.1), 1.0), "classifier": (pruned(4, 2, 40, 0.45), 1.0)}
    apart = {name: choose(name, q, scale) for name, (q, scale) in weights.items()}
    together = choose_together(weights, CYCLES, ("bitmask", "rice"))
    assert len({decoders(tensor) for tensor in apart.values()}) == 2
    assert {tensor.index_format for tensor in together.values()} == {"rice"}
    assert all(np.array_equal(together[name].decode(), q) for name, (q, _) in weights.items())


def test_together_is_no_dearer_than_any_single_format():
    weights = {str(seed): (pruned(seed, 12, 50, 0.1 * seed), 1.0) for seed in range(1, 6)}

    def price(packed):
        pieces = frozenset().union(*(decoders(tensor) for tensor in packed))
        return sum(tensor.payload_bytes for tensor in packed) + CYCLES.code(pieces)

    best = price(choose_together(weights, CYCLES).values())
    for name in READ_BY_EVERY_TARGET:
        assert best <= price([encode("t", q, 1.0, name) for q, _ in weights.values()])


def test_together_keeps_a_bound_on_cycles():
    weights = {str(seed): (pruned(seed, 20, 60, 0.15), 1.0) for seed in range(4)}
    free = choose_together(weights, CYCLES, ("csr8", "rice"))
    spent = sum(map(CYCLES.cycles, free.values()))
    bounded = choose_together(weights, CYCLES, ("csr8", "rice"), most_cycles=spent * 0.6)
    assert sum(map(CYCLES.cycles, bounded.values())) <= spent * 0.6
    assert choose_together(weights, CYCLES, ("csr8", "rice"), most_cycles=spent).keys() == free.keys()
    with pytest.raises(FormatError, match="allow more"):
        choose_together(weights, CYCLES, ("csr8", "rice"), most_cycles=10)


def test_every_format_names_its_decoders():
    q = np.array([[1, 0, 0, 0, 0, 0, 0, 1]], np.int8)
    assert decoders(encode("t", q, 1.0, "rice", "int8_rice")) == {"rice"}
    assert decoders(encode("t", q, 1.0, "relative3", "int4")) == {"relative", "int4"}
    assert decoders(encode("t", q, 1.0, "block4")) == {"block", "rice"}
    assert decoders(encode("t", q, 1.0, "huffman", "int8_ranked")) == {"huffman", "codebook"}

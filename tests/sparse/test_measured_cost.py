"""The packaged decode costs cover every format, are those of the report, and serve the choice of formats."""

from pathlib import Path

import numpy as np
import pytest

from tinygmp.errors import ConfigError
from tinygmp.graph.random_weights import random_weights
from tinygmp.sparse import encode
from tinygmp.sparse.choice import READ_BY_EVERY_TARGET
from tinygmp.sparse.choice_together import choose_together
from tinygmp.sparse.decode_cost import CODE_SHARED_BY, MEASURED, decoders, measured_cost
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS

CORES = ("avr5", "cortex-m0plus", "cortex-m4f", "rv32imc")
REPORT = Path(__file__).parents[2] / "docs" / "reports" / "decode_cost.json"


@pytest.mark.parametrize("core", CORES)
def test_every_piece_and_every_format_was_measured(core):
    cost = measured_cost(core)
    names = (*INDEX_FORMATS, *VALUE_FORMATS)
    pieces = {piece for name in names for piece in CODE_SHARED_BY.get(name, (name,))}
    assert set(cost.code_bytes) == pieces
    assert min(cost.code_bytes.values()) > 0
    assert set(cost.cycles_per_stored) == set(names)
    assert all(cost.cycles_per_stored[name] > 0 for name in INDEX_FORMATS)
    assert cost.cycles_per_stored["int8"] == 0


@pytest.mark.parametrize("core", CORES)
def test_measured_cycles_rank_the_formats_as_they_must(core):
    """A test of every position costs a bitmask, a decoded gap costs Rice more, and columns in bytes cost least."""
    q = random_weights(np.random.default_rng(1), 40, 100, 0.05)
    cycles = {name: measured_cost(core).cycles(encode("t", q, 1.0, name)) for name in INDEX_FORMATS if "of" not in name
              and "block" not in name}  # fmt: skip
    assert min(cycles, key=cycles.__getitem__) == "csr8"
    assert cycles["csr8"] < cycles["relative4"] < cycles["rice"]
    assert max(cycles, key=cycles.__getitem__) in ("bitmask", "rice", "huffman", "dense")


def test_a_small_model_pays_for_one_decoder_only():
    rng = np.random.default_rng(2)
    shapes = {"W": (24, 9, 0.3), "U": (24, 24, 0.2), "classifier": (2, 24, 0.4)}
    weights = {name: (random_weights(rng, *shape), 1.0) for name, shape in shapes.items()}
    cost = measured_cost("avr5")
    chosen = choose_together(weights, cost).values()
    pieces = frozenset().union(*map(decoders, chosen))
    assert len(pieces) == 1
    spent = sum(tensor.payload_bytes for tensor in chosen) + cost.code(pieces)
    for name in READ_BY_EVERY_TARGET:
        one = [encode(key, q, scale, name) for key, (q, scale) in weights.items()]
        assert spent <= sum(tensor.payload_bytes for tensor in one) + cost.code(decoders(one[0]))


def test_the_table_is_the_report():
    assert MEASURED.read_bytes() == REPORT.read_bytes()


def test_a_core_without_measurement_is_told():
    with pytest.raises(ConfigError, match=r"core 'z80' was not measured; measured: avr5, cortex-m0plus"):
        measured_cost("z80")

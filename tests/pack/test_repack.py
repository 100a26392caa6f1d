"""A model in other formats answers alike, and is as small or as quick as was wished."""

import numpy as np
import pytest

from tinygmp.errors import ConfigError, FormatError
from tinygmp.graph.ledger import ledger
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reencode import replace_tensors, with_tensors
from tinygmp.graph.reference.run import run
from tinygmp.pack.repack import Wish, repack
from tinygmp.sparse import encode
from tinygmp.sparse.decode_cost import DecodeCost

COST = DecodeCost(
    {"dense": 60, "bitmask": 90, "relative": 120, "rice": 160, "csr8": 70},
    {"bitmask": 4},
    {"rice": 30, "relative4": 18, "dense": 6, "csr8": 8},
)


@pytest.fixture(params=[(0, 0), (3, 6)], ids=["full rank", "low rank"])
def model(request):
    w_rank, u_rank = request.param
    return random_model(seed=3, hidden=24, w_rank=w_rank, u_rank=u_rank)


def counts(model) -> np.ndarray:
    return np.random.default_rng(0).integers(-20000, 20000, (5, 12, model.input.channels), dtype=np.int16)


@pytest.mark.parametrize("formats", [("csr8",), ("rice",), ("bitmask", "relative4"), ("dense",)])
def test_answers_stay_and_the_formats_are_those_wished_for(model, formats):
    repacked = repack(model, Wish(formats)).model
    assert {tensor.index_format for tensor in repacked.tensors()} <= set(formats)
    assert np.array_equal(run(repacked, counts(model)).logits, run(model, counts(model)).logits)
    assert repacked.nnz == model.nnz


def test_smallest_fastest_and_a_bound_between_them(model):
    smallest = repack(model, Wish(cost=COST))
    quickest = repack(model, Wish(cost=COST, fastest=True))
    assert quickest.cycles < smallest.cycles
    assert smallest.stream_bytes + smallest.code_bytes < quickest.stream_bytes + quickest.code_bytes
    bound = (smallest.cycles + quickest.cycles) / 2
    between = repack(model, Wish(cost=COST, most_cycles=bound))
    assert between.cycles <= bound
    assert between.stream_bytes + between.code_bytes <= quickest.stream_bytes + quickest.code_bytes
    assert between.stream_bytes == sum(tensor.payload_bytes for tensor in between.model.tensors())
    with pytest.raises(FormatError, match="the bound is"):
        repack(model, Wish(cost=COST, most_cycles=quickest.cycles - 1))


def test_narrow_values_stay_narrow(model):
    def narrow(tensor):
        if tensor.name != "classifier.weights":
            return tensor
        return encode(tensor.name, np.clip(tensor.decode(), -7, 7), 0.1, "bitmask", "int4")

    repacked = repack(replace_tensors(model, narrow), Wish(("csr8",))).model
    assert repacked.tensors()[-1].value_format == "int4"
    assert ledger(repacked).payload_bytes < ledger(repack(model, Wish(("csr8",))).model).payload_bytes


def test_other_weights_unknown_names_and_cycles_without_a_core_are_refused(model):
    tensor = model.tensors()[0]
    with pytest.raises(ConfigError, match="holds other weights"):
        with_tensors(model, {tensor.name: encode(tensor.name, -tensor.decode(), tensor.scale, "dense")})
    with pytest.raises(ConfigError, match=r"no tensor 'rnn\.V'"):
        with_tensors(model, {"rnn.V": tensor})
    with pytest.raises(ConfigError, match="no core is named"):
        Wish(fastest=True)

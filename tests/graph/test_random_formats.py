"""Random models in any format: valid, of the formats asked for, the same for the same seed, scalars of every kind."""

import numpy as np
import pytest

from tinygmp.graph.operators.fastgrnn import FastGrnn, factors
from tinygmp.graph.random_formats import GAIN_LIMIT, random_of_formats, stored
from tinygmp.graph.random_model import random_model
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS


def cell_of(model) -> FastGrnn:
    return next(model.nodes_of(FastGrnn)).operator


@pytest.mark.parametrize("index_format", INDEX_FORMATS)
def test_every_tensor_has_the_index_format(index_format):
    model = random_of_formats(5, index_format, "int8")
    assert {tensor.index_format for tensor in model.tensors()} == {index_format}


@pytest.mark.parametrize("value_format", VALUE_FORMATS)
def test_every_tensor_has_the_value_format(value_format):
    model = random_of_formats(6, "csr16", value_format)
    assert {tensor.value_format for tensor in model.tensors()} == {value_format}
    assert model.nnz > 0


def test_a_seed_gives_one_model_and_another_seed_another():
    one, same, other = (random_of_formats(seed, "rice", "int8") for seed in (7, 7, 8))
    assert all(
        np.array_equal(a.decode(), b.decode()) for a, b in zip(one.tensors(), same.tensors(), strict=True)
    )
    assert cell_of(one).zeta == cell_of(same).zeta
    assert cell_of(one).hidden_size != cell_of(other).hidden_size


def test_scalars_reach_their_range():
    cells = [cell_of(random_of_formats(seed, "dense", "int8")) for seed in range(40)]
    assert {cell.w_shift for cell in cells} == {0, 1, 2, 3}
    assert max(cell.bias_gate_shift for cell in cells) == 8
    assert len({cell.zeta_shift for cell in cells}) >= 8
    assert max(cell.nu for cell in cells) > GAIN_LIMIT // 2
    assert {len(factors(cell.w)) for cell in cells} == {1, 2}


def test_weights_move_to_what_a_format_holds():
    tensor = cell_of(random_model(1, hidden=16, u_kept=0.9)).u
    kept = stored(tensor, "2of4", "ternary").decode()
    assert set(np.unique(kept)) <= {-1, 0, 1}
    assert ((kept.reshape(16, 4, 4) != 0).sum(axis=2) <= 2).all()

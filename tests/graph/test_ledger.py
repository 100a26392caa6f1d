"""The ledger counts every byte, and adds up."""

import math

import pytest

from tests.converters.operator_cases import CASES
from tinygmp.graph.ledger import ledger
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model


def test_ledger_of_a_dense_model_worked_by_hand():
    model = random_model(0, inputs=3, hidden=4, classes=2, w_kept=1.0, u_kept=1.0, index_format="dense")
    parts = ledger(model).by_part()
    assert parts == {
        "normalisation": 2 * 3 + 2 * 3,
        "scalars": 1 + 6 + 2 + 4,
        "values": 4 * 3 + 4 * 4 + 2 * 4,
        "biases": 4 + 4 + 2 * 2,
        "tables": 33,
    }
    assert ledger(model).payload_bytes == sum(parts.values())
    assert ledger(model).limit_bytes == pytest.approx(ledger(model).payload_bytes)


def test_ledger_of_an_image_network_worked_by_hand():
    model = random_image_model(0, 8, 4, ((6, 1),), 2)
    parts = ledger(model).by_part()
    assert parts == {
        "values": 4 * 27 + 4 * 9 + 6 * 4 + 2 * 6,
        "biases": 4 * (4 + 4 + 6 + 2),
        "multipliers": 5 * (4 + 4 + 6 + 1),  # the classifier has one for all classes
        "scalars": 4 * 10,
    }


def test_limit_replaces_only_the_weight_streams():
    model = random_model(1)
    book = ledger(model)
    streams = sum(tensor.payload_bytes for tensor in model.tensors())
    limit = 0.0
    for tensor in model.tensors():
        n, p = tensor.size, tensor.nnz / tensor.size
        limit += n * (-p * math.log2(p) - (1 - p) * math.log2(1 - p)) / 8 + tensor.nnz
    assert book.limit_bytes == pytest.approx(book.payload_bytes - streams + limit)
    assert book.entropy_limit_bytes < book.limit_bytes


def test_low_rank_counts_a_requantizer_per_map():
    full = ledger(random_model(0, hidden=16)).by_part()["scalars"]
    assert ledger(random_model(0, hidden=16, w_rank=2, u_rank=3)).by_part()["scalars"] == full + 8


def test_a_mean_costs_what_it_rescales_with():
    for case, cost in (("odd channels", 0), ("halves, fp32", 13), ("halves, gemmlowp", 10)):
        assert ledger(CASES[f"global_average_pool: {case}"]).payload_bytes == cost


@pytest.mark.parametrize("seed", range(8))
def test_layers_and_parts_add_up_to_the_payload(seed):
    book = ledger(random_graph(seed))
    by_layer = sum(size for parts in book.by_layer().values() for size in parts.values())
    assert book.payload_bytes == by_layer == sum(book.by_part().values())

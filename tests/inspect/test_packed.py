import dataclasses

import numpy as np
import pytest

from tinygmp.graph.ledger import ledger
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reject import Reject
from tinygmp.inspect.packed import inspect, packed_result, sparsity_by_matrix


def test_figures_are_those_of_the_ledger(model):
    found, book = inspect(model), ledger(model)
    assert (found.payload_bytes, found.limit_bytes) == (book.payload_bytes, book.limit_bytes)
    assert found.by_part == book.by_part()
    for tensor in found.tensors:
        assert tensor.payload_bytes == sum(row.bytes for row in book.rows if row.layer == tensor.name)
    assert found.nnz == sum(tensor.nnz for tensor in found.tensors) == model.nnz


def test_a_matrix_by_hand():
    model = random_model(hidden=8, w_kept=0.25, u_kept=0.5, index_format="bitmask")
    w = inspect(model).tensors[0]
    assert (w.name, w.shape, w.index_format, w.nnz, w.sparsity) == ("rnn.W", (8, 9), "bitmask", 18, 0.75)
    assert w.payload_bytes == 72 // 8 + 18
    # 72 * h2(1/4) = 72 * 0.811278 = 58.412 bits of mask, and 18 bytes of values
    assert w.limit_bytes == pytest.approx(58.412 / 8 + 18, abs=1e-3)


def test_layers_and_channels_are_named(model):
    found = inspect(model)
    assert [layer.kind for layer in found.layers] == ["sensor input", "FastGRNN", "fully connected"]
    assert found.channels[0] == "channel0, 1 counts per counts"
    assert found.synthetic


def test_low_rank_factors_are_listed_apart():
    names = [tensor.name for tensor in inspect(random_model(hidden=8, w_rank=3, u_rank=4)).tensors]
    assert names == ["rnn.W2", "rnn.W1", "rnn.U2", "rnn.U1", "classifier.weights"]


def test_the_reports_entry_of_a_packed_model(model):
    entry = packed_result(model, 96.5, 97.25)
    assert (entry.accuracy, entry.validation_accuracy) == (96.5, 97.25)
    assert sum(entry.by_part.values()) == entry.payload_bytes == ledger(model).payload_bytes
    assert set(entry.formats) == {tensor.name for tensor in model.tensors()}
    assert dataclasses.asdict(entry)["provenance"]["recipe"] == "random"


def test_sparsity_by_matrix_counts_zeros(model):
    for tensor in model.tensors():
        facts = sparsity_by_matrix(model)[tensor.name]
        assert facts.nnz == np.count_nonzero(tensor.decode())
        assert facts.sparsity == pytest.approx(1 - facts.nnz / facts.size)


def test_what_answers_none_of_these_says_so():
    plain = random_model(3, hidden=8)
    model = dataclasses.replace(plain, reject=Reject(np.zeros((len(plain.labels), 8), np.int8), 42))
    assert (inspect(plain).none_beyond, inspect(model).none_beyond) == (None, 42)
    assert inspect(model).payload_bytes > inspect(plain).payload_bytes

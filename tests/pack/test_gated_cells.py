"""Packing GRU and LSTM cells loses little, and other recurrent graphs are refused in a sentence."""

from dataclasses import replace

import numpy as np
import pytest

from tests.floats.cells import CHAINS, counted, graph_of, packed_cells, windows
from tinygmp.errors import DataError, UnsupportedError
from tinygmp.floats.graph import FloatNode
from tinygmp.floats.operators.softmax import Softmax
from tinygmp.graph.ledger import ledger
from tinygmp.graph.reference.run import run
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.operators.gated_cell import by_unit, cell_bits
from tinygmp.pack.packer import pack

IDENTITY = PackIdentity("cells", ("a", "b", "c", "d"), {"data": "random", "synthetic": "yes"})


@pytest.mark.parametrize("name", CHAINS)
def test_integer_logits_follow_the_float_logits(name):
    model, fresh = packed_cells(name), windows(200, seed=9)
    expected = counted(graph_of(name)).logits(fresh)
    obtained = run(model, fresh).logits * model.output.scale
    assert np.sqrt(((obtained - expected) ** 2).mean()) < 0.05 * expected.std()
    assert (obtained.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.97


def test_rows_of_a_unit_come_together():
    gate_after_gate = np.array([[10], [11], [20], [21], [30], [31]])
    assert by_unit(gate_after_gate, 3).ravel().tolist() == [10, 20, 30, 11, 21, 31]


def test_a_cell_s_fraction_follows_its_range():
    assert [cell_bits(largest) for largest in (0.5, 0.9, 1.1, 3.9, 15.9, 100.0, 1e9)] == [
        15,
        15,
        14,
        13,
        11,
        8,
        8,
    ]


def test_every_byte_is_in_the_ledger_and_one_table_serves_all_cells():
    model, book = packed_cells("deep"), ledger(packed_cells("deep"))
    parts, classifier = book.by_part(), model.node("classifier").operator
    assert parts["tables"] == 33
    assert parts["biases"] == sum(4 * 2 * units for _, units in CHAINS["deep"]) + classifier.bias.nbytes
    assert parts["values"] + parts.get("index", 0) == sum(tensor.payload_bytes for tensor in model.tensors())


def test_what_cannot_be_packed_is_told():
    graph = counted(graph_of("gru"))
    with pytest.raises(DataError, match="at least one window"):
        pack(graph, windows(0), IDENTITY)
    shares = replace(
        graph, nodes=(*graph.nodes, FloatNode("shares", Softmax(), ("logits",), ("p",))), outputs=("p",)
    )
    with pytest.raises(
        UnsupportedError, match="layer 'shares': Softmax beside GRU or LSTM cells is not supported"
    ):
        pack(shares, windows(4), IDENTITY)

"""Unpacking: the float network of the integers answers as they do."""

import numpy as np
import pytest

from tests.floats.chains import random_cell_graph
from tinygmp.errors import UnsupportedError
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.window_classifier import cell_of, with_sensor
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.reference.run import run
from tinygmp.pack.identity import PackIdentity
from tinygmp.pack.packer import pack
from tinygmp.pack.settings import PackSettings
from tinygmp.pack.storage import Storage
from tinygmp.pack.unpack import unpack

SCALING = SensorScaling(("a", "b"), ("g", "g"), (1000.0, 1000.0), np.zeros(2), np.ones(2))
IDENTITY = PackIdentity("m", ("x", "y"), {})


@pytest.mark.parametrize("ranks", [(0, 0), (4, 4)])
def test_unpacked_weights_answer_as_the_packed_ones(ranks):
    graph = with_sensor(
        random_cell_graph(1, ranks, 16, inputs=2, classes=2, kept=0.6, deviation=0.6, nu=0.03), SCALING
    )
    rng = np.random.default_rng(1)
    counts = np.clip(np.cumsum(rng.normal(0, 250, (80, 30, 2)), axis=1), -32768, 32767).astype(np.int16)
    model = pack(graph, counts, IDENTITY)
    unpacked = with_sensor(unpack(model), SCALING)
    expected = run(model, counts).logits * model.output.scale
    assert np.abs(unpacked.logits(counts) - expected).mean() < 0.05 * expected.std()
    assert cell_of(unpacked).operator.zeta == pytest.approx(0.8, rel=0.01)
    again = pack(unpacked, counts, IDENTITY, PackSettings(Storage(("bitmask",))))
    assert {tensor.index_format for tensor in again.tensors()} == {"bitmask"}
    assert again.nnz == model.nnz


def test_another_network_is_refused():
    with pytest.raises(UnsupportedError, match="only a FastGRNN cell and one matrix can be unpacked"):
        unpack(random_image_model(size=32, blocks=((8, 1),)))

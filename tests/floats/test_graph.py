"""Float graphs: worked by hand, checked when made, weights by name."""

from dataclasses import replace

import numpy as np
import pytest

from tests.floats.chains import NONE, Chain, random_cell_graph
from tinygmp.errors import ConfigError, DataError
from tinygmp.floats.graph import FloatGraph, FloatNode
from tinygmp.floats.operators.add import Add
from tinygmp.floats.operators.fully_connected import FullyConnected
from tinygmp.floats.operators.sensor_input import SensorScaling
from tinygmp.floats.window_classifier import cell_of, hidden_size, with_sensor
from tinygmp.graph.model import State


def two_branches() -> FloatGraph:
    """x -> one, x -> other, their sum."""

    def matrix(*rows: tuple[float, float]) -> FullyConnected:
        return FullyConnected(np.array(rows, np.float32), np.zeros(len(rows), np.float32))

    nodes = (
        FloatNode("one", matrix((1, 2), (0, 1)), ("x",), ("a",)),
        FloatNode("other", matrix((0, 1), (3, 0)), ("x",), ("b",)),
        FloatNode("sum", Add(), ("a", "b"), ("y",)),
    )
    return FloatGraph("two branches", {"x": (2,)}, nodes, ("y", "a"))


def test_branches_and_two_outputs_worked_by_hand():
    found = two_branches().run(np.array([[1.0, 2.0], [0.0, -1.0]], np.float32))
    assert found["a"].tolist() == [[5, 2], [-2, -1]]
    assert found["y"].tolist() == [[7, 5], [-3, -1]]
    assert list(found) == ["y", "a"]


def test_weights_by_name_and_others_in_their_place():
    graph = two_branches()
    assert list(graph.prunable()) == ["one.weights", "other.weights"]
    assert (graph.nnz, graph.weight_count) == (5, 8)
    changed = graph.with_weights({"other.weights": np.zeros((2, 2), np.float32)})
    assert changed.logits(np.array([[1.0, 2.0]], np.float32)).tolist() == [[5, 2]]
    assert graph.nnz == 5
    with pytest.raises(
        ConfigError, match=r"no matrix \['third.weights'\]; it has one.weights, other.weights"
    ):
        graph.with_weights({"third.weights": np.zeros((2, 2), np.float32)})


def test_what_does_not_hang_together_is_refused_by_name():
    graph = two_branches()
    one, other, total = graph.nodes
    with pytest.raises(ConfigError, match="layer 'sum' reads 'b', which nothing before it writes"):
        replace(graph, nodes=(one, total))
    with pytest.raises(ConfigError, match="a name that is taken"):
        replace(graph, nodes=(one, replace(other, name="one"), total))
    with pytest.raises(ConfigError, match="nothing writes 'z'"):
        replace(graph, outputs=("z",))
    with pytest.raises(ConfigError, match="layer 'one' takes 2 inputs, it reads 3"):
        replace(graph, inputs={"x": (3,)})
    with pytest.raises(ConfigError, match="no recurrent cell writes the state 'y'"):
        replace(graph, states=(State("h", "y"),))
    with pytest.raises(DataError, match="'two branches' takes"):
        graph.run(np.zeros((2, 3), np.float32))


def test_an_answer_hangs_on_no_other_image_of_the_batch():
    rng = np.random.default_rng(0)
    chain = Chain(9).layer("conv0", rng.normal(0, 1, (7, 27)), rng.normal(0, 1, 7), 3, 2)
    graph = chain.layer("fc", rng.normal(0, 1, (3, 7)), rng.normal(0, 1, 3), limits=NONE).graph()
    pixels = rng.integers(0, 256, (5, 9, 9, 3), dtype=np.uint8)
    alone = np.concatenate([graph.logits(pixels[at : at + 1]) for at in range(5)])
    assert np.array_equal(graph.logits(pixels), alone)


def test_counts_enter_a_window_classifier_as_training_normalised_them():
    graph = random_cell_graph(1)
    scaling = SensorScaling(
        ("a", "b", "c"), ("g",) * 3, (100.0,) * 3, np.array([1.0, 0.0, -1.0]), np.array([2.0, 1.0, 0.5])
    )
    counts = np.random.default_rng(0).integers(-400, 400, (4, 6, 3)).astype(np.int16)
    x = ((counts / 100 - scaling.mean) / scaling.std).astype(np.float32)
    sensing = with_sensor(graph, scaling)
    assert np.array_equal(sensing.logits(counts), graph.logits(x))
    assert [node.name for node in sensing.nodes] == ["sensor", "rnn", "classifier"]
    assert (cell_of(sensing).name, hidden_size(sensing)) == ("rnn", 12)
    with pytest.raises(ConfigError, match="takes sensor counts already"):
        with_sensor(sensing, scaling)
    with pytest.raises(ConfigError, match="0 FastGRNN cells, expected 1"):
        cell_of(two_branches())

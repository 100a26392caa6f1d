"""Sparse int8 networks in TFLite Micro: weights as bitmaps in flash, decoded at run time, the same answers."""

import numpy as np
import pytest

from converters.to_tflite.convert import convert
from converters.to_tflite.graph_model import one_form
from converters.to_tflite.operators.weights import is_smaller
from converters.to_tflite.run_graph import run_micro_graph, run_tflite_graph
from tinygmp.data.images import random_images
from tinygmp.errors import FileFormatError
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.reference.run import run

MODEL = random_image_model(5, 20, 4, ((32, 1), (64, 2), (100, 1)), 30, 0.2, "rice")
ARENA_BYTES = 1 << 19


def test_decoded_weights_give_the_answers_of_dense_ones_in_a_smaller_file():
    files = convert(MODEL).files
    dense, decoded = files["random_images5_int8.tflite"], files["random_images5_int8_micro.tflite"]
    assert len(decoded) < len(dense)
    pixels = random_images(MODEL, 4).first
    expected = run_micro_graph(dense, MODEL, [pixels], ARENA_BYTES)["logits"]
    assert len(np.unique(expected, axis=0)) > 1
    found = run_micro_graph(decoded, MODEL, [pixels], ARENA_BYTES, trusted=True)["logits"]
    assert np.array_equal(found, expected)
    assert np.abs(expected.astype(int) - run(MODEL, pixels).logits).max() <= 1


def test_only_layers_that_become_smaller_are_decoded():
    layers = list(MODEL.nodes_of(Linear))
    smaller = {node.name for node in layers if is_smaller(node.operator)}
    assert smaller == {"pw2", "pw3", "fc"}
    content = one_form(MODEL, "micro")
    for node in layers:
        assert (f"{node.name}.bitmap".encode() in content) == (node.name in smaller)


def test_a_dense_network_has_no_such_file():
    dense = random_image_model(5, 20, 4, ((32, 1),), 3)
    assert "random_images5_int8_micro.tflite" not in convert(dense).files


def test_litert_and_an_untrusting_run_refuse_it():
    content = one_form(MODEL, "micro")
    pixels = random_images(MODEL, 1).first
    with pytest.raises(FileFormatError, match="LiteRT refused"):
        run_tflite_graph(content, MODEL, [pixels])
    with pytest.raises(FileFormatError, match="LiteRT refused"):
        run_micro_graph(content, MODEL, [pixels], ARENA_BYTES)

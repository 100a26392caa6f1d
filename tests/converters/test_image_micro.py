"""Sparse int8 networks in TFLite Micro: weights as bitmaps in flash, decoded at run time, the same answers."""

import numpy as np
import pytest
from converters.to_tflite.images import convert_images
from converters.to_tflite.micro_images import is_smaller, micro_images
from converters.to_tflite.run_images import run_micro_images, run_tflite_images

from tinygmp.data.images import random_images
from tinygmp.errors import FileFormatError
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.reference.run import run

MODEL = random_image_model(5, 20, 4, ((32, 1), (64, 2), (100, 1)), 30, 0.2, "rice")
ARENA_BYTES = 1 << 19


def test_decoded_weights_give_the_answers_of_dense_ones_in_a_smaller_file():
    files = convert_images(MODEL).files
    dense, decoded = files["random_images5_int8.tflite"], files["random_images5_int8_micro.tflite"]
    assert len(decoded) < len(dense)
    pixels = random_images(MODEL, 4).pixels
    expected = run_micro_images(dense, pixels, ARENA_BYTES)
    assert len(np.unique(expected, axis=0)) > 1
    assert np.array_equal(run_micro_images(decoded, pixels, ARENA_BYTES, trusted=True), expected)
    assert np.abs(expected.astype(int) - run(MODEL, pixels).logits).max() <= 1


def test_only_layers_that_become_smaller_are_decoded():
    smaller = {layer.name for layer in MODEL.linear() if is_smaller(layer)}
    assert smaller == {"pw2", "pw3", "fc"}
    content = micro_images(MODEL)
    for layer in MODEL.linear():
        assert (f"{layer.name}.bitmap".encode() in content) == (layer.name in smaller)


def test_a_dense_network_has_no_such_file():
    dense = random_image_model(5, 20, 4, ((32, 1),), 3)
    assert micro_images(dense) is None
    assert "random_images5_int8_micro.tflite" not in convert_images(dense).files


def test_litert_and_an_untrusting_run_refuse_it():
    content = micro_images(MODEL)
    pixels = random_images(MODEL, 1).pixels
    with pytest.raises(FileFormatError, match="LiteRT refused"):
        run_tflite_images(content, pixels)
    with pytest.raises(FileFormatError, match="LiteRT refused"):
        run_micro_images(content, pixels, ARENA_BYTES)

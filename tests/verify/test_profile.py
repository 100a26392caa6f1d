"""What each layer takes on a core: all of it is told, in order, and the answer stays that of the reference."""

import numpy as np
import pytest

from converters.to_c.graph import MARK, convert_graph, convert_marked
from tinygmp.data.images import random_images
from tinygmp.data.samples import Samples
from tinygmp.device.board import find_board
from tinygmp.errors import ConfigError, UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model
from tinygmp.verify.profile import profile

BLOCKS = ((6, 1), (8, 2))
DENSE = random_image_model(5, 20, 4, BLOCKS, 7)
SPARSE = random_image_model(5, 20, 4, BLOCKS, 7, 0.25, "rice")


def one_image(model: PackedModel) -> Samples:
    return random_images(model, 1)


@pytest.mark.parametrize("board", ["nucleo-l432kc", "nucleo-g071rb", "esp32-c3"])
def test_the_layers_make_up_the_whole(board):
    found = profile(SPARSE, find_board(board), one_image(SPARSE))
    assert [layer.name for layer in found.layers] == ["stem", "dw1", "pw1", "dw2", "pw2", "pool", "fc"]
    assert found.exact
    between = found.instructions - sum(layer.instructions for layer in found.layers)
    assert 0 <= between < 200  # before the first mark and after the last: the largest logit
    assert min(layer.instructions for layer in found.layers) > 0
    assert (found.cycles is None) == (board != "nucleo-g071rb")


def test_a_step_of_work_is_what_the_shapes_say():
    found = {
        layer.name: layer for layer in profile(DENSE, find_board("nucleo-l432kc"), one_image(DENSE)).layers
    }
    assert found["stem"].multiply_adds == found["stem"].multiply_adds_kept == 10 * 10 * 4 * 27
    assert found["dw1"].multiply_adds == 10 * 10 * 4 * 9
    assert found["pw1"].multiply_adds == 10 * 10 * 6 * 4
    assert found["dw2"].multiply_adds == 5 * 5 * 6 * 9
    assert found["pool"].multiply_adds == 0
    assert found["fc"].multiply_adds == 7 * 8
    assert found["pw1"].kernels == ("tg_pointwise_dense",)


def test_only_survivors_are_counted_as_kept():
    found = profile(SPARSE, find_board("nucleo-l432kc"), one_image(SPARSE))
    layer = found.layers[2]
    assert layer.multiply_adds_kept == 10 * 10 * SPARSE.node("pw1").operator.weights.nnz
    assert layer.multiply_adds_kept < layer.multiply_adds


def test_answers_of_any_length_come_back(monkeypatch):
    monkeypatch.setattr("tinygmp.device.unicorn_run.ANSWER_BYTES", 4096)  # as if the answers had filled it
    model = random_image_model(5, 12, 4, ((6, 1),), 1500)
    assert profile(model, find_board("nucleo-l432kc"), one_image(model)).exact


def test_marks_are_only_in_the_code_that_is_profiled():
    marked, layers = convert_marked(DENSE)
    name = f"{DENSE.name}.c"
    assert MARK.encode() not in convert_graph(DENSE).files[name]
    assert marked.files[name].count(f"    {MARK}();".encode()) == len(layers) + 1


def test_what_has_no_layers_or_no_counter_is_refused():
    cell = random_model(0, hidden=4)
    with pytest.raises(UnsupportedError, match="keeps a state"):
        profile(cell, find_board("nucleo-l432kc"), Samples("none", True, (np.zeros((1, 8, 3), np.int16),)))
    with pytest.raises(ConfigError, match=r"arduino-uno.*choose nucleo"):
        profile(DENSE, find_board("arduino-uno"), one_image(DENSE))

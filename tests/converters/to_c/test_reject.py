"""C that answers 'none of these' equals the reference, on this machine with sanitizers and on simulated cores."""

import re
from dataclasses import replace

import numpy as np
import pytest

from converters.base import converter
from converters.to_c.neon.convert import convert as convert_for_arm64
from tinygmp.data.windows import random_windows
from tinygmp.device.arm64_engine import CORES, build_arm64, run_arm64
from tinygmp.device.board import find_board
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import measure
from tinygmp.device.words import reference_of
from tinygmp.errors import MissingToolError
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run
from tinygmp.graph.reject import NONE, Reject


@pytest.fixture(scope="module")
def rejecting():
    """A model that rejects about half of its windows, and the windows."""
    plain = random_model(seed=3, hidden=8)
    counts = random_windows(plain, 24).first
    found = run(plain, counts)
    top = found.states["top"]
    centroids = np.stack([np.rint(top[found.classes == label].mean(axis=0)) for label in (0, 1)]).astype(
        np.int8
    )
    reject = Reject(centroids, int(np.median(Reject(centroids, 0).distances(top, found.classes))))
    return replace(plain, reject=reject), counts


def test_the_host_answers_as_the_reference(rejecting):
    model, counts = rejecting
    answers = run(model, counts).answers
    assert {NONE, 0, 1} == set(answers.tolist())
    result = run_on_host(converter("c")(model), counts)
    assert np.array_equal(result.classes, answers)
    assert np.array_equal(result.logits, run(model, counts).logits)


@pytest.mark.parametrize("level", ["smallest", "fastest"])
@pytest.mark.parametrize("board", ["arduino-uno", "nucleo-g071rb", "nucleo-l432kc", "esp32-c3"])
def test_boards_answer_as_the_reference(rejecting, board, level):
    model, counts = rejecting
    try:
        report = measure(converter("c")(model), find_board(board), counts[:8], reference_of(model), level)
    except MissingToolError as error:
        pytest.skip(str(error))
    assert report.as_dict()["mismatches"] == 0


@pytest.mark.needs_program("qemu-aarch64", "ziglang")
@pytest.mark.parametrize("core", list(CORES))
def test_64_bit_arm_answers_as_the_reference(rejecting, core):
    model, counts = rejecting
    found = run_arm64(build_arm64(convert_for_arm64(model)), counts, core)
    assert np.array_equal(found.classes, run(model, counts).answers)


def test_the_api_says_so_and_a_plain_model_has_none_of_it(rejecting):
    model, _ = rejecting
    files = {name: content.decode() for name, content in converter("c")(model).files.items()}
    assert "#define RANDOM3_NONE 255" in files["random3.h"]
    assert "random3_answer(random3_state *state, int32_t *logits);" in files["random3.h"]
    assert "return random3_answer(state, logits);" in files["random3.c"]  # classify
    assert "found = random3_answer(&open->state, logits);" in files["random3_sliding.h"]
    assert '"none of these"' in files["example_main.c"]
    plain = converter("c")(replace(model, reject=None)).files.values()
    assert not any(re.search("answer\\(|_NONE|centroid", content.decode()) for content in plain)

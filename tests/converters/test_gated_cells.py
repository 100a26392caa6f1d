"""GRU and LSTM cells in every target: C on all kinds of cores and exact ONNX to the bit, floats within limits."""

import numpy as np
import pytest

from converters.to_c.convert import convert
from tests.floats.cells import packed_cells, windows
from tinygmp.data.samples import Samples
from tinygmp.device.board import find_board
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import measure
from tinygmp.device.words import reference_of
from tinygmp.graph.reencode import replace_tensors
from tinygmp.graph.reference.run import run
from tinygmp.sparse import encode
from tinygmp.verify.verification import verify

NAMES = ("gru", "lstm", "deep", "answered")
BOARDS = ("arduino-uno", "msp430g2553", "nucleo-g071rb", "nucleo-l432kc", "longan-nano")


def extreme(steps: int = 16) -> np.ndarray:
    """Return windows at both ends of the counts, level and from one end to the other each step."""
    ends = np.full((4, steps, 3), 32767, np.int16)
    ends[1] = -32768
    ends[2, ::2] = -32768
    ends[3] = 0
    return np.concatenate(
        [ends, np.random.default_rng(0).integers(-32768, 32768, (8, steps, 3)).astype(np.int16)]
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(4))
def test_c_is_the_reference_under_sanitizers(name, seed):
    model = packed_cells(name, seed)
    counts = np.concatenate([windows(30, seed=seed), extreme()])
    for profile in range(3):
        found = run_on_host(convert(model), counts, sanitize=True, defines=(f"TG_PROFILE={profile}",))
        assert np.array_equal(found.logits, run(model, counts).logits)


@pytest.mark.parametrize(
    "index_format", ["dense", "bitmask", "csr8", "csr16", "relative4", "rice", "huffman"]
)
def test_every_format_of_weights_is_read(index_format):
    model = replace_tensors(
        packed_cells("deep"), lambda tensor: encode(tensor.name, tensor.decode(), tensor.scale, index_format)
    )
    counts = extreme()
    assert np.array_equal(run_on_host(convert(model), counts).logits, run(model, counts).logits)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", ["gru", "lstm", "answered"])
@pytest.mark.parametrize("level", ["smallest", "fastest"])
def test_cores_compute_the_same(board, name, level):
    model = packed_cells(name)
    report = measure(convert(model), find_board(board), extreme(8)[:3], reference_of(model), level)
    assert report.parity is not None
    assert report.parity.exact


@pytest.mark.parametrize("name", NAMES)
def test_every_form_agrees(name):
    model = packed_cells(name)
    found = verify(model, Samples("wandering", True, (windows(150),)), ["all"], [])
    assert found.passed
    exact = found.artifacts["onnx"].variants
    assert {exact[form].mismatches for form in ("exact scan", "exact step")} == {0}
    assert {exact[form].worst_logit_difference for form in ("exact scan", "exact step")} == {0.0}
    assert set(found.artifacts["tflite"].variants) == {"f32", "int16x8"}

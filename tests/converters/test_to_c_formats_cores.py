"""Models in every kind of format on simulated cores: streams read from flash give the reference's answers."""

import numpy as np
import pytest

from converters.to_c.convert import convert
from tinygmp.device.board import find_board
from tinygmp.device.lab import measure
from tinygmp.device.words import reference_of
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_formats import random_of_formats
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reencode import replace_tensors
from tinygmp.sparse import encode

BOARDS = ("arduino-uno", "nucleo-g071rb", "longan-nano", "msp430g2553")
PAIRS = (
    ("bitmask", "int4"),
    ("csr16", "ternary"),
    ("rice", "int8_rice"),
    ("huffman", "int8_ranked"),
    ("block4", "codebook16"),
    ("2of4", "power2"),
)


def model_in(index_format: str, value_format: str, state_bits: int) -> PackedModel:
    """Return a random model of few different weights, half of every group of four zero."""
    model = random_model(6, inputs=8, hidden=16, index_format="bitmask", state_bits=state_bits)
    levels = np.array([1] if value_format == "ternary" else [1, 4] if value_format == "power2" else [1, 3, 7])
    tensors = {}
    for tensor in model.tensors():
        q = tensor.decode().astype(int)
        q[:, np.arange(q.shape[1]) % 4 >= 2] = 0
        q = (np.sign(q) * levels[np.abs(q) % len(levels)]).astype(np.int8)
        tensors[tensor.name] = encode(tensor.name, q, tensor.scale, index_format, value_format)
    return replace_tensors(model, lambda tensor: tensors[tensor.name])


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize(("index_format", "value_format"), PAIRS)
@pytest.mark.parametrize("state_bits", [8, 16])
def test_flash_streams_give_the_reference_on_the_core(board, index_format, value_format, state_bits):
    model = model_in(index_format, value_format, state_bits)
    counts = np.random.default_rng(3).integers(-32768, 32768, (2, 8, 8)).astype(np.int16)
    for optimise in ("smallest", "fastest"):
        report = measure(convert(model), find_board(board), counts, reference_of(model), optimise)
        assert report.parity is not None
        assert report.parity.exact, report.parity


def test_sums_at_the_lower_end_of_16_bits_have_a_magnitude_on_avr():
    """A pre-activation of -32768, whose magnitude no int of 16 bits holds."""
    model = random_of_formats(228, "relative6", "codebook16")
    rng = np.random.default_rng(0)
    counts = np.concatenate(
        [rng.integers(-32768, 32768, (3, 16, 4)), rng.integers(-2000, 2000, (3, 16, 4))]
    ).astype(np.int16)
    report = measure(convert(model), find_board("arduino-uno"), counts, reference_of(model), "smallest")
    assert report.parity is not None
    assert report.parity.exact, report.parity

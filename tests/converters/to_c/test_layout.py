"""How maps lie: runs worked by hand; chains of 1x1 and depthwise convolutions equal the reference in every layout."""

import numpy as np
import pytest

from converters.to_c.convert import convert
from converters.to_c.graph_steps import choices, planned, planned_as
from converters.to_c.kernel import INTERLEAVED
from converters.to_c.layout import fusable, planes, value_bytes
from tests.converters.separable_chains import separable_chain
from tinygmp.data.images import random_images
from tinygmp.device.board import find_board
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import simulate
from tinygmp.device.toolchain import build, with_unlimited_memory
from tinygmp.device.words import reference_of, words_of
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_image_model import random_image_model

# 16 x 16 pixels, a stem of 8 x 8 x 4, then 8 x 8 x 4, 8 x 8 x 6, 4 x 4 x 6, 4 x 4 x 10, 2 x 2 x 10, 2 x 2 x 12.
SMALL = random_image_model(1, 16, 4, ((6, 1), (10, 2), (12, 2)), 2, kept=0.3, index_format="bitmask")
LEVELS = ("smallest", "balanced", "fastest")


def test_runs_worked_by_hand():
    whole = {
        "stem_out": 64,
        "dw1_out": 64,
        "pw1_out": 64,
        "dw2_out": 16,
        "pw2_out": 16,
        "dw3_out": 4,
        "pw3_out": 4,
    }
    assert planes(SMALL, by_rows=False, fused=()) == whole
    # Only what a depthwise convolution alone reads goes row by row: pw1 needs whole planes, unless it is fused too.
    assert planes(SMALL, by_rows=True, fused=()) == whole | {"stem_out": 8}
    assert planes(SMALL, by_rows=True, fused=("pw1",)) == whole | {"stem_out": 8, "dw1_out": 8}


def test_planes_begin_at_words():
    odd = random_image_model(1, 10, 4, ((6, 1), (6, 2)), 2)  # maps of 5 x 5 and 3 x 3
    runs = planes(odd, by_rows=True, fused=())
    assert runs == {"stem_out": 28, "dw1_out": 28, "pw1_out": 28, "dw2_out": 12, "pw2_out": 12}
    assert value_bytes(odd.values["pw1_out"], runs) == 28 * 6
    assert value_bytes(odd.values["pw1_out"]) == 25 * 6


def test_pairs_that_run_together_are_those_of_the_largest_maps():
    assert [(first.name, second.name) for first, second in fusable(SMALL)] == [("pw1", "dw2"), ("pw2", "dw3")]


def test_a_block_is_never_larger_than_with_channels_together():
    for seed in range(8):
        model = separable_chain(seed)
        together = planned_as(model, INTERLEAVED, {}).plan.scratch_bytes
        assert planned(model).plan.scratch_bytes <= together + together // 16


def test_every_layout_of_a_network_equals_the_reference(monkeypatch):
    """The planner would take one of them only."""
    pixels = random_images(SMALL, 2).first
    words = words_of(SMALL, [pixels])
    expected = reference_of(SMALL)(words)[0]
    found = list(choices(SMALL))
    assert len(found) > 3
    texts = set()
    for runs, fused in found:
        plan = planned_as(SMALL, runs, fused)
        monkeypatch.setattr("converters.to_c.graph.planned", lambda model, plan=plan: plan)
        artifact = convert(SMALL)
        texts.add(artifact.files[f"{SMALL.name}.c"])
        assert np.array_equal(run_on_host(artifact, words, sanitize=True).logits, expected)
        firmware = build(artifact, find_board("nucleo-l432kc"))
        assert np.array_equal(simulate(firmware, words).logits, expected)
    assert len(texts) == len(found)


def chain_and_logits(seed: int) -> tuple[PackedModel, np.ndarray, np.ndarray]:
    model = separable_chain(seed)
    words = words_of(model, [random_images(model, 2).first])
    return model, words, reference_of(model)(words)[0]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("defines", [(), ("TG_DSP_EMULATED",)], ids=["plain", "DSP"])
def test_random_chains_equal_the_reference_under_sanitizers(seed, defines):
    model, words, expected = chain_and_logits(seed)
    assert np.array_equal(run_on_host(convert(model), words, sanitize=True, defines=defines).logits, expected)


@pytest.mark.parametrize("seed", range(8, 24))
def test_random_chains_equal_the_reference_on_a_core_with_dsp(seed):
    model, words, expected = chain_and_logits(seed)
    board = with_unlimited_memory(find_board("nucleo-l432kc"))
    firmware = build(convert(model), board, LEVELS[seed % len(LEVELS)])
    assert np.array_equal(simulate(firmware, words).logits, expected)

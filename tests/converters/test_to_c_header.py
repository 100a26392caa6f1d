"""What headers say of a model: which one it is, how often it is sampled, what its inputs and outputs mean."""

from dataclasses import replace

import pytest

from converters.to_c.convert import convert
from tests.converters.image_models import EVEN, model_of, with_meaning
from tests.converters.test_to_c_library import CHANNELS, motion_model
from tinygmp.graph.file import content_hash
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_model import random_model

MODELS = {"stream": random_model(1), "image": model_of(EVEN), "graph": random_graph(3)}


def header_of(model: PackedModel) -> str:
    return convert(model).files[f"{model.name}.h"].decode()


def with_notes(model: PackedModel, **notes: str) -> PackedModel:
    return replace(model, provenance={**model.provenance, **notes})


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_a_header_names_its_model_by_its_content(model):
    assert f'#define {model.name.upper()}_SHA256 "{content_hash(model)}"' in header_of(model)
    assert content_hash(with_notes(model, seed="other")) in header_of(with_notes(model, seed="other"))


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_the_rate_is_told_where_it_is_known(model):
    upper = model.name.upper()
    assert "RATE_HZ" not in header_of(model)
    told = header_of(with_notes(model, rate_hz="12.5"))
    assert f"#define {upper}_RATE_HZ 12.5 /* samples a second" in told
    assert f"#define {upper}_SAMPLE_MICROSECONDS 80000\n" in told


@pytest.mark.parametrize("rate", ["", "0", "-5", "nan", "1e400", "fast", "50\n#define X", "\u0665\u0660"])
def test_no_other_note_is_a_rate(rate):
    assert with_notes(random_model(1), rate_hz=rate).rate_hz is None


def test_uci_hars_channels_have_its_rate():
    files = convert(motion_model()).files
    assert b"#define MY_MOTION_RATE_HZ 50 " in files["my_motion.h"]
    assert (
        b"a 0.3 Hz low-pass filter leaves of the accelerometer at 50 samples" in files["my_motion_gravity.h"]
    )
    assert "RATE_HZ" not in header_of(motion_model(CHANNELS[3:]))
    faster = convert(with_notes(motion_model(), rate_hz="100")).files
    assert (
        b"a 0.6 Hz low-pass filter leaves of the accelerometer at 100 samples"
        in faster["my_motion_gravity.h"]
    )


def test_layout_range_and_meaning_of_a_graph():
    text = header_of(with_meaning(model_of(EVEN), model_of(EVEN).outputs[0], 0.125, -3))
    assert (
        " * pixels: uint8_t [20][20][3] of rows, columns, channels, 0..255; real = 0.00784314 * (q - 128)\n"
        in text
    )
    assert " * logits: out, int8_t [3], -128..127; real = 0.125 * (q + 3)\n" in text


def test_the_version_beside_the_digest_is_that_of_its_file():
    for state_bits, version in ((8, 4), (16, 5)):
        model = random_model(1, inputs=3, hidden=4, state_bits=state_bits)
        text = convert(model).files[f"{model.name}.h"].decode()
        assert f"the digest in its .tgmp file of version {version}: " in text

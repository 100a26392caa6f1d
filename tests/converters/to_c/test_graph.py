"""Image networks in C: bit for bit the reference's logits, on this machine under sanitizers and on simulated cores."""

import re

import numpy as np
import pytest

from converters.base import converter
from converters.to_c.convert import convert
from converters.to_c.graph_steps import steps_of
from tests.converters.image_models import EVEN, FORMATS, ODD, SHAPES, images, model_of
from tests.graph_edits import with_fields
from tinygmp.artifact import Artifact
from tinygmp.device.board import find_board
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import measure, simulate
from tinygmp.device.toolchain import build
from tinygmp.device.words import reference_of, words_of
from tinygmp.errors import DataError, UnsupportedError
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.linear import Linear
from tinygmp.graph.random_image_model import QUARTER_BLOCKS, random_image_model
from tinygmp.graph.reencode import replace_tensors
from tinygmp.graph.reference.run import run
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.sparse import encode


def assert_exact(model: PackedModel, pixels: np.ndarray, defines: tuple[str, ...] = ()) -> None:
    expected = run(model, pixels)
    result = run_on_host(convert(model), words_of(model, [pixels]), sanitize=True, defines=defines)
    assert np.array_equal(result.logits, expected.logits)
    assert np.array_equal(result.classes, expected.classes)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize(("index_format", "kept"), FORMATS.items())
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_equals_the_reference_under_sanitizers(shape, index_format, kept, rounding):
    """With the DSP kernels too, whose two instructions are written out in C."""
    model = model_of(shape, index_format, kept, rounding=rounding)
    pixels = images(shape[0], 3)
    assert len(np.unique(run(model, pixels).logits, axis=0)) > 1
    assert_exact(model, pixels)
    assert_exact(model, pixels, ("TG_DSP_EMULATED", "TG_NO_LONG_MULTIPLY"))


def test_weights_of_every_layer_may_be_sparse():
    """Also of the first convolution and the depthwise ones, which are expanded in RAM."""
    model = model_of(ODD, "rice", 0.3)
    kernels = [node for node in model.nodes_of(Linear) if node.name.startswith(("stem", "dw"))]
    names = {node.operator.weights.name for node in kernels}
    model = replace_tensors(
        model,
        lambda each: encode(each.name, each.decode(), 1.0, "bitmask") if each.name in names else each,
    )
    text = convert(model).files[f"{model.name}.c"].decode()
    for node in kernels:
        assert f"tg_survivors_expand(&{model.name}_{node.name}, tg_survivors_bitmask_init" in text
    assert_exact(model, images(ODD[0], 2))


def test_a_model_without_survivors_in_a_row():
    model = model_of(EVEN, "bitmask", 0.3)
    weights = model.node("pw2").operator.weights
    q = weights.decode().copy()
    q[1] = 0
    for index_format in ("bitmask", "rice", "csr8"):
        emptied = with_fields(model, "pw2", weights=encode(weights.name, q, 1.0, index_format))
        assert_exact(emptied, images(EVEN[0], 2))


@pytest.mark.parametrize("factor_shift", [0, 1, 2, 12, 31])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_shift_rounds_as_the_reference(factor_shift, rounding):
    """Factors a power of two apart: shifts 0 and 1 have branches of their own, 31 the largest half."""
    model = model_of(EVEN, rounding=rounding)
    stem = model.node("stem")
    (read,), (written,) = model.read_by(stem), model.written_by(stem)
    scale = 0.75 * 2.0**-factor_shift * written.scale / read.scale
    model = with_fields(model, "stem", weight_scales=np.full(stem.operator.outputs, scale, np.float32))
    assert set(-model.node("stem").operator.requantizers(read, written)[1]) == {factor_shift}
    assert_exact(model, images(EVEN[0], 3))


@pytest.mark.parametrize("board", ["nucleo-l432kc", "nucleo-g071rb", "esp32-c3"])
@pytest.mark.parametrize(("index_format", "kept"), [("dense", 1.0), ("rice", 0.2)])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_equals_the_reference_on_simulated_cores(board, index_format, kept, rounding):
    model = model_of(ODD, index_format, kept, rounding=rounding)
    pixels = images(ODD[0], 2)
    artifact = convert(model)
    firmware = build(artifact, find_board(board), "fastest")
    result = simulate(firmware, words_of(model, [pixels]))
    assert np.array_equal(result.logits, run(model, pixels).logits)
    assert result.step.calls == 2
    # The image lies in the scratch memory; what else there is are the logits and the port's pointers.
    scratch = scratch_bytes(artifact)
    assert scratch <= firmware.sizes.ram_bytes < scratch + 16


def scratch_bytes(artifact: Artifact) -> int:
    return defined(artifact, "SCRATCH_BYTES")


def defined(artifact: Artifact, name: str) -> int:
    header = artifact.files[f"{artifact.name}.h"].decode()
    found = re.search(rf"#define {artifact.name.upper()}_{name} (\d+)", header)
    assert found is not None
    return int(found[1])


def test_a_difference_is_told_with_its_image():
    model = model_of(EVEN)
    reference = reference_of(model)

    def wrong(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, classes = reference(words)
        logits[1] += 1
        return logits, classes

    words = words_of(model, [images(EVEN[0], 2)])
    report = measure(convert(model), find_board("nucleo-l432kc"), words, wrong)
    assert (report.parity.logit_mismatches, report.parity.class_mismatches) == (1, 0)
    assert (report.parity.first_differing_window, report.parity.first_differing_step) == (1, None)


@pytest.mark.parametrize(("index_format", "kept"), FORMATS.items())
def test_the_emitted_arrays_are_the_ledger(index_format, kept):
    model = model_of(ODD, index_format, kept)
    book = ledger(model)
    stored = book.payload_bytes - book.scalar_bytes
    arrays = [array for step in steps_of(model) for array in step.kernels[0].arrays]
    assert sum(array.values.nbytes for array in arrays) == stored
    text = convert(model).files[f"{model.name}.c"].decode()
    declared = re.findall(r"static const (u?int\d+)_t \w+\[(\d+)\] TG_FLASH", text)
    assert sum(np.dtype(kind).itemsize * int(count) for kind, count in declared) == stored


def test_the_scratch_of_a_small_network_worked_by_hand():
    """The image ends behind the first map: its row of 40 bytes is written before the two rows that it takes are done
    with. The largest is the image and behind it, for patches of 27, 28 of pixels and 112 of pairs of weights.
    """
    artifact = convert(random_image_model(0, 20, 4, ((6, 1),), 2))
    assert defined(artifact, "PIXELS_OFFSET") == 40
    assert scratch_bytes(artifact) == 40 + 20 * 20 * 3 + 28 + 112


@pytest.mark.parametrize(("index_format", "kept"), [("dense", 1.0), ("rice", 0.1)])
def test_the_visual_wake_words_network_needs_less_than_its_largest_map(index_format, kept):
    """Of 48 x 48 x 16 three rows are kept, beside the map before (8 channels) and the one behind (24 x 24 x 16)."""
    artifact = convert(random_image_model(0, 96, 8, QUARTER_BLOCKS, 2, kept, index_format))
    least = 48 * 48 * 8 + 24 * 24 * 16 + 3 * 48 * 16
    assert least <= scratch_bytes(artifact) <= least + 1024
    assert defined(artifact, "PIXELS_OFFSET") + 96 * 96 * 3 <= scratch_bytes(artifact)


def test_the_text_is_the_same_every_time():
    model = model_of(EVEN, "rice", 0.3)
    assert convert(model).files == convert(model).files


def test_what_has_no_kernel_is_refused():
    model = model_of(EVEN)
    weights = model.node("pw1").operator.weights
    relative = with_fields(model, "pw1", weights=encode("w", weights.decode(), 1.0, "relative4"))
    with pytest.raises(UnsupportedError, match="layer 'pw1': no C kernel for index format 'relative4'"):
        convert(relative)
    with pytest.raises(UnsupportedError, match="layer 'pw1': no C kernel for index format 'relative4'"):
        converter("arduino")(relative)
    with pytest.raises(
        DataError, match=r"'pixels' of model 'random_images5' is float64 \(1, 2, 2, 3\), expected uint8"
    ):
        words_of(model, [np.zeros((1, 2, 2, 3))])

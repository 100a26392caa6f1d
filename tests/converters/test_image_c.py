"""Image networks in C: bit for bit the reference's logits, on this machine under sanitizers and on simulated cores."""

import re
from dataclasses import replace

import numpy as np
import pytest
from converters.to_c.image_plan import first_pixel, plan_images
from converters.to_c.images import convert_images, layer_arrays
from tinygmp.device.images import image_words
from tinygmp.packed.image_model import Conv2d, PackedModel

from converters.base import converter
from tinygmp.device.board import find_board
from tinygmp.device.host import run_on_host
from tinygmp.device.lab import measure, simulate
from tinygmp.device.toolchain import build
from tinygmp.errors import DataError, UnsupportedError
from tinygmp.graph.ledger import ledger
from tinygmp.graph.random_image_model import QUARTER_BLOCKS, random_image_model
from tinygmp.graph.reference.run import run
from tinygmp.quant.rounding_multiply import ROUNDINGS
from tinygmp.sparse import encode

EVEN = (20, 4, ((6, 1), (8, 2), (16, 1)))
# Sizes that no vector width divides, an odd number of positions, a map that shrinks in channels.
ODD = (17, 5, ((7, 2), (13, 1), (5, 1), (70, 2)))
FORMATS = {"dense": 1.0, "bitmask": 0.3, "rice": 0.25, "csr8": 0.3, "csr16": 0.2}


def images(size: int, count: int, seed: int = 0) -> np.ndarray:
    """Return coarse random patterns, so that networks answer differently."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 4, 4, 3))
    fine = np.repeat(np.repeat(coarse, -(-size // 4), 1), -(-size // 4), 2)[:, :size, :size]
    return np.clip(fine + rng.integers(-40, 40, fine.shape), 0, 255).astype(np.uint8)


def model_of(shape, index_format="dense", kept=1.0, seed=5, rounding="fp32") -> PackedModel:
    return random_image_model(seed, *shape, 3, kept, index_format, rounding)


def assert_exact(model: PackedModel, pixels: np.ndarray, **options) -> None:
    expected = run(model, pixels)
    result = run_on_host(converter("c")(model), image_words(pixels), **options)
    assert np.array_equal(result.logits, expected.logits)
    assert np.array_equal(result.classes, expected.classes)


@pytest.mark.parametrize("shape", [EVEN, ODD], ids=["even", "odd"])
@pytest.mark.parametrize(("index_format", "kept"), FORMATS.items())
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_equals_the_reference_under_sanitizers(shape, index_format, kept, rounding):
    """With the DSP kernels too, whose two instructions are written out in C."""
    model = model_of(shape, index_format, kept, rounding=rounding)
    pixels = images(shape[0], 3)
    assert len(np.unique(run(model, pixels).logits, axis=0)) > 1
    assert_exact(model, pixels, sanitize=True)
    assert_exact(model, pixels, sanitize=True, defines=("TG_DSP_EMULATED", "TG_NO_LONG_MULTIPLY"))


def test_weights_of_every_layer_may_be_sparse():
    """Also of the first convolution and the depthwise ones, which are expanded in RAM."""
    model = model_of(ODD, "rice", 0.3)
    layers = tuple(
        replace(layer, weights=encode(layer.weights.name, layer.weights.decode(), 1.0, "bitmask"))
        if hasattr(layer, "weights") and layer.kernel == 3
        else layer
        for layer in model.layers
    )
    model = replace(model, layers=layers)
    assert {one.expand for one in plan_images(model).layers if one.layer.kernel == 3} == {True}
    assert_exact(model, images(ODD[0], 2), sanitize=True)


def test_a_model_without_survivors_in_a_row():
    model = model_of(EVEN, "bitmask", 0.3)
    pw = next(layer for layer in model.layers if layer.name == "pw2")
    q = pw.weights.decode().copy()
    q[1] = 0
    for index_format in ("bitmask", "rice", "csr8"):
        emptied = replace(pw, weights=encode(pw.weights.name, q, 1.0, index_format))
        layers = tuple(emptied if layer is pw else layer for layer in model.layers)
        assert_exact(replace(model, layers=layers), images(EVEN[0], 2), sanitize=True)


@pytest.mark.parametrize("factor_shift", [0, 1, 2, 12, 31])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_shift_rounds_as_the_reference(factor_shift, rounding):
    """Factors a power of two apart: shifts 0 and 1 have branches of their own, 31 the largest half."""
    model = model_of(EVEN, rounding=rounding)
    stem = model.layers[0]
    scale = 0.75 * 2.0**-factor_shift * stem.output.scale / stem.input.scale
    stem = replace(stem, weight_scales=np.full(stem.outputs, scale, np.float32))
    assert set(-stem.requantizers()[1]) == {factor_shift}
    assert_exact(replace(model, layers=(stem, *model.layers[1:])), images(EVEN[0], 3), sanitize=True)


@pytest.mark.parametrize("board", ["nucleo-l432kc", "nucleo-g071rb", "esp32-c3"])
@pytest.mark.parametrize(("index_format", "kept"), [("dense", 1.0), ("rice", 0.2)])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_equals_the_reference_on_simulated_cores(board, index_format, kept, rounding):
    model = model_of(ODD, index_format, kept, rounding=rounding)
    pixels = images(ODD[0], 2)
    firmware = build(convert_images(model), find_board(board), "fastest")
    result = simulate(firmware, image_words(pixels))
    assert np.array_equal(result.logits, run(model, pixels).logits)
    assert result.step.calls == 2
    # The image lies in the scratch memory; what else there is are the logits and the port's pointers.
    assert (
        plan_images(model).scratch_bytes <= firmware.sizes.ram_bytes < plan_images(model).scratch_bytes + 16
    )


def test_a_difference_is_told_with_its_image():
    model = model_of(EVEN)
    pixels = image_words(images(EVEN[0], 2))

    def wrong(words: np.ndarray) -> np.ndarray:
        logits = run(model, words.astype(np.uint8).reshape(-1, 20, 20, 3)).logits.astype(np.int32)
        logits[1] += 1
        return logits

    report = measure(convert_images(model), find_board("nucleo-l432kc"), pixels, wrong)
    assert report.parity.logit_mismatches == 1
    assert (report.parity.first_differing_window, report.parity.first_differing_step) == (1, None)


@pytest.mark.parametrize(("index_format", "kept"), FORMATS.items())
def test_the_emitted_arrays_are_the_ledger(index_format, kept):
    model = model_of(ODD, index_format, kept)
    book = ledger(model)
    arrays = [array for layer in model.linear() for array in layer_arrays(model, layer)]
    assert sum(array.values.nbytes for array in arrays) == book.payload_bytes - book.scalar_bytes
    text = convert_images(model).files[f"{model.name}.c"].decode()
    declared = re.findall(r"static const (u?int\d+)_t \w+\[(\d+)\] TG_FLASH", text)
    assert sum(np.dtype(kind).itemsize * int(count) for kind, count in declared) == book.payload_bytes - (
        book.scalar_bytes
    )


def test_the_scratch_of_a_small_network_worked_by_hand():
    """Stem 10 x 10 x 4 = 400, pw1 10 x 10 x 6 = 600 and behind it two vectors of 4 inputs, 8 bytes each."""
    model = random_image_model(0, 20, 4, ((6, 1),), 2)
    plan = plan_images(model)
    assert [one.work_offset for one in plan.layers[1:]] == [400, 600, 8]
    # The image ends behind the map: 8 rows of it are read before 4 rows of output are written.
    assert plan.layers[0].work_offset == first_pixel(model) + 20 * 20 * 3
    assert plan.scratch_bytes == max(one.end for one in plan.layers)


def test_the_visual_wake_words_network_needs_little_more_than_its_largest_map():
    plan = plan_images(random_image_model(0, 96, 8, QUARTER_BLOCKS, 2))
    assert 48 * 48 * 16 <= plan.scratch_bytes <= 48 * 48 * 16 + 256
    assert plan.pixels_offset is not None


def test_the_text_is_the_same_every_time():
    model = model_of(EVEN, "rice", 0.3)
    assert convert_images(model).files == convert_images(model).files


def test_what_has_no_kernel_is_refused():
    model = model_of(EVEN)
    second = model.layers[1]
    wide = Conv2d(
        **{**vars(second), "name": "wide", "weights": encode("w", np.ones((4, 36), np.int8), 1.0, "dense")}
    )
    with pytest.raises(UnsupportedError, match="only the first convolution"):
        convert_images(replace(model, layers=(model.layers[0], wide, *model.layers[2:])))
    pw = model.layers[2]
    relative = replace(pw, weights=encode("w", pw.weights.decode(), 1.0, "relative4"))
    with pytest.raises(UnsupportedError, match="index format 'relative4'"):
        convert_images(replace(model, layers=(*model.layers[:2], relative, *model.layers[3:])))
    with pytest.raises(UnsupportedError, match="'PackedModel' cannot be converted to arduino"):
        converter("arduino")(model)
    with pytest.raises(DataError, match="must be uint8"):
        image_words(np.zeros((1, 2, 2, 3)))

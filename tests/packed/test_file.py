""".tgmp files: the same bytes every time, and damage is always told, never half understood."""

import json

import numpy as np
import pytest
import safetensors.numpy

from tinygmp.errors import FileFormatError, OutputError
from tinygmp.packed.file import from_bytes, load_model, save_model, to_bytes
from tinygmp.packed.random_model import random_model
from tinygmp.packed.reference import run


@pytest.fixture(params=[(0, 0), (2, 8)], ids=["full rank", "low rank"])
def model(request):
    return random_model(3, hidden=16, w_rank=request.param[0], u_rank=request.param[1])


def test_a_saved_model_computes_the_same(model, tmp_path):
    counts = np.random.default_rng(0).integers(-9000, 9000, (4, 20, 9)).astype(np.int16)
    loaded = load_model(save_model(model, tmp_path / "model.tgmp"))
    assert np.array_equal(run(loaded, counts).logits, run(model, counts).logits)
    assert loaded.provenance == model.provenance
    assert loaded.labels == model.labels


def test_bytes_are_reproducible_and_survive_a_round_trip(model):
    content = to_bytes(model)
    assert to_bytes(model) == content
    assert to_bytes(from_bytes(content, "memory")) == content


def test_the_file_is_plain_safetensors_with_streams_as_they_lie_in_flash(model):
    arrays = safetensors.numpy.load(to_bytes(model))
    for tensor in model.tensors():
        for stream, data in tensor.streams.items():
            assert np.array_equal(arrays[f"{tensor.name}.{stream}"], data)


def test_every_truncation_is_refused(model):
    content = to_bytes(model)
    for length in {0, 1, 7, 8, 9, len(content) // 2, len(content) - 1}:
        with pytest.raises(FileFormatError, match="'cut'"):
            from_bytes(content[:length], "cut")


def test_every_flipped_bit_is_refused(model):
    content = to_bytes(model)
    rng = np.random.default_rng(0)
    for position in rng.integers(0, len(content), 2000):
        damaged = bytearray(content)
        damaged[position] ^= 1 << rng.integers(0, 8)
        if damaged[position] == content[position]:
            continue
        with pytest.raises(FileFormatError):
            from_bytes(bytes(damaged), "flipped")


def forged(content: bytes, change) -> bytes:
    """Return a file whose description was changed by someone who also corrected the digest."""
    from tinygmp.packed.file import digest

    header_bytes = int.from_bytes(content[:8], "little")
    description = json.loads(json.loads(content[8 : 8 + header_bytes])["__metadata__"]["tinygmp"])
    change(description)
    arrays = safetensors.numpy.load(content)
    del arrays["digest"]
    text = json.dumps(description)
    arrays["digest"] = digest(text, arrays)
    return safetensors.numpy.save(arrays, metadata={"tinygmp": text})


FORGERIES = {
    "newer version": lambda d: d.update(version=3),
    "version of image networks": lambda d: d.update(version=2),
    "unknown layer": lambda d: d["layers"][1].update(kind="lstm"),
    "missing layer": lambda d: d["layers"].pop(),
    "missing field": lambda d: d["layers"][1].pop("zeta"),
    "zeta out of range": lambda d: d["layers"][1].update(zeta=256),
    "layers are a number": lambda d: d.update(layers=3),
    "scale is text": lambda d: d["layers"][2].update(scale="x"),
    "stream that is not there": lambda d: d["layers"][2]["weights"].update(streams=["nothing"]),
    "unknown format": lambda d: d["layers"][2]["weights"].update(index_format="zip"),
    "huge shape": lambda d: d["layers"][2]["weights"].update(shape=[2**31, 2**31]),
    "negative shape": lambda d: d["layers"][2]["weights"].update(shape=[-2, -16]),
    "name with a quote": lambda d: d.update(name='a"b'),
    "labels missing": lambda d: d.update(labels=["one"]),
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES.keys())
def test_forged_descriptions_are_refused(change):
    content = to_bytes(random_model(5, hidden=16))
    with pytest.raises(FileFormatError, match="'forged'"):
        from_bytes(forged(content, change), "forged")


def test_an_unforged_rewrite_is_accepted():
    content = to_bytes(random_model(5, hidden=16))
    assert from_bytes(forged(content, lambda d: None), "same").nnz == random_model(5, hidden=16).nnz


def test_a_failed_save_leaves_nothing_behind(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="choose a folder"):
        save_model(random_model(0), tmp_path / "file" / "model.tgmp")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"absent\.tgmp"):
        load_model(tmp_path / "absent.tgmp")

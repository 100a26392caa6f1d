"""Image networks in .tgmp files: the same bytes every time, nothing forged gets in, every byte is counted."""

import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from tinygmp.errors import ConfigError, FileFormatError
from tinygmp.packed.file import (
    digest,
    from_bytes,
    load_model,
    load_network,
    network_from_bytes,
    save_model,
    to_bytes,
)
from tinygmp.packed.image_model import PackedImageModel
from tinygmp.packed.image_reference import run_images
from tinygmp.packed.random_image_model import random_image_model
from tinygmp.packed.sizes import ledger


def small(index_format: str = "rice") -> PackedImageModel:
    return random_image_model(5, 20, 4, ((6, 1), (8, 2)), 3, 0.4, index_format)


@pytest.mark.parametrize("index_format", ["dense", "bitmask", "rice", "csr8"])
def test_a_saved_model_computes_the_same_and_gives_the_same_bytes(index_format, tmp_path):
    model = small(index_format)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    loaded = load_network(save_model(model, tmp_path / "model.tgmp"))
    assert isinstance(loaded, PackedImageModel)
    assert np.array_equal(run_images(loaded, pixels).logits, run_images(model, pixels).logits)
    assert (loaded.labels, loaded.provenance) == (model.labels, model.provenance)
    assert to_bytes(loaded) == to_bytes(model) == (tmp_path / "model.tgmp").read_bytes()


@pytest.mark.parametrize(("rounding", "version"), [("fp32", 3), ("gemmlowp", 2)])
def test_the_rounding_is_kept_and_older_readers_refuse_what_they_do_not_know(rounding, version, tmp_path):
    model = random_image_model(5, 20, 4, ((6, 1),), 3, rounding=rounding)
    content = save_model(model, tmp_path / "model.tgmp").read_bytes()
    loaded = network_from_bytes(content, "memory")
    assert isinstance(loaded, PackedImageModel)
    assert loaded.rounding == model.rounding == rounding
    assert b'{\\"version\\":%d,' % version in content
    assert (b"rounding" in content) == (rounding == "fp32")


def test_layers_round_alike():
    model = small()
    stem = replace(model.layers[0], rounding="gemmlowp")
    with pytest.raises(ConfigError, match="rounds as 'fp32', others as 'gemmlowp'"):
        replace(model, layers=(stem, *model.layers[1:]))
    with pytest.raises(ConfigError, match="rounding 'up' is unknown; known: fp32, gemmlowp"):
        replace(stem, rounding="up")


def test_windows_are_not_read_from_an_image_network(tmp_path):
    with pytest.raises(FileFormatError, match="image network 'random_images5'"):
        load_model(save_model(small(), tmp_path / "model.tgmp"))
    with pytest.raises(FileFormatError, match="sensor windows"):
        from_bytes(to_bytes(small()), "memory")


def test_the_ledger_worked_by_hand():
    model = random_image_model(0, 8, 4, ((6, 1),), 2)
    parts = ledger(model).by_part()
    assert parts == {
        "values": 4 * 27 + 4 * 9 + 6 * 4 + 2 * 6,
        "biases": 4 * (4 + 4 + 6 + 2),
        "multipliers": 5 * (4 + 4 + 6 + 1),  # the classifier has one for all classes
        "scalars": 4 * 10,
    }
    assert ledger(model).payload_bytes == model.payload_bytes == sum(parts.values())


def forged(change) -> bytes:
    """Return a file whose description was changed by someone who also corrected the digest."""
    content = to_bytes(small())
    header_bytes = int.from_bytes(content[:8], "little")
    description = json.loads(json.loads(content[8 : 8 + header_bytes])["__metadata__"]["tinygmp"])
    change(description)
    arrays = safetensors.numpy.load(content)
    del arrays["digest"]
    text = json.dumps(description)
    return safetensors.numpy.save(arrays | {"digest": digest(text, arrays)}, metadata={"tinygmp": text})


def test_an_unforged_rewrite_is_accepted():
    assert network_from_bytes(forged(lambda d: None), "same").nnz == small().nnz


FORGERIES = {
    "version of sensor networks": lambda d: d.update(version=1),
    "newer version": lambda d: d.update(version=4),
    "no rounding": lambda d: d.pop("rounding"),
    "unknown rounding": lambda d: d.update(rounding="up"),
    "rounding is a number": lambda d: d.update(rounding=1),
    "unknown layer": lambda d: d["layers"][1].update(kind="conv3d"),
    "kind is a list": lambda d: d["layers"][1].update(kind=["conv2d"]),
    "missing layer": lambda d: d["layers"].pop(2),
    "no pool": lambda d: d["layers"].pop(-2),
    "layers are a number": lambda d: d.update(layers=3),
    "endless layers": lambda d: d.update(layers=d["layers"][:1] * 2000),
    "two layers of one name": lambda d: d["layers"][5].update(name="stem"),
    "other input scale": lambda d: d["layers"][1]["input"].update(scale=0.5),
    "scale no float32": lambda d: d["layers"][0]["input"].update(scale=0.1),
    "zero point beyond int8": lambda d: d["layers"][0]["input"].update(zero_point=128),
    "zero point with a fraction": lambda d: d["layers"][0]["input"].update(zero_point=0.5),
    "kernel of another size": lambda d: d["layers"][0].update(kernel=2),
    "stride of zero": lambda d: d["layers"][0].update(stride=0),
    "endless padding": lambda d: d["layers"][0].update(padding=[10**9] * 4),
    "three paddings": lambda d: d["layers"][0].update(padding=[1, 1, 1]),
    "maps not square": lambda d: d["layers"][0].update(padding=[0, 1, 0, 0]),
    "activation is a number": lambda d: d["layers"][0].update(activation=1),
    "activation is unknown": lambda d: d["layers"][0].update(activation="gelu"),
    "image too small": lambda d: d.update(size=0),
    "image too large": lambda d: d.update(size=10**6),
    "other channels": lambda d: d.update(channels=4),
    "labels missing": lambda d: d.update(labels=["one"]),
    "statement as a name": lambda d: d["layers"][0].update(name="x; int main(void) {} //"),
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES.keys())
def test_forged_descriptions_are_refused_in_one_sentence(change):
    with pytest.raises(FileFormatError, match="'forged'") as told:
        network_from_bytes(forged(change), "forged")
    assert len(str(told.value)) < 600


def test_maps_that_vanish_and_layers_that_share_a_name_are_refused():
    model = small()
    first, second, *rest = model.layers
    with pytest.raises(ConfigError, match="share a name"):
        replace(model, layers=(first, replace(second, name="stem"), *rest))
    unpadded = replace(first, padding=(0, 0, 0, 0))
    with pytest.raises(ConfigError, match="0 x 0"):
        replace(model, size=2, layers=(unpadded, second, *rest))

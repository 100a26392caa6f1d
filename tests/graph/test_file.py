""".tgmp files: the same bytes every time, and damage is always told, never half understood."""

import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from tests.converters.operator_cases import CASES
from tests.graph.forging import forged
from tinygmp.errors import FileFormatError, OutputError
from tinygmp.graph.file import content_hash, from_bytes, load_model, save_model, to_bytes
from tinygmp.graph.random_graph import random_graph, random_inputs
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run

MODELS = {
    "full rank": lambda: random_model(3, hidden=16),
    "low rank": lambda: random_model(3, hidden=16, w_rank=2, u_rank=8),
    "16 bits": lambda: random_model(3, hidden=16, w_rank=2, u_rank=8, state_bits=16),
    "graph": lambda: random_graph(6),
    "rescaled mean": lambda: CASES["global_average_pool: halves, fp32"],
}


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def model(request):
    return request.param()


def test_a_saved_model_computes_the_same(model, tmp_path):
    inputs = random_inputs(model, 3)
    loaded = load_model(save_model(model, tmp_path / "model.tgmp"))
    assert np.array_equal(run(loaded, *inputs).logits, run(model, *inputs).logits)
    assert (loaded.provenance, loaded.labels, loaded.values) == (model.provenance, model.labels, model.values)


def test_bytes_are_reproducible_and_survive_a_round_trip(model):
    content = to_bytes(model)
    assert to_bytes(model) == content
    assert to_bytes(from_bytes(content, "memory")) == content


def test_the_content_hash_is_the_digest_of_the_file(model):
    stored = safetensors.numpy.load(to_bytes(model))["digest"]
    assert content_hash(model) == stored.tobytes().hex()
    assert content_hash(replace(model, name="other")) != content_hash(model)


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
    for position in rng.integers(0, len(content), 1000):
        damaged = bytearray(content)
        damaged[position] ^= 1 << rng.integers(0, 8)
        if damaged[position] == content[position]:
            continue
        with pytest.raises(FileFormatError):
            from_bytes(bytes(damaged), "flipped")


FORGERIES = {
    "newer version": lambda d: d.update(version=7),
    "version of another kind": lambda d: d.update(version="4"),
    "earlier version": lambda d: d.update(version=2),
    "unknown layer": lambda d: d["nodes"][1].update(kind="lstm"),
    "kind is a list": lambda d: d["nodes"][1].update(kind=["conv2d"]),
    "missing layer": lambda d: d["nodes"].pop(),
    "missing field": lambda d: d["nodes"][1]["fields"].pop("zeta"),
    "zeta out of range": lambda d: d["nodes"][1]["fields"].update(zeta=256),
    "zeta is true": lambda d: d["nodes"][1]["fields"].update(zeta=True),
    "nodes are a number": lambda d: d.update(nodes=3),
    "endless nodes": lambda d: d.update(nodes=d["nodes"] * 4000),
    "scale is text": lambda d: d["values"][1].update(scale="x"),
    "scale is negative": lambda d: d["values"][1].update(scale=-1.0),
    "zero point with a fraction": lambda d: d["values"][1].update(zero_point=0.5),
    "zero point beyond int8": lambda d: d["values"][1].update(zero_point=128),
    "value of an unknown type": lambda d: d["values"][1].update(dtype="float32"),
    "value of another shape": lambda d: d["values"][1].update(shape=[10]),
    "value of no shape": lambda d: d["values"][1].update(shape=[]),
    "endless value": lambda d: d["values"][1].update(shape=[10**9]),
    "two values of one name": lambda d: d["values"][2].update(name="x"),
    "reads what is not there": lambda d: d["nodes"][1].update(reads=["x", "state", "nothing"]),
    "reads too little": lambda d: d["nodes"][1].update(reads=["x"]),
    "writes what is there": lambda d: d["nodes"][2].update(writes=["x"]),
    "reads what comes later": lambda d: d["nodes"][0].update(reads=["logits"]),
    "state of another shape": lambda d: d["states"][0].update(written="next_top"),
    "state that nothing writes": lambda d: d["states"][0].update(written="lost"),
    "no state": lambda d: d.update(states=[]),
    "no inputs": lambda d: d.update(inputs=[]),
    "no outputs": lambda d: d.update(outputs=[]),
    "stream that is not there": lambda d: d["nodes"][2]["fields"]["weights"].update(streams=["nothing"]),
    "unknown format": lambda d: d["nodes"][2]["fields"]["weights"].update(index_format="zip"),
    "huge shape": lambda d: d["nodes"][2]["fields"]["weights"].update(shape=[2**31, 2**31]),
    "negative shape": lambda d: d["nodes"][2]["fields"]["weights"].update(shape=[-2, -16]),
    "clamp of three": lambda d: d["nodes"][2]["fields"].update(limits=[0, 1, 2]),
    "clamp of a sum": lambda d: d["nodes"][2]["fields"].update(limits=[0, 6.0]),
    "clamp upside down": lambda d: d["nodes"][2]["fields"].update(limits=[1.0, 0.0]),
    "unknown rounding": lambda d: d["nodes"][2]["fields"].update(rounding="up"),
    "name with a quote": lambda d: d.update(name='a"b'),
    "layer with a quote": lambda d: d["nodes"][0].update(name='a"b'),
    "statement as a name": lambda d: d["values"][0].update(name="x; int main(void) {} //"),
    "counts per unit of nothing": lambda d: d["nodes"][0]["fields"].update(counts_per_unit=[0.0] * 9),
    "labels missing": lambda d: d.update(labels=["one"]),
    "steps of zero": lambda d: d.update(steps=0),
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES.keys())
def test_forged_descriptions_are_refused_in_one_sentence(change):
    content = to_bytes(random_model(5, hidden=16))
    with pytest.raises(FileFormatError, match="'forged'") as told:
        from_bytes(forged(content, change), "forged")
    assert len(str(told.value)) < 600


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


def test_a_cell_of_16_bits_is_of_a_later_version_and_no_other_model_is():
    versions = {name: described(make())["version"] for name, make in MODELS.items()}
    assert versions == {"full rank": 4, "low rank": 4, "16 bits": 5, "graph": 4, "rescaled mean": 4}
    narrow = described(random_model(3, hidden=16))
    assert "state_bits" not in narrow["nodes"][1]["fields"]  # the bytes of such files are what they were


def described(model) -> dict:
    header = to_bytes(model)
    length = int.from_bytes(header[:8], "little")
    return json.loads(json.loads(header[8 : 8 + length])["__metadata__"]["tinygmp"])


def test_a_mean_tells_its_rounding_only_where_it_rescales():
    for case, told in (("odd channels", b'"fields":{}'), ("halves, fp32", b'"fields":{"rounding":"fp32"}')):
        content = to_bytes(CASES[f"global_average_pool: {case}"])
        assert told in content.replace(b"\\", b"")

"""tinygmp pack: the formats asked for, the same answers, and clear refusals."""

import json

import numpy as np

from tinygmp.data.windows import random_windows
from tinygmp.graph.file import load_model
from tinygmp.graph.reference.run import run


def test_the_new_file_has_the_formats_and_the_answers(tinygmp, stored, tmp_path):
    out = tmp_path / "new.tgmp"
    spoken = tinygmp("pack", stored, "--out", out, "--index", "csr8", "--json")
    assert spoken.code == 0
    told = json.loads(spoken.out)
    before, after = load_model(stored), load_model(out)
    assert {tensor.index_format for tensor in after.tensors()} == {"csr8"}
    assert told["stream_bytes"] == sum(tensor.payload_bytes for tensor in after.tensors())
    counts = random_windows(before, 4).first
    assert np.array_equal(run(after, counts).logits, run(before, counts).logits)


def test_a_core_makes_decoders_count_and_speed_a_wish(tinygmp, stored, tmp_path):
    def pack(*options):
        spoken = tinygmp("pack", stored, "--out", tmp_path / "x.tgmp", "--core", "avr5", "--json", *options)
        assert spoken.code == 0, spoken.err
        return json.loads(spoken.out)

    small, quick = pack(), pack("--fastest")
    assert quick["cycles"] < small["cycles"]
    assert small["stream_bytes"] + small["decoder_bytes"] < quick["stream_bytes"] + quick["decoder_bytes"]
    bound = (small["cycles"] + quick["cycles"]) / 2
    assert pack("--most-cycles", str(bound))["cycles"] <= bound


def test_wrong_wishes_are_told_and_write_nothing(tinygmp, stored, tmp_path):
    out = tmp_path / "never.tgmp"
    for options, told in (
        (("--core", "z80"), "'z80' was not measured"),
        (("--fastest",), "no core is named"),
        (("--index", "csr9"), "'csr9' is unknown"),
        (("--core", "avr5", "--most-cycles", "3"), "the bound is 3"),
    ):
        spoken = tinygmp("pack", stored, "--out", out, *options)
        assert spoken.code == 2
        assert told in spoken.err
    assert not out.exists()

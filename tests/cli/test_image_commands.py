"""The commands on a stored image network."""

import json

import pytest
from PIL import Image

from tinygmp.graph.file import save_model
from tinygmp.graph.random_image_model import random_image_model


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    model = random_image_model(5, 20, 4, ((6, 1), (8, 2), (200, 1)), 7, 0.25, "rice")
    return save_model(model, tmp_path_factory.mktemp("network") / "network.tgmp")


def test_convert_writes_every_target(tinygmp, network, tmp_path):
    spoken = tinygmp("convert", network, "--to", "all", "--out", tmp_path, "--json")
    told = json.loads(spoken.out)
    assert (spoken.code, set(told["artifacts"])) == (0, {"c", "tflite", "onnx"})
    assert (tmp_path / "random_images5.c").is_file()
    assert (tmp_path / "random_images5_exact.onnx").is_file()
    assert tinygmp("convert", network, "--to", "arduino", "--out", tmp_path / "library").code == 0
    assert (tmp_path / "library" / "examples" / "RandomImages5" / "RandomImages5.ino").is_file()


def test_inspect_and_budget(tinygmp, network):
    assert "20 x 20 x 3 pixels" in tinygmp("inspect", network).out
    told = json.loads(tinygmp("budget", network, "--board", "nucleo-l432kc", "--json").out)
    assert told["fits"]
    assert told["ledger"]["payload_bytes"] == sum(told["ledger"]["by_part"].values())


def test_verify_reads_a_folder_and_names_corrupt_pictures(tinygmp, network, tmp_path):
    for name, colour in (("class0", (200, 10, 10)), ("class1", (10, 200, 10))):
        (tmp_path / name).mkdir()
        Image.new("RGB", (30, 24), colour).save(tmp_path / name / "a.png")
    spoken = tinygmp("verify", network, "--data", tmp_path, "--target", "c", "--json", "-q")
    told = json.loads(spoken.out)
    assert (spoken.code, told["passed"], told["samples"]) == (0, True, 2)
    (tmp_path / "class1" / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    refused = tinygmp("verify", network, "--data", tmp_path, "--target", "c", "-q")
    assert refused.code == 2
    assert "torn.jpg" in refused.err
    skipped = tinygmp("verify", network, "--data", tmp_path, "--target", "c", "--skip-corrupt", "-q")
    assert skipped.code == 0
    assert "torn.jpg" in skipped.out


def test_verify_shows_forms_in_a_table(tinygmp, network):
    spoken = tinygmp("verify", network, "--data", "random", "--images", "5", "--target", "onnx", "-q")
    assert spoken.code == 0
    assert "onnx, exact" in spoken.out
    assert "SYNTHETIC" in spoken.out

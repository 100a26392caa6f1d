"""Published image weights to a packed network in one command, with pictures and no training set."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from tinygmp.errors import ConfigError, DataError
from tinygmp.file_kind import BY_ENDING
from tinygmp.graph.file import load_model
from tinygmp.graph.ledger import ledger
from tinygmp.graph.reference.run import run
from tinygmp.models.mobilenet_v1 import MobileNetV1
from tinygmp.pack.settings import PackSettings
from tinygmp.projects.pack_file import PackWish, identifier, meaning_of, pack_file
from tinygmp.readers.load import Meaning, load_graph

SIZE, CLASSES = 32, 3
WISH = PackWish(Meaning(SIZE))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    module = MobileNetV1(CLASSES, 0.125)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.bias, 0.0, 0.5)
    path = tmp_path_factory.mktemp("weights") / "My-net 1.safetensors"
    save_file(module.eval().state_dict(), path)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Twenty pictures of any size and mode in two folders."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(2)
    for index in range(20):
        shape = (40 + index, 50, 3) if index % 4 else (45, 60)  # every fourth is grey
        place = folder / f"part{index % 2}"
        place.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(place / f"{index}.png")
    return folder


def test_the_network_is_pruned_fitted_and_packed(weights, pictures):
    dense = pack_file(weights, pictures, PackWish(Meaning(SIZE), labels=("a", "b", "c"))).model
    pruned = pack_file(weights, pictures, PackWish(Meaning(SIZE), sparsity=0.5)).model
    assert dense.labels == ("a", "b", "c")
    assert pruned.labels == ("0", "1", "2")  # the two folders are no classes of this network
    assert dense.name == "my_net_1"
    assert pruned.nnz < 0.6 * dense.nnz
    assert pruned.provenance["sparsity"] == "0.5"
    pixels = np.random.default_rng(3).integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8)
    assert run(pruned, pixels).logits.shape == (4, CLASSES)


def test_time_may_be_what_pruning_spares(tinygmp, weights, pictures, tmp_path):
    def pack(*options: str):
        return tinygmp(
            "pack", str(weights), "--calibrate", str(pictures), "--size", str(SIZE), "--agreement", "0", "--out",
            str(tmp_path / "net.tgmp"), *options,
        )  # fmt: skip

    told = pack("--objective", "time:cortex-m4f", "--sparsity", "0.6", "--json")
    assert told.code == 0, told.err
    dense, plain, _, time, own = json.loads(told.out)["choices"]
    assert own["objective"] == "this one, time:cortex-m4f"
    assert time["instructions"] < plain["instructions"] < dense["instructions"]
    budget = (time["instructions"] + dense["instructions"]) // 2
    spoken = pack("--objective", "time:cortex-m4f", "--budget", str(budget))
    assert "what each objective leaves" in spoken.out
    assert load_model(tmp_path / "net.tgmp").provenance["objective"] == "time:cortex-m4f"
    for options, reason in (
        (("--objective", "flops"), "not how much; give --sparsity or --budget"),
        (("--objective", "time:z80", "--sparsity", "0.5"), "no cost model of core 'z80'"),
        (("--objective", "flops", "--budget", "9", "--sparsity", "0.5"), "give one"),
    ):
        refused = pack(*options)
        assert refused.code == 2
        assert reason in refused.err


def test_the_command_writes_a_file_that_reads_back(tinygmp, weights, pictures, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("cat\ndog\nbird\n")
    out = tmp_path / "net.tgmp"
    told = tinygmp(
        "pack-images", str(weights), "--images", str(pictures), "--size", str(SIZE), "--sparsity", "0.4",
        "--labels", str(labels), "--mean", "0.5", "--std", "0.25", "--out", str(out), "--json",
    )  # fmt: skip
    assert told.code == 0, told.err
    found = json.loads(told.out)
    model = load_model(out)
    assert model.labels == ("cat", "dog", "bird")
    assert found["payload_bytes"] == ledger(model).payload_bytes
    assert found["file_bytes"] == out.stat().st_size
    assert found["std"] == [0.25, 0.25, 0.25]


def test_what_is_missing_is_told(weights, pictures, tmp_path):
    with pytest.raises(ConfigError, match="does not tell the size of its images"):
        pack_file(weights, pictures)
    with pytest.raises(ConfigError, match="tells 3 classes, 2 labels were given"):
        pack_file(weights, pictures, PackWish(Meaning(SIZE), labels=("a", "b")))
    with pytest.raises(ConfigError, match="rounding 'up' is unknown; known: fp32, gemmlowp"):
        pack_file(weights, pictures, PackWish(Meaning(SIZE), settings=PackSettings(rounding="up")))
    with pytest.raises(DataError, match="no pictures in"):
        pack_file(weights, tmp_path, WISH)
    (tmp_path / "net.pb").write_bytes(b"something else")
    with pytest.raises(
        ConfigError, match=r"'.*net\.pb' is a file of no kind known here, no network in floats"
    ):
        pack_file(tmp_path / "net.pb", pictures, WISH)
    with pytest.raises(ConfigError, match=r"net\.h5' cannot be read: No such file"):
        pack_file(tmp_path / "net.h5", pictures, WISH)


def test_a_corrupt_picture_is_named_or_left_out(tinygmp, weights, tmp_path):
    for index in range(4):
        (tmp_path / f"broken{index}.png").write_bytes(b"not a picture")
    skipping = PackWish(Meaning(SIZE), skip_corrupt=True)
    with pytest.raises(DataError, match=r"4 of 4 pictures read in .* are corrupt: .*broken0\.png"):
        pack_file(weights, tmp_path, skipping)  # nothing would be left
    for index in range(5):
        Image.new("RGB", (20, 20), (40 * index, 10, 60)).save(tmp_path / f"good{index}.png")
    with pytest.raises(DataError, match=r"4 of 9 pictures .*; remove them, or skip them with --skip-corrupt"):
        pack_file(weights, tmp_path, WISH)
    assert pack_file(weights, tmp_path, skipping).samples == 5


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--mean", "0.5", "--mean", "0.4"), "give 3, or one for all"),
        (("--mean", "0.5", "--mean", "0.5"), "give 3, or one for all"),
        (("--std", "0"), "std above 0"),
        (("--mean", "nan"), "std above 0"),
    ],
)
def test_a_normalisation_of_other_channels_is_refused(tinygmp, weights, pictures, tmp_path, given, told):
    out = tmp_path / "net.tgmp"
    spoken = tinygmp(
        "pack-images", str(weights), "--images", str(pictures), "--size", str(SIZE), *given, "--out", str(out)
    )
    assert spoken.code == 2
    assert told in " ".join(spoken.err.split())
    assert not out.exists()


def test_weights_that_are_no_numbers_are_told_by_layer(tmp_path, pictures, weights):
    arrays = load_file(weights)
    name = next(name for name in arrays if name.endswith("weight"))
    arrays[name].view(-1)[:2] = float("nan")
    save_file(arrays, tmp_path / "nan.safetensors")
    with pytest.raises(DataError, match=r"layer 'dw1': 2 weights or biases are not finite"):
        pack_file(tmp_path / "nan.safetensors", pictures, WISH)


def test_few_pictures_calibrate_but_do_not_fit(weights, tmp_path):
    for index in range(8):
        Image.new("RGB", (20, 20), (30 * index, 200 - 20 * index, 60)).save(tmp_path / f"{index}.png")
    found = pack_file(weights, tmp_path, PackWish(Meaning(SIZE), sparsity=0.5))
    assert found.notes[0] == "pruned by magnitude alone, without a fit to the samples or any training"
    assert found.model.nnz == pytest.approx(0.5 * found.model.weight_count, rel=0.05)
    for index in range(5):
        (tmp_path / f"{index}.png").unlink()
    with pytest.raises(DataError, match="holds 3 samples; give at least 4"):
        pack_file(weights, tmp_path, WISH)


@pytest.mark.parametrize("suffix", sorted(set(BY_ENDING) - {".tgmp", ".npy"}))
def test_every_reader_refuses_what_is_not_its_own(suffix, tmp_path):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match="weights"):
        load_graph(path, Meaning(224))


def test_names_that_c_takes():
    assert identifier("MobileNet v1_0.25") == "mobilenet_v1_0_25"
    assert identifier("25net") == "net_25net"


def test_one_number_holds_for_every_channel():
    assert meaning_of(32, [0.5], [0.25]) == Meaning(32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    assert meaning_of(None, [0.1, 0.2], [0.5]) == Meaning(None, (0.1, 0.2), (0.5, 0.5))

"""Synthetic images to a packed network: stages that go on where they stopped, figures that are what they are called."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from tinygmp.cli import app
from tinygmp.commands import train_images
from tinygmp.data import picture_cache
from tinygmp.data.pixel_file import StoredPixels
from tinygmp.data.training_images import Reading, open_training_images
from tinygmp.errors import ConfigError, DataError
from tinygmp.graph.file import load_model
from tinygmp.graph.ledger import ledger
from tinygmp.graph.reference.run import run
from tinygmp.projects.image_pipeline import run_image_pipeline
from tinygmp.projects.image_recipe import ImageRecipe, batch_of_few, batch_within_memory
from tinygmp.prune.module_work import works_of_module
from tinygmp.prune.objective import costs_of
from tinygmp.prune.selection import prunable_parameters
from tinygmp.train.fit_network import evaluate
from tinygmp.train.run_recipe import read_state

SCRIPT = Path(__file__).parents[2] / "scripts" / "mobilenet_pipeline.py"
RECIPE = ImageRecipe(width=0.1, size=16, sparsity=0.5, dense_epochs=3, epochs=3, batch_size=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of noise around a dark and a light grey."""
    root, rng = tmp_path_factory.mktemp("data") / "synthetic", np.random.default_rng(0)
    for part, count in (("train", 30), ("test", 10)):
        for label, level in (("dark", 60), ("light", 190)):
            place = root / part / label
            place.mkdir(parents=True)
            for index in range(count):
                pixels = np.clip(rng.normal(level, 20, (16, 20)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{index}.png")
    return root


@pytest.fixture(scope="module")
def images(folder):
    return open_training_images(folder, Reading(16))


@pytest.mark.parametrize("objective", ["flops", "time:cortex-m4f"])
def test_a_budget_says_what_stays(objective):
    network = RECIPE.network(2)
    costs = costs_of(objective, works_of_module(network, (3, 16, 16)))
    least = costs.of(dict.fromkeys(costs.prices, 16))
    recipe = replace(RECIPE, sparsity=0.0, objective=objective, budget=round(0.5 * (least + costs.dense)))
    pruner = recipe.pruner(network)
    kept = pruner.begin_epoch(0).layer_nnz()
    assert 0.9 * recipe.budget < costs.of(kept) <= recipe.budget
    with pytest.raises(ConfigError, match="leave out sparsity"):
        replace(RECIPE, objective=objective, budget=1000)
    with pytest.raises(ConfigError, match="'speed' is unknown"):
        replace(RECIPE, objective="speed")


@pytest.fixture(scope="module")
def finished(images, tmp_path_factory):
    """A whole run: its folder, its report, the stages and epochs it trained."""
    out, seen = tmp_path_factory.mktemp("out"), []
    report = run_image_pipeline(RECIPE, images, out, lambda stage, record: seen.append((stage, record.epoch)))
    return out, report, seen


def test_figures_are_those_of_the_files(finished, images):
    out, report, seen = finished
    assert seen == [("dense", 0), ("dense", 1), ("dense", 2), ("pruned", 0), ("pruned", 1), ("pruned", 2)]
    assert json.loads((out / "report.json").read_text()) == json.loads(json.dumps(report))
    network = RECIPE.network(2)
    network.load_state_dict(read_state(out / "pruned.safetensors"))
    prunable = prunable_parameters(network).values()
    zeros = sum(int((weights == 0).sum()) for weights in prunable)
    assert report["sparsity"] == zeros / sum(weights.numel() for weights in prunable)
    assert report["sparsity"] == pytest.approx(0.5, abs=1e-3)
    assert report["pruned_test"] == pytest.approx(
        evaluate(network, images.test, RECIPE.training(dense=False)), abs=0.05
    )
    model = load_model(out / "model.tgmp")
    assert (model.labels, model.synthetic, model.provenance["data"]) == (
        ("dark", "light"),
        False,
        "synthetic",
    )
    assert report["packed_test"] == np.mean(run(model, images.test.pixels).classes == images.test.labels)
    assert report["payload_bytes"] == ledger(model).payload_bytes < report["dense_payload_bytes"]
    assert report["file_bytes"] == (out / "model.tgmp").stat().st_size
    assert (report["packed_nonzero"], report["packed_weights"]) == (model.nnz, model.weight_count)
    assert report["images"] == {"train": 54, "held_out": 6, "test": 20}
    assert 50 * 2**20 < report["peak_memory_bytes"] < 3 * 10**9
    assert min(report[f"{what}_images_per_second"] for what in ("loader", "training", "fine_tuning")) > 0
    assert 0 <= report["held_out_after_pruning"] <= 1
    assert 0 <= report["held_out_after_batch_norm"] <= 1


def test_a_second_run_trains_nothing_and_says_the_same(finished, images):
    out, report, _ = finished
    before = (out / "model.tgmp").read_bytes()
    again = run_image_pipeline(RECIPE, images, out, lambda stage, record: pytest.fail("trained again"))
    assert (out / "model.tgmp").read_bytes() == before
    measured_anew = {"loader_images_per_second": 0, "peak_memory_bytes": 0}
    assert again | measured_anew == report | measured_anew
    assert sorted(path.name for path in out.iterdir()) == [
        "dense.json", "dense.safetensors", "model.tgmp", "pruned.json", "pruned.safetensors", "recipe.json",
        "report.json",
    ]  # fmt: skip


class StopError(Exception):
    pass


@pytest.mark.parametrize("where", [("dense", 1), ("pruned", 0)])
def test_a_run_stopped_inside_a_stage_ends_in_the_same_bytes(finished, images, tmp_path, where):
    def stop(stage, record):
        if (stage, record.epoch) == where:
            raise StopError

    with pytest.raises(StopError):
        run_image_pipeline(RECIPE, images, tmp_path, stop)
    seen = []
    threads = replace(RECIPE, workers=2)
    run_image_pipeline(threads, images, tmp_path, lambda stage, record: seen.append((stage, record.epoch)))
    whole, _, epochs = finished
    assert seen == epochs[epochs.index(where) + 1 :]
    assert (tmp_path / "model.tgmp").read_bytes() == (whole / "model.tgmp").read_bytes()


def test_another_recipe_or_other_images_are_refused(finished, images):
    out, _, _ = finished
    before = (out / "recipe.json").read_bytes()
    with pytest.raises(
        DataError, match=r"another recipe or other images: width, seed differ; give another folder"
    ):
        run_image_pipeline(replace(RECIPE, width=0.2, seed=1), images, out)
    other = replace(images, train=replace(images.train, pixels=images.train.pixels ^ 1))
    with pytest.raises(DataError, match="images_crc32 differs"):
        run_image_pipeline(RECIPE, other, out)
    unmirrored = replace(images, train=replace(images.train, mirror=False))
    with pytest.raises(DataError, match="mirror differs"):
        run_image_pipeline(RECIPE, unmirrored, out)
    assert (out / "recipe.json").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "says"),
    [("recipe.json", "recipe.json' is damaged"), ("dense.json", "delete .*dense.safetensors' to train it again"),
     ("dense.safetensors", "cannot be read")],
)  # fmt: skip
def test_damaged_files_of_an_earlier_run_are_told(finished, images, tmp_path, name, says):
    for file in finished[0].iterdir():
        content = file.read_bytes()
        (tmp_path / file.name).write_bytes(content[: len(content) // 2] if file.name == name else content)
    with pytest.raises(DataError, match=says):
        run_image_pipeline(RECIPE, images, tmp_path)


def test_images_in_files_train_to_the_same_bytes(finished, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(picture_cache, "IN_MEMORY_BYTES", 0)
    images = open_training_images(folder, Reading(16), cache=tmp_path / "cache")
    assert isinstance(images.train.pixels, StoredPixels)
    run_image_pipeline(RECIPE, images, tmp_path / "out")
    assert (tmp_path / "out" / "model.tgmp").read_bytes() == (finished[0] / "model.tgmp").read_bytes()
    known = [json.loads((out / "recipe.json").read_text()) for out in (finished[0], tmp_path / "out")]
    assert known[0] == known[1]  # so either way of keeping them goes on where the other stopped


def test_random_resized_crops_train_a_network_of_their_own(finished, folder, tmp_path):
    images = open_training_images(folder, Reading(16, crop_scale=0.5))
    with pytest.raises(DataError, match="crop_scale"):
        run_image_pipeline(RECIPE, images, finished[0])
    report = run_image_pipeline(replace(RECIPE, dense_epochs=1, epochs=1), images, tmp_path)
    assert (report["crop_scale"], finished[1]["crop_scale"]) == (0.5, None)
    assert load_model(tmp_path / "model.tgmp").input.shape == (16, 16, 3)
    assert (tmp_path / "model.tgmp").read_bytes() != (finished[0] / "model.tgmp").read_bytes()


def test_a_dense_network_is_shared_by_runs_that_differ_after_it_only(finished, images, tmp_path):
    other = replace(RECIPE, sparsity=0.75, epochs=1)
    with pytest.raises(DataError, match="dense network of another recipe or other images: width"):
        run_image_pipeline(replace(other, width=0.2), images, tmp_path / "wider", dense_from=finished[0])
    with pytest.raises(DataError, match=r"recipe\.json' is damaged"):
        run_image_pipeline(other, images, tmp_path / "lost", dense_from=tmp_path)
    seen = []
    run_image_pipeline(other, images, tmp_path / "out", lambda stage, _: seen.append(stage), finished[0])
    assert seen == ["pruned"]
    for name in ("dense.safetensors", "dense.json"):
        assert (tmp_path / "out" / name).read_bytes() == (finished[0] / name).read_bytes()
    alone = run_image_pipeline(other, images, tmp_path / "alone")
    assert (tmp_path / "out" / "model.tgmp").read_bytes() == (tmp_path / "alone" / "model.tgmp").read_bytes()
    assert alone["dense_held_out"] == finished[1]["dense_held_out"]


def test_averages_teacher_and_gradual_pruning_come_together(images, tmp_path):
    recipe = replace(RECIPE, gradual=True, average_decay=0.9, distill=0.5, minimum_share=0.001, epochs=4)
    sparsities = []
    report = run_image_pipeline(
        recipe, images, tmp_path, lambda _, record: sparsities.append(record.sparsity)
    )
    assert sparsities[:3] == [0, 0, 0]
    assert 0 < len(set(sparsities[3:])) <= 3
    assert report["sparsity"] == sparsities[-1] == pytest.approx(0.5, abs=1e-3)
    assert report["held_out_after_pruning"] is None  # nothing was pruned at once


def test_what_cannot_be_is_said_before_anything_is_trained(images, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="lower the minimum or the sparsity"):
        run_image_pipeline(replace(RECIPE, sparsity=0.9, minimum_share=0.1), images, out)
    with pytest.raises(DataError, match="lower the batch size"):
        run_image_pipeline(replace(RECIPE, batch_size=64), images, out)
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match=r"trains on cpu.*leave --amp out"):
            run_image_pipeline(replace(RECIPE, mixed_precision=True), images, out)
    assert not out.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"sparsity": 1.0}, {"size": 4}, {"epochs": 0}, {"distill": 1.5}, {"label_smoothing": 1.0},
        {"average_decay": 1.0}, {"batch_norm_batches": -1}, {"workers": 0}, {"dense_rate": 0.0}, {"batch_size": 0},
    ],
)  # fmt: skip
def test_impossible_recipes_are_refused(values):
    with pytest.raises(ConfigError):
        ImageRecipe(**values)


def options(folder: Path, out: Path, **changes: str) -> list[str]:
    given = {"--data": folder, "--out": out, "--width": "0.1", "--size": "16", "--sparsity": "0.5"}
    given |= {"--dense-epochs": "1", "--epochs": "1", "--batch-size": "8"}
    return [str(part) for pair in (given | changes).items() for part in pair]


def python(*command: str | Path) -> subprocess.CompletedProcess[str]:
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=240, env=quiet)


def test_the_script_under_torchrun_writes_one_report(folder, tmp_path):
    two = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    done = python(*two, SCRIPT, *options(folder, tmp_path), "--json", "--ema", "0.9")
    assert done.returncode == 0, done.stderr[:3000] + done.stderr[-2000:]
    report = json.loads(done.stdout)  # one document: the other process says nothing
    assert (report["processes"], report["device"]) == (2, "cuda" if torch.cuda.is_available() else "cpu")
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert done.stderr.count("pruned, epoch 1:") == 1
    assert ledger(load_model(tmp_path / "model.tgmp")).payload_bytes == report["payload_bytes"]
    again = python(SCRIPT, *options(folder, tmp_path), "--ema", "0.9")  # finds the work of two done
    assert again.returncode == 0, again.stderr[-2000:]
    assert "epoch" not in again.stderr
    assert f"{report['payload_bytes']:,} B" in again.stdout


def test_the_command_keeps_large_sets_beside_the_run_and_says_so(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(picture_cache, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(train_images, "TOLD_PICTURES", 0)
    given = [*options(folder, tmp_path / "out"), "--crop-scale", "0.5", "--json"]
    done = CliRunner().invoke(app, ["train-images", *given])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["crop_scale"] == 0.5
    assert "decoding train pictures: 0 of 60" in done.stderr
    kept = sorted(path.name.rsplit("-", 1)[0] for path in (tmp_path / "image_cache").glob("*.npy"))
    assert kept == ["held-out-16", "test-16", "train-18"]
    again = CliRunner().invoke(app, ["train-images", *given, "--cache", str(tmp_path / "image_cache")])
    assert again.exit_code == 0, again.output
    assert "decoding" not in again.stderr


def test_the_script_tells_bad_input_in_one_line(folder, tmp_path):
    done = python(SCRIPT, *options(folder, tmp_path / "out", **{"--classes": "5"}))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert "holds 2 classes, 5 were asked for" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("width", "size", "batch"),
    [(0.5, 32, 128), (0.25, 96, 128), (0.5, 224, 64), (1.0, 224, 32), (1.0, 512, 8)],
)
def test_the_batch_that_keeps_training_below_3_gb(width, size, batch):
    """Measured on a CPU: 4.5 GB at width 0.5, 224 x 224 and a batch of 128; 2.7 GB at width 1 and 32."""
    assert batch_within_memory(width, size) == batch


@pytest.mark.parametrize(
    ("images", "processes", "batch"),
    [
        (50_000, 1, 128),
        (512, 1, 128),
        (511, 1, 64),
        (86, 1, 16),
        (7, 1, 2),
        (2, 1, 2),
        (100, 3, 15),
        (6, 3, 6),
    ],
)
def test_few_pictures_take_a_batch_that_fits(images, processes, batch):
    assert batch_of_few(128, images, processes) == batch
    assert batch % processes == 0


def test_one_picture_is_no_training_set():
    with pytest.raises(ConfigError, match="1 training images are too few"):
        batch_of_few(128, 1)


def test_the_command_trains_on_few_pictures_without_a_batch_size(folder, tmp_path):
    given = options(folder, tmp_path / "out")
    del given[given.index("--batch-size") : given.index("--batch-size") + 2]
    done = CliRunner().invoke(app, ["train-images", *given, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["recipe"]["batch_size"] == 8

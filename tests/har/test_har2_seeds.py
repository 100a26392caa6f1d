"""The several-seeds script: resumes, chooses on held-out people only, never mixes recipes."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from har.recipe import load_recipe
from har.synthetic import synthetic_data
from tinygmp.errors import ConfigError

SCRIPT = Path(__file__).parents[2] / "scripts" / "har2_seeds.py"
RECIPE = """
name = "tiny"
windows = 400
[network]
hidden = 8
[training]
epochs = 4
dense_epochs = 1
batch_size = 50
learning_rate = 0.01
weight_decay = 0.01
label_smoothing = 0.05
average_decay = 0.9
[pruning]
sparsity = 0.5
start_epoch = 1
end_epoch = 2
[augmentation]
rotation_degrees = 5.0
noise = 0.05
[validation]
people = 4
fold = 0
"""


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("har2_seeds", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["har2_seeds"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["har2_seeds"]


def result(script, seed, held_out, test=90.0, payload=1300):
    return script.SeedResult(seed, held_out, test, test, test, 700, payload, True)


def test_the_choice_looks_at_held_out_people_only(script):
    results = [
        result(script, 0, 91.0, test=99.0),
        result(script, 1, 93.0, test=80.0, payload=1310),
        result(script, 2, 93.0, test=70.0, payload=1290),
        result(script, 3, 93.0, test=75.0, payload=1290),
    ]
    assert script.chosen_on_held_out(results).seed == 2


def test_mean_and_deviation_worked_by_hand(script, tmp_path):
    for seed, test in enumerate((90.0, 92.0, 97.0)):
        row = result(script, seed, 90.0 + seed, test)
        (tmp_path / f"seed{seed}.json").write_text(json.dumps(asdict(row)))
    script.summarise(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["spread"]["test_accuracy"]["mean"] == pytest.approx(93.0)
    assert summary["spread"]["test_accuracy"]["deviation"] == pytest.approx(13**0.5)
    assert summary["chosen_on_held_out_people"] == 2
    assert [row["seed"] for row in summary["seeds"]] == [0, 1, 2]


def test_results_of_another_recipe_are_not_mixed_in(script, tmp_path):
    data = synthetic_data(0, windows_each=1)
    script.claim_folder(tmp_path, load_recipe("default"), data)
    script.claim_folder(tmp_path, load_recipe("default"), data)
    with pytest.raises(ConfigError, match="another recipe or of other data"):
        script.claim_folder(tmp_path, load_recipe("quick"), data)
    with pytest.raises(ConfigError, match="another recipe or of other data"):
        script.claim_folder(tmp_path, load_recipe("default"), synthetic_data(1, windows_each=1))


def test_a_second_call_trains_only_the_missing_seeds(tmp_path):
    (tmp_path / "tiny.toml").write_text(RECIPE)
    out = tmp_path / "seeds"

    def run(*arguments):
        command = [sys.executable, SCRIPT, "--data", "synthetic", "--recipe", tmp_path / "tiny.toml"]
        done = subprocess.run([*command, "--out", out, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "seed 0, epoch 4 of 4" in run("--seeds", "1")
    first = (out / "seed0.tgmp").read_bytes()
    shown = run("--seeds", "2")
    assert "seed 1, epoch" in shown
    assert "seed 0, epoch" not in shown
    assert "SYNTHETIC" in shown
    assert (out / "seed0.tgmp").read_bytes() == first
    assert sorted(path.name for path in out.iterdir()) == [
        "recipe.json",
        "seed0.json",
        "seed0.tgmp",
        "seed1.json",
        "seed1.tgmp",
        "summary.json",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--data", "/no/such/folder"], "does not exist"), (["--recipe", "nothing"], "is unknown")],
)
def test_bad_input_ends_with_2_and_one_sentence(arguments, told, tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--out", tmp_path / "out", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()

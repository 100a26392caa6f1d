"""init, train, prune and fit as a user calls them: exit codes, JSON, errors, Ctrl-C, and every command of the page."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.quick_recipe import quicken
from tinygmp.data.example_recordings import write_example
from tinygmp.projects import training
from tinygmp.projects.init import write_recipe

PAGE = Path(__file__).parents[2] / "docs" / "own-data.md"
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder, in which synthetic recordings lie."""
    monkeypatch.chdir(tmp_path)
    write_example(tmp_path / "recordings", people=4, takes=1, rows=32)
    write_example(tmp_path / "others", people=1, takes=1, rows=32)
    return tmp_path


@pytest.fixture
def recipe(home):
    write_recipe(home / "recordings", home / "gestures.toml")
    return quicken(home / "gestures.toml")


def test_every_command_of_the_page_runs_in_its_order(tinygmp, home, monkeypatch):
    assert len([line for line in COMMANDS if line.startswith("tinygmp ")]) == len(COMMANDS) - 1 >= 8
    for command in COMMANDS:
        if "pip install" in command:
            continue  # tests/e2e/test_package.py installs
        program, *arguments = shlex.split(command)
        assert program == "tinygmp"
        if arguments[0] == "--install-completion":
            continue  # has a test of its own
        if arguments[0] == "fit":
            arguments += ["--sparsity", "0.7", "--bits", "8", "--max-drop", "100"]  # few and easy variants
            arguments += ["--hidden", "8"]
        spoken = tinygmp(*arguments)
        if spoken.code == 3:
            assert "install" in spoken.err  # what follows needs the board's compiler
            return
        assert spoken.code == 0, (command, spoken.out, spoken.err)
        assert "SYNTHETIC" in spoken.out or arguments[0] == "verify"
        if arguments[0] == "init":
            quicken(home / "gestures.toml")
    assert (home / "firmware" / "library.properties").is_file()
    assert (home / "runs" / "gestures" / "fit" / "arduino-uno" / "front.png").is_file()


def test_completion_is_installed_and_completes(tmp_path):
    # The shell is named: which one the tests were started from does not matter.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", **named}
    script = "from tinygmp.cli import app; app(prog_name='tinygmp')"
    installed = next(command for command in COMMANDS if "--install-completion" in command).split()[1:]
    done = subprocess.run(
        [sys.executable, "-c", script, *installed],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".bash_completions" / "tinygmp.sh").is_file()
    asked = {"_TINYGMP_COMPLETE": "complete_bash", "COMP_WORDS": "tinygmp tr", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment | asked, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["train", "train-images"]


def test_json_is_pure_and_complete(tinygmp, home):
    seen = json.loads(tinygmp("init", "--data", "recordings", "--out", "gestures.toml", "--json").out)
    assert seen["recipe"] == "gestures.toml"
    assert seen["synthetic"] is True
    quicken(home / "gestures.toml")
    made = json.loads(tinygmp("train", "gestures.toml", "--json").out)
    assert made["model"] == "runs/gestures/model.tgmp"
    assert made["report"]["data"]["synthetic"] is True
    assert len(made["report"]["answers"]["confusion"]) == 3
    pruned = json.loads(tinygmp("prune", "gestures.toml", "--sparsity", "0.9", "--epochs", "3", "--json").out)
    assert pruned["sparsity"] == pytest.approx(0.9, abs=0.02)
    assert pruned["nnz"] < made["report"]["packed"]["nnz"]


def test_windows_without_groups_are_warned_of(tinygmp, home):
    windows = np.random.default_rng(0).normal(size=(12, 5, 2))
    for groups, warned in (({}, True), ({"groups": np.arange(12) // 2}, False)):
        np.savez(home / "own.npz", windows=windows, labels=np.arange(12) % 2, **groups)
        spoken = tinygmp("init", "--data", "own.npz", "--out", "own.toml", "--force")
        assert spoken.code == 0
        assert ("flatters the accuracy" in spoken.err) == warned


def test_fit_ends_with_1_where_nothing_will_do(tinygmp, recipe):
    few = (
        "--hidden",
        "8",
        "--sparsity",
        "0.7",
        "--bits",
        "8",
        "--board",
        "nucleo-g071rb",
        "--max-drop",
        "100",
    )
    spoken = tinygmp("fit", recipe, *few, "--reserve-flash", "130900")
    assert spoken.code == 1
    assert "nothing chosen: none fits, the smallest takes" in spoken.out
    spoken = tinygmp("fit", recipe, *few, "--json")
    assert spoken.code == 0
    assert json.loads(spoken.out)["chosen"]


def test_without_matplotlib_the_model_is_there_and_the_plot_is_told(tinygmp, recipe, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    few = (
        "--hidden",
        "8",
        "--sparsity",
        "0.7",
        "--bits",
        "8",
        "--board",
        "nucleo-g071rb",
        "--max-drop",
        "100",
    )
    spoken = tinygmp("fit", recipe, *few)
    assert spoken.code == 3
    assert "tinygmp[report]" in spoken.err
    assert Path("runs/gestures/fit/nucleo-g071rb/model.tgmp").is_file()


def test_errors_end_with_2_and_a_remedy(tinygmp, home):
    (home / "gestures.toml").write_text("mine")
    for arguments, told in (
        (("init", "--data", "recordings", "--out", "gestures.toml"), "--force"),
        (("init", "--out", "new.toml"), "--data PATH"),
        (("init", "--data", "nowhere", "--out", "new.toml"), "do not exist"),
        (("init", "--example", "recordings", "--out", "new.toml"), "is not empty"),
        (("train", "none.toml"), "tinygmp init"),
        (("train", "gestures.toml"), "not valid TOML"),
        (("fit", "gestures.toml", "--board", "arduino-uno"), "not valid TOML"),
    ):
        spoken = tinygmp(*arguments)
        assert (spoken.code, spoken.out) == (2, ""), arguments
        assert told in spoken.err
    assert (home / "gestures.toml").read_text() == "mine"
    assert not (home / "new.toml").exists()


def test_an_unknown_board_and_a_wrong_wish_are_told_before_training(tinygmp, recipe):
    for wish, told in (
        (("--board", "arduino-one"), "arduino-one"),
        (("--board", "arduino-uno", "--bits", "3"), "--bits"),
    ):
        spoken = tinygmp("fit", recipe, *wish)
        assert spoken.code == 2
        assert told in spoken.err
    assert not Path("runs").exists()


def test_ctrl_c_tells_how_to_continue(tinygmp, recipe, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_windows", stopped)
    spoken = tinygmp("train", recipe)
    assert spoken.code == 130
    assert f"`tinygmp train {recipe}` continues" in spoken.err


def test_without_torch_the_install_line_is_told(recipe):
    code = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest)\n"
        "sys.modules['torch'] = None\n"
        f"sys.argv = ['tinygmp', 'train', {str(recipe)!r}]\n"
        "from tinygmp.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "tinygmp[train]" in done.stderr


def test_strangers_and_others_are_told_in_the_terminal_and_in_the_report(tinygmp, recipe, home):
    spoken = tinygmp("train", recipe, "--leave-one-out")
    assert spoken.code == 0
    assert "Trained without each person in turn and tested on that one" in " ".join(spoken.out.split())
    (home / "strangers").mkdir()
    rng = np.random.default_rng(0)
    rows = [f"{20 * row}," + ",".join(f"{value:.3f}" for value in rng.normal(0, 30, 6)) for row in range(32)]
    (home / "strangers" / "wild.csv").write_text("time_ms,ax,ay,az,gx,gy,gz\n" + "\n".join(rows))
    few = ("--hidden", "8", "--sparsity", "0.7", "--bits", "8", "--max-drop", "100")
    spoken = tinygmp(
        "fit", recipe, "--board", "nucleo-g071rb", *few, "--reject", "0.95", "--unknown", "strangers"
    )
    if spoken.code == 3:
        pytest.skip(spoken.err)
    assert spoken.code == 0
    assert "none of the classes that are taken for one (false accepts): strangers" in " ".join(
        spoken.out.split()
    )
    spoken = tinygmp("report", "runs/gestures", "--out", "report.html", "--out", "report.md")
    assert spoken.code == 0
    for name in ("report.html", "report.md"):
        text = " ".join((home / name).read_text().split())
        assert "Trained without each person in turn" in text
        assert "false accepts): strangers" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--reject", "0.2"), "--reject 0.2: the share of known windows"),
        (("--unknown", "others"), "give the share of known windows that pass, --reject 0.95"),
        (("--reject", "0.9", "--unknown", "nowhere"), "'nowhere' do not exist; correct --unknown"),
    ],
)
def test_a_wrong_reject_is_told_before_training(tinygmp, recipe, arguments, told):
    spoken = tinygmp("fit", recipe, "--board", "nucleo-g071rb", *arguments)
    if spoken.code == 3:
        pytest.skip(spoken.err)
    assert (spoken.code, spoken.out) == (2, "")
    assert told in spoken.err
    assert not Path("runs").exists()

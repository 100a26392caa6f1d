import json

import numpy as np
import pytest

import tinygmp as package
from tinygmp.data.windows import random_windows
from tinygmp.device.board import board_names
from tinygmp.graph.file import load_model
from tinygmp.graph.ledger import ledger


def test_version_and_help(tinygmp):
    assert tinygmp("--version").out == f"tinygmp {package.__version__}\n"
    for command in ("convert", "budget", "verify", "inspect", "boards", "doctor", "reproduce"):
        assert command in tinygmp("--help").out
        assert tinygmp(command, "--help").code == 0


def test_convert_writes_every_target(tinygmp, stored, tmp_path):
    spoken = tinygmp("convert", stored, "--to", "all", "--out", tmp_path / "out", "--json")
    assert (spoken.code, spoken.err) == (0, "")
    told = json.loads(spoken.out)
    assert (told["model"], told["synthetic"], set(told["artifacts"])) == (
        "random4",
        True,
        {"c", "tflite", "onnx"},
    )
    files = {path for one in told["artifacts"].values() for path in one["files"]}
    assert {str(path) for path in (tmp_path / "out").iterdir()} == files
    assert told["artifacts"]["c"]["entry_point"].endswith("random4.c")


def test_convert_shows_a_table_and_the_banner(tinygmp, stored, tmp_path):
    spoken = tinygmp("convert", stored, "--to", "c", "--out", tmp_path)
    assert spoken.code == 0
    assert "SYNTHETIC" in spoken.out
    assert "random4.h" in spoken.out


def test_budget_gives_verdict_and_ledger(tinygmp, stored):
    spoken = tinygmp("budget", stored, "--board", "nucleo-g071rb", "--board", "ch32v003", "--json")
    told = json.loads(spoken.out)
    assert (spoken.code, told["fits"], told["missing"]) == (0, True, {})
    assert [board["board"] for board in told["boards"]] == ["nucleo-g071rb", "ch32v003"]
    assert told["ledger"]["payload_bytes"] == ledger(load_model(stored)).payload_bytes
    assert told["ledger"]["payload_bytes"] == sum(told["ledger"]["by_part"].values())
    board = told["boards"][0]
    assert board["flash_bytes"] == board["weights_bytes"] + board["engine_bytes"] + board["support_bytes"]
    assert board["stack_bytes"] > 0


def test_budget_fails_when_the_application_leaves_too_little(tinygmp, stored):
    spoken = tinygmp("budget", stored, "--board", "ch32v003", "--reserve-flash", "15500")
    assert spoken.code == 1
    assert "does not fit" in spoken.out
    assert "random4_step" in spoken.out
    assert spoken.err == ""


@pytest.mark.usefixtures("no_programs")
def test_budget_tells_a_missing_compiler_with_its_install_line(tinygmp, stored):
    spoken = tinygmp("budget", stored, "--board", "arduino-uno", "--json", "--no-cache")
    assert spoken.code == 3
    assert "avr-gcc" in json.loads(spoken.out)["missing"]["arduino-uno"]
    assert "apt-get install" in spoken.err


def test_verify_runs_artifacts_and_boards(tinygmp, stored):
    spoken = tinygmp(
        "verify", stored, "--target", "c", "--board", "nucleo-g071rb", "--windows", "2", "--json"
    )
    told = json.loads(spoken.out)
    assert (spoken.code, told["passed"], told["data"]) == (0, True, "random counts")
    assert told["artifacts"]["c"]["mismatches"] == 0
    assert told["artifacts"]["c"]["windows"] == told["samples"]
    assert [(device["mismatches"], device["windows"]) for device in told["devices"]] == [(0, 2)]


def test_verify_fails_a_board_that_is_too_slow_for_the_samples(tinygmp, stored):
    slow = ["verify", stored, "--target", "c", "--board", "nucleo-g071rb", "--windows", "1"]
    late = tinygmp(*slow, "--period", "0.001", "--json")
    assert late.code == 1
    (device,) = json.loads(late.out)["devices"]
    assert device["mismatches"] == 0
    assert device["worst_milliseconds_per_step"] >= device["milliseconds_per_step"] > 0.001
    spoken = tinygmp(*slow, "--period", "0.001")
    assert "too slow" in spoken.out
    assert "0.001 ms is the limit" in " ".join(spoken.out.split())
    assert tinygmp(*slow, "--period", "1000", "--level", "fastest").code == 0


def test_verify_measures_accuracy_on_own_windows(tinygmp, stored, tmp_path):
    model = load_model(stored)
    counts = random_windows(model, 6).first
    np.savez(tmp_path / "own.npz", counts=counts, labels=np.zeros(6, np.int64))
    spoken = tinygmp(
        "verify", stored, "--data", tmp_path / "own.npz", "--target", "c", "--no-boards", "--json"
    )
    told = json.loads(spoken.out)
    assert spoken.code == 0
    assert told["devices"] == []
    assert told["artifacts"]["c"]["accuracy"] == told["reference_accuracy"]


def test_verify_fails_on_a_wrong_answer(tinygmp, stored, monkeypatch):
    from tinygmp.device import host

    honest = host.run_on_host

    def one_logit_off(artifact, counts):
        result = honest(artifact, counts)
        result.logits[3, 0] += 1
        return result

    monkeypatch.setattr(host, "run_on_host", one_logit_off)
    spoken = tinygmp("verify", stored, "--target", "c", "--no-boards")
    assert spoken.code == 1
    assert "differs" in spoken.out


def test_verify_tells_an_absent_runtime(tinygmp, stored, monkeypatch):
    import converters.to_tflite.run as runner
    from tinygmp.errors import MissingToolError

    def absent():
        raise MissingToolError("LiteRT is absent; install it with: pip install ai-edge-litert")

    monkeypatch.setattr(runner, "litert", absent)
    spoken = tinygmp("verify", stored, "--target", "tflite", "--no-boards")
    assert spoken.code == 3
    assert "pip install ai-edge-litert" in spoken.err


def test_inspect_shows_every_tensor(tinygmp, stored):
    told = json.loads(tinygmp("inspect", stored, "--json").out)
    model = load_model(stored)
    assert [tensor["name"] for tensor in told["tensors"]] == [tensor.name for tensor in model.tensors()]
    assert told["nnz"] == model.nnz
    assert told["payload_bytes"] == sum(told["by_part"].values())
    spoken = tinygmp("inspect", stored)
    assert spoken.code == 0
    for words in ("rnn.U", "FastGRNN", "entropy limit", "random weights", "SYNTHETIC"):
        assert words in spoken.out


def test_boards_are_listed_and_searched(tinygmp):
    told = json.loads(tinygmp("boards", "--json").out)
    assert [board["name"] for board in told["boards"]] == list(board_names())
    riscv = json.loads(tinygmp("boards", "riscv", "--json").out)["boards"]
    assert {board["core"] for board in riscv} == {"rv32imc", "rv32ec"}
    assert "nucleo-g071rb" in tinygmp("boards", "g071").out
    assert "arduino-uno" in tinygmp("boards", "uno-r3").out
    assert "xtensa-lx6 (no compiler)" in tinygmp("boards", "esp32").out


@pytest.mark.usefixtures("no_programs")
def test_doctor_names_a_remedy_for_all_that_is_missing(tinygmp):
    spoken = tinygmp("doctor", "--json")
    assert spoken.code == 0
    findings = {finding["name"]: finding for finding in json.loads(spoken.out)["findings"]}
    assert findings["avr-gcc"]["found"] is False
    assert all(finding["found"] != bool(finding["remedy"]) for finding in findings.values())
    assert "missing" in tinygmp("doctor").out


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("budget", "--board"), ("convert", "--to"), ("verify", "--windows", "0")]
)
def test_bad_usage_ends_with_2(tinygmp, arguments):
    spoken = tinygmp(*arguments)
    assert spoken.code == 2
    assert "Error" in spoken.err
    assert spoken.out == ""

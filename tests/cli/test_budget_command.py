"""`tinygmp budget` with everything that continuous integration needs."""

import json
from xml.etree import ElementTree

import pytest

from converters.base import converter
from tinygmp.device.board import all_boards, built_names, find_board
from tinygmp.device.cores import CORES
from tinygmp.device.toolchain import build
from tinygmp.graph.file import load_model

BOARD = ("--board", "nucleo-g071rb")
PROJECT = """
[[tool.tinygmp.budget.check]]
model = "{model}"
board = "nucleo-g071rb"
limit_flash_bytes = {limit}
baseline = "old.json"
tolerance = "{tolerance}"
"""


def test_a_failure_is_told_everywhere_at_once(tinygmp, stored, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("# before\n")
    spoken = tinygmp(
        "budget", stored, *BOARD, "--reserve-flash", "130000", "--junit", tmp_path / "out" / "junit.xml",
        "--sarif", tmp_path / "budget.sarif", "--summary",
    )  # fmt: skip
    assert spoken.code == 1
    assert "choose a larger board or a smaller reserve" in spoken.out
    suite = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert suite.attrib["failures"] == "1"
    assert "choose a larger board" in next(suite.iter("failure")).text
    (result,) = json.loads((tmp_path / "budget.sarif").read_text())["runs"][0]["results"]
    assert result["ruleId"] == "does-not-fit"
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("# before\n")
    assert "**does not fit**" in summary
    assert "SYNTHETIC" in summary


def test_a_summary_is_printed_where_there_is_no_file(tinygmp, stored, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    spoken = tinygmp("budget", stored, *BOARD, "--summary")
    assert spoken.code == 0
    assert spoken.out.startswith("### ✅ random4")
    spoken = tinygmp("budget", stored, *BOARD, "--summary", "--json")
    assert spoken.code == 2
    assert "ask for one of them" in spoken.err


def test_growth_fails_beyond_the_tolerance_only(tinygmp, stored, tmp_path):
    now = json.loads(tinygmp("budget", stored, *BOARD, "--json").out)
    now["boards"][0]["flash_bytes"] -= 100
    symbol = next(iter(now["boards"][0]["by_symbol"]))
    now["boards"][0]["by_symbol"][symbol] -= 100
    old = tmp_path / "old.json"
    old.write_text(json.dumps(now))
    spoken = tinygmp("budget", stored, *BOARD, "--baseline", old)
    assert spoken.code == 1
    assert "grew" in spoken.out
    assert f"{symbol} +100" in spoken.out
    spoken = tinygmp("budget", stored, *BOARD, "--baseline", old, "--tolerance", "100", "--json")
    assert spoken.code == 0
    told = json.loads(spoken.out)
    assert (told["passed"], told["growth"][0]["after_bytes"] - told["growth"][0]["before_bytes"]) == (
        True,
        100,
    )
    old.write_text(spoken.out)
    spoken = tinygmp("budget", stored, *BOARD, "--baseline", old)
    assert spoken.code == 0
    assert "since the baseline: nothing changed" in spoken.out


@pytest.mark.parametrize(
    ("limit", "less", "tolerance", "code"),
    [(9_000, 0, "0", 0), (900, 0, "0", 1), (9_000, 50, "49", 1), (9_000, 50, "5%", 0)],
)
def test_a_projects_budgets_are_held(tinygmp, stored, tmp_path, monkeypatch, limit, less, tolerance, code):
    monkeypatch.chdir(tmp_path)
    now = json.loads(tinygmp("budget", stored, *BOARD, "--json").out)
    now["boards"][0]["flash_bytes"] -= less
    (tmp_path / "old.json").write_text(json.dumps(now))
    (tmp_path / "pyproject.toml").write_text(PROJECT.format(model=stored, limit=limit, tolerance=tolerance))
    spoken = tinygmp("budget", "--check", "--json", "--junit", "junit.xml")
    assert spoken.code == code
    told = json.loads(spoken.out)
    assert told["passed"] is (code == 0)
    assert told["budgets"][0]["artifact"] == str(stored)
    assert ElementTree.parse("junit.xml").getroot().attrib["tests"] == "3"  # fit, flash, RAM
    (tmp_path / "old.json").write_text(spoken.out)
    assert tinygmp("budget", "--check").code == (1 if limit == 900 else 0)


def test_baselines_are_written_by_the_command(tinygmp, stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tinygmp("budget", stored, *BOARD, "--baseline", "one.json").code == 2
    assert tinygmp("budget", stored, *BOARD, "--update-baseline").code == 2
    assert tinygmp("budget", stored, *BOARD, "--baseline", "one.json", "--update-baseline").code == 0
    assert tinygmp("budget", stored, *BOARD, "--baseline", "one.json").code == 0
    project = PROJECT.format(model=stored, limit=9_000, tolerance=0)
    (tmp_path / "pyproject.toml").write_text(project + PROJECT.format(model="har2", limit=9_000, tolerance=0))
    spoken = tinygmp("budget", "--check")
    assert spoken.code == 2
    assert "write it with --update-baseline" in spoken.err
    assert tinygmp("budget", "--check", "--update-baseline").code == 0
    assert [each["model"] for each in json.loads((tmp_path / "old.json").read_text())["budgets"]] == [
        "random4",
        "har2",
    ]
    spoken = tinygmp("budget", "--check")
    assert spoken.code == 0
    assert "2 of 2 budgets hold" in spoken.out


def test_check_takes_nothing_from_the_command_line(tinygmp, stored):
    spoken = tinygmp("budget", stored, "--check")
    assert spoken.code == 2
    assert "from pyproject.toml alone" in spoken.err


def test_own_boards_are_found_by_name(tinygmp, stored, tmp_path):
    boards = tmp_path / "boards.toml"
    boards.write_text(
        '[node]\ntitle = "N"\nmcu = "x"\ncore = "cortex-m0plus"\nclock_hz = 1\nflash_origin = 0\n'
        "flash_bytes = 4096\nram_origin = 0x20000000\nram_bytes = 4096\n"
    )
    told = json.loads(tinygmp("budget", stored, "--board", "node", "--boards", boards, "--json").out)
    assert [board["board"] for board in told["boards"]] == ["node"]


def test_a_board_without_compiler_ends_with_3_and_says_what_to_do(tinygmp, stored):
    spoken = tinygmp("budget", stored, "--board", "esp32", *BOARD)
    assert spoken.code == 3
    assert "give its ELF file: tinygmp budget firmware.elf" in spoken.err
    assert "nucleo-g071rb" in spoken.out


def test_all_means_what_the_artifact_can_be_measured_for(tinygmp, stored, tmp_path, monkeypatch):
    program = build(converter("c")(load_model(stored)), find_board("nucleo-g071rb")).elf
    (tmp_path / "firmware.elf").write_bytes(program)
    told = json.loads(tinygmp("budget", tmp_path / "firmware.elf", "--board", "all", "--json").out)
    families = {CORES[board["core"]].family for board in told["boards"]}
    assert families == {"arm"}
    assert len(told["boards"]) == sum(CORES[board.core].family == "arm" for board in all_boards())
    built = []
    monkeypatch.setattr(
        "tinygmp.budget.packed.budgets_of",
        lambda artifact, limits, *rest: (built.extend(limits) or (), {}),
    )
    spoken = tinygmp("budget", stored, "--board", "all")
    assert spoken.code == 0
    assert tuple(board.name for board, _ in built) == built_names()
    assert "no compiler for their cores: esp32-devkit, esp32-s3-devkitc" in spoken.err


def test_files_of_other_kinds_are_shown(tinygmp, stored, tmp_path):
    assert tinygmp("convert", stored, "--to", "all", "--out", tmp_path).code == 0
    onnx, tflite = next(tmp_path.glob("*.onnx")), next(tmp_path.glob("*.tflite"))
    spoken = tinygmp("budget", onnx, *BOARD)
    assert spoken.code == 1
    assert "onnxruntime does not run on boards" in spoken.out
    spoken = tinygmp("budget", tflite, "--board", "nucleo-h743zi")
    assert spoken.code == 0
    assert "interpreter and kernels (estimate)" in spoken.out
    for given in (onnx, tflite, tmp_path):
        assert tinygmp("inspect", given, "--json").code == 0
        assert "bytes" in tinygmp("inspect", given).out


def test_an_unwritable_place_ends_with_2(tinygmp, stored, tmp_path):
    (tmp_path / "file").write_text("")
    spoken = tinygmp("budget", stored, *BOARD, "--junit", tmp_path / "file" / "junit.xml")
    assert spoken.code == 2
    assert "cannot write" in spoken.err

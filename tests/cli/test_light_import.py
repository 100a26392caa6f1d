"""The command line starts at once, and converts and budgets where neither torch nor TensorFlow can be imported."""

import json
import subprocess
import sys
import time

import pytest

BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "tensorflow", "keras", "jax", "scipy"}:
            raise ImportError(f"{name} must not be imported here")

sys.meta_path.insert(0, Blocked())
sys.argv = ["tinygmp", *sys.argv[1:]]
from tinygmp.cli import main
main()
"""
HEAVY = {
    "torch", "tensorflow", "onnx", "onnxruntime", "ai_edge_litert", "matplotlib", "flatbuffers", "unicorn", "elftools",
    "jinja2", "pydantic", "numpy", "pooch",
}  # fmt: skip
IMPORT_LIMIT_S = 0.3


def blocked(*arguments):
    return subprocess.run(
        [sys.executable, "-c", BLOCK, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_block_works():
    assert "must not be imported" in subprocess.run(
        [sys.executable, "-c", BLOCK.replace("from tinygmp.cli import main", "import torch")],
        capture_output=True, text=True, check=False,
    ).stderr  # fmt: skip


def test_convert_and_budget_without_torch_and_tensorflow(stored, tmp_path):
    done = blocked("convert", stored, "--to", "all", "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "random4.c").is_file()
    assert set(json.loads(done.stdout)["artifacts"]) == {"c", "tflite", "onnx"}
    done = blocked("budget", stored, "--board", "nucleo-g071rb", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["fits"] is True


def test_other_artifacts_are_budgeted_without_torch_and_tensorflow(stored, tmp_path):
    assert blocked("convert", stored, "--to", "all", "--out", tmp_path).returncode == 0
    for path in (next(tmp_path.glob("*.tflite")), next(tmp_path.glob("*.onnx")), tmp_path):
        done = blocked("budget", path, "--board", "nucleo-h743zi", "--json")
        assert json.loads(done.stdout)["fits"] is (path.suffix != ".onnx"), done.stderr
        assert blocked("inspect", path).returncode == 0


def test_inspect_and_verify_without_torch_and_tensorflow(stored):
    assert blocked("inspect", stored).returncode == 0
    done = blocked("verify", stored, "--target", "c", "--no-boards", "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["tinygmp", "tinygmp.cli"])
def test_nothing_heavy_is_imported(module):
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not HEAVY & set(loaded)


def test_the_command_line_is_imported_within_its_limit():
    """The best of several, since other work on the machine can only make it slower."""
    code = "import time; start = time.process_time(); import tinygmp.cli; print(time.process_time() - start)"
    seconds = []
    for _ in range(5):
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        seconds.append(float(told))
        time.sleep(0.01)
    assert min(seconds) < IMPORT_LIMIT_S

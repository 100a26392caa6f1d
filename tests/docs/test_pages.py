"""Every block of README and docs that looks like something to run is run, in its order, in a fresh folder.

Pages with tests of their own are named in OWN_TESTS. What cannot be run says why in a comment above it, `<!-- not run:
... -->`. Scripts that train for hours are asked whether they know the options.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from tests.networks_of_others import write_keras, write_pictures
from tests.quick_recipe import quicken
from tests.readers.test_onnx_int8 import WAYS, exported, networks, quantised
from tinygmp.api import convert
from tinygmp.data.example_recordings import write_example
from tinygmp.data.windows import random_windows
from tinygmp.device.tools import host_compiler
from tinygmp.graph.file import save_model
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"(?:<!-- not run: ([^\n]+) -->\n)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RUNNABLE = ("sh", "python", "c")
OWN_TESTS = {  # page -> where its blocks run
    "docs/ci.md": "tests/docs/test_ci.py",
    "docs/command_line.md": "tests/cli/test_documented_commands.py",
    "docs/index.md": "tests/cli/test_documented_commands.py",
    "docs/own-data.md": "tests/cli/test_own_data_commands.py",
    "docs/training_loop.md": "tests/docs/test_training_loop_page.py",
}
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("har/*/*.md")]
)
SHORTER = {  # what a page shows -> what takes seconds and does the same
    "train-images": "--dense-epochs 1 --epochs 1 --batch-size 4 --size 32",
    "fit": "--sparsity 0.7 --bits 8 --max-drop 100 --hidden 8",
}


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    not_run: str  # why


def blocks_of(page: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Block(language, body, why or "") for why, language, body in FENCE.findall(text)]


def write_model() -> None:
    save_model(random_model(seed=4, hidden=12), Path("model.tgmp"))


def boards(names: dict) -> None:
    write_model()
    own = next(block.text for block in blocks_of("docs/boards.md") if block.language == "toml")
    Path("my-board.toml").write_text(own)


def c_engine(names: dict) -> None:
    convert("har2", ["c"], ".")
    names["c"] = ["const int16_t *counts, const int16_t *window, uint16_t steps"]


def sensor(names: dict) -> None:
    convert("har2", ["c"], ".")
    names["c"] = ["const int16_t *sample, int16_t *counts, har2_state state"]
    names["include"] = ["har2.h", "har2_gravity.h"]


def conversion(names: dict) -> None:
    image = random_image_model(3, size=32, stem=2, blocks=((4, 1),), classes=2)
    convert(image, ["tflite"], "made")
    Path(f"made/{image.name}_int8.tflite").rename("model_int8.tflite")
    network, shape = networks()["vectors"]
    quantised(exported(network, shape, Path("float.onnx")), shape, next(iter(WAYS))).rename("model_qdq.onnx")


def devices(names: dict) -> None:
    from converters.base import converter
    from tinygmp.device.words import reference_of

    model = random_model(seed=4, hidden=12)
    counts = random_windows(model, 2).first
    names |= {"artifact": converter("c")(model), "counts": counts, "reference": reference_of(model)}


def formats(names: dict) -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(8, 12)).astype(np.float32)
    names |= {
        "q": np.where(rng.random((8, 12)) < 0.2, 5, 0).astype(np.int8),
        "scale": 0.01,
        "weights": weights,
    }


def pictures(names: dict) -> None:
    for part in ("train", "test"):
        for label in ("cat", "dog"):
            write_pictures(Path("pictures", part, label), 6)
    model = replace(
        random_image_model(3, size=32, stem=2, blocks=((4, 1),), classes=2), name="vww", labels=("cat", "dog")
    )
    save_model(model, Path("model.tgmp"))
    convert(model, ["c"], ".")
    names["c"] = ["int8_t *logits"]
    names["include"] = ["vww.h"]


def first_page(names: dict) -> None:
    write_keras("net.keras", "pics")
    write_example(Path("recordings"), people=4, takes=1, rows=32)
    convert(random_image_model(3, size=32, stem=2, blocks=((4, 1),), classes=2), ["tflite"], "made")
    next(Path("made").glob("*_int8.tflite")).rename("model.tflite")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 64)
    counts = rng.integers(-4000, 4000, (64, 64, 6)) + 2000 * labels[:, None, None]
    np.savez("gestures.npz", counts=counts.astype(np.int16), labels=labels)
    convert("har2", ["c"], ".")
    names["c"] = ["const int16_t *counts, int32_t *logits"]


def mlperf(names: dict) -> None:
    conversion(names)
    Path("model_int8.tflite").rename("kws_ref_model.tflite")
    tensorflow = pytest.importorskip("tensorflow", reason="install it with: pip install tensorflow")
    layers = tensorflow.keras.layers
    chain = [layers.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(3)]
    make = tensorflow.lite.TFLiteConverter.from_keras_model(tensorflow.keras.Sequential(chain))
    Path("float.tflite").write_bytes(make.convert())
    samples = np.random.default_rng(0).normal(size=(32, 8)).astype(np.float32)
    names |= {"path": Path("float.tflite"), "calibration_inputs": samples, "provenance": {"data": "random"}}


def cost_model(names: dict) -> None:
    write_keras("net.keras", "pictures/train/cat")
    write_pictures(Path("pictures/train/dog"), 8)
    for label in ("cat", "dog"):
        write_pictures(Path("pictures/test", label), 4)


def nothing(names: dict) -> None:
    pass


SETUPS: dict[str, Callable[[dict], None]] = {
    "README.md": first_page,
    "docs/boards.md": boards,
    "docs/c-engine.md": c_engine,
    "docs/conversion.md": conversion,
    "docs/cost_model.md": cost_model,
    "docs/devices.md": devices,
    "docs/formats.md": formats,
    "docs/from-sensor.md": sensor,
    "docs/mlperf_tiny.md": mlperf,
    "docs/mobilenet.md": pictures,
    "docs/pruning.md": nothing,
    "docs/training.md": nothing,
}


def test_every_block_has_a_language_and_every_page_that_runs_has_a_test():
    for page in PAGES:
        assert all(block.language for block in blocks_of(page)), (
            f"{page}: a block names no language; 'text' is one"
        )
    running = {page for page in PAGES if any(block.language in RUNNABLE for block in blocks_of(page))}
    assert running == set(SETUPS) | set(OWN_TESTS)


@pytest.mark.parametrize("page", PAGES)
def test_no_command_stands_outside_a_block(page):
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    assert not re.findall(r"^ +(?:tinygmp|python3?|make|pip|\.venv/\S+) .*$", text, re.MULTILINE)


@pytest.mark.parametrize("page", SETUPS)
def test_the_page_runs(page, tinygmp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    SETUPS[page](names)
    for block in blocks_of(page):
        if block.not_run or block.language not in RUNNABLE:
            continue
        if block.language == "python":
            exec(compile(block.text, page, "exec"), names)
        elif block.language == "c":
            names["lines"] = [*names.get("lines", []), *block.text.splitlines()]
            compile_c(names["lines"], names)
        else:
            for line in block.text.replace("\\\n", " ").splitlines():
                run_line(line, tinygmp)


def run_line(line: str, tinygmp: Callable) -> None:
    program, *arguments = shlex.split(line, comments=True)
    if program.startswith("python"):
        helped = [sys.executable, str(ROOT / arguments[0]), "--help"]
        told = subprocess.run(helped, capture_output=True, text=True, check=True).stdout
        assert [word for word in arguments if word.startswith("--") and word not in told] == [], line
        return
    assert program == "tinygmp", line
    spoken = tinygmp(*arguments, *shlex.split(SHORTER.get(arguments[0], "")))
    if spoken.code == 3:
        pytest.skip(spoken.err)
    assert spoken.code == 0, (line, spoken.out, spoken.err)
    if arguments[0] == "init":
        quicken(Path(arguments[arguments.index("--out") + 1]))


def compile_c(lines: list[str], names: dict) -> None:
    """Compile the page's lines so far as the body of a function, among the headers of the converted model."""
    includes = [f'#include "{header}"' for header in names.get("include", ["har2.h"])]
    includes += [line for line in lines if line.startswith("#")]
    body = [line for line in lines if not line.startswith("#")]
    (taken,) = names["c"]
    source = [*includes, f"void use({taken});", f"void use({taken})", "{", *body, "}"]
    Path("use.c").write_text("\n".join(source) + "\n")
    command = [*host_compiler(), "-std=c99", "-Wall", "-Wno-unused", "-Werror", "-c", "use.c", "-o", "use.o"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""The library folder of a graph: both examples say what the reference says, its sources build for boards."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converters.base import converter
from converters.to_c.known_sample import CHECKSUM_FACTOR, CHECKSUM_START, known_inputs
from converters.to_c.library import convert_to_library
from tests.converters.image_models import EVEN, ODD, model_of
from tests.converters.test_to_c_library import STUB, motion_model, printed, sketch_program
from tinygmp.artifact import Artifact
from tinygmp.device.cores import CORES
from tinygmp.device.host import STRICT
from tinygmp.device.tools import host_compiler, require, zig
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.reference.run import run

GRAPHS = [random_graph(seed) for seed in range(40)]
MODELS = {
    "image in scratch": model_of(EVEN),
    "sparse image": model_of(ODD, "rice", 0.25),
    "several inputs": next(each for each in GRAPHS if len(each.inputs) > 1),
    "several outputs": next(each for each in GRAPHS if len(each.outputs) > 1),
    "sensor counts": next(each for each in GRAPHS if each.input.dtype == "int16"),
    "int8": next(each for each in GRAPHS if each.input.dtype == "int8"),
    "no labels": replace(model_of(EVEN), labels=()),
}
ARM = ("-mcpu=cortex-m4", "-mthumb")


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def model(request: pytest.FixtureRequest) -> PackedModel:
    return request.param


@pytest.fixture
def library(model) -> Artifact:
    return convert_to_library(model)


def expected_lines(model: PackedModel) -> list[str]:
    """Return what an example prints from the class on; the checksum is counted here once more, on its own."""
    answer = run(model, *known_inputs(model))
    lines = [f"class {answer.classes[0]}: {model.labels[answer.classes[0]]}"] if model.labels else []
    checksum = np.uint64(CHECKSUM_START)
    for name in model.outputs:
        flat = answer.outputs[name].ravel()
        called = "logits" if len(model.outputs) == 1 else name.replace(".", "_").lower()
        lines.append(f"{called}: {' '.join(map(str, flat))}")
        for word in flat.astype(np.int32).view(np.uint32):
            checksum = (checksum ^ np.uint64(word)) * np.uint64(CHECKSUM_FACTOR) & np.uint64(0xFFFFFFFF)
    return [*lines, f"checksum {checksum:X}, right"]


def console_program(artifact: Artifact, folder: Path, *flags: str) -> Path:
    """Compile the console example as its comment tells; with every warning an error."""
    artifact.write(folder)
    found = re.search(r"cc -O2 (.*) -o", artifact.files["examples/console/main.c"].decode())
    assert found is not None
    told = [*found[1].split(), "-o", "console"]
    subprocess.run([*host_compiler(), "-std=c99", *STRICT, *flags, *told], cwd=folder, check=True)
    return folder / "console"


def test_the_sketch_says_what_the_reference_says(model, library, tmp_path):
    lines = printed(sketch_program(library, tmp_path), b"")
    assert lines[2:-1] == expected_lines(model)
    assert re.fullmatch(r"\d+ microseconds", lines[-1])


def test_the_console_example_prints_the_same(model, library, tmp_path):
    lines = printed(console_program(library, tmp_path, "-fsanitize=address,undefined"), b"")
    assert lines[2:] == expected_lines(model)
    assert re.fullmatch(rf"model {model.name}, SHA-256 [0-9a-f]{{64}}", lines[0])
    header = library.files[f"src/{model.name}.h"].decode()
    payload, scratch = (int(re.search(rf"_{name}_BYTES (\d+)", header)[1]) for name in ("PAYLOAD", "SCRATCH"))
    inside = "_PIXELS_OFFSET " in header
    names = (*(() if inside else model.inputs), *model.outputs)
    ram = scratch + sum(model.values[name].bytes for name in names)
    assert lines[1] == f"flash: {payload} B of weights, and the code; RAM: {ram} B, and the stack"


def test_a_wrong_answer_is_told(tmp_path):
    library = convert_to_library(model_of(EVEN))
    source = library.files["src/random_images5.c"]
    first = re.search(rb"fc_bias\[3\] TG_FLASH = \{\n    (-?\d+),", source)
    other = source[: first.start(1)] + b"999999" + source[first.end(1) :]
    damaged = replace(library, files={**library.files, "src/random_images5.c": other})
    done = subprocess.run([console_program(damaged, tmp_path)], capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].endswith(b", WRONG")


def test_it_builds_for_a_board_without_a_warning(model, library, tmp_path):
    library.write(tmp_path)
    flags = ("-Os", *STRICT, "-Isrc", "-ffreestanding")
    for compiler in ([require("arm-none-eabi-gcc"), *ARM], [*zig("cc"), *CORES["cortex-m4f"].zig_flags]):
        command = [*compiler, *flags, "-std=c99", "-c", f"src/{model.name}.c", "-o", "model.o"]
        subprocess.run(command, cwd=tmp_path, check=True)
    more = ("-std=gnu++11", "-Wold-style-cast", "-fno-exceptions", f"-I{STUB}", "-include", "Arduino.h")
    plus = [*zig("c++"), *CORES["cortex-m4f"].zig_flags]
    command = [*plus, *flags, *more, "-x", "c++", "-c", library.entry_point, "-o", "sketch.o"]
    subprocess.run(command, cwd=tmp_path, check=True)


@pytest.mark.parametrize("level", ["-Os", "-O2", "-O3"])
def test_a_library_needs_no_more_than_its_header_says(level, tmp_path):
    """Beside what the compiler brings itself, whose names are reserved."""
    compiler, _ = require("arm-none-eabi-gcc"), require("elftools")
    from elftools.elf.elffile import ELFFile

    for number, model in enumerate((motion_model(), *MODELS.values())):
        folder = tmp_path / str(number)
        library = convert_to_library(model)
        library.write(folder)
        sources = [path for path in library.files if path.startswith("src/") and path.endswith(".c")]
        for core in ("cortex-m4", "cortex-m0plus"):
            flags = [f"-mcpu={core}", "-mthumb", level, "-std=c99", "-nostdlib", "-r"]
            subprocess.run([compiler, *flags, *sources, "-o", "all.o"], cwd=folder, check=True)
            with (folder / "all.o").open("rb") as stream:
                symbols = list(ELFFile(stream).get_section_by_name(".symtab").iter_symbols())
            needed = {each.name for each in symbols if each.name and each["st_shndx"] == "SHN_UNDEF"}
            assert {name for name in needed if not name.startswith("__")} <= {"memset", "memcpy"}


@pytest.mark.parametrize("which", ["image in scratch", "sensor"])
def test_cmake_builds_library_and_example(which, tmp_path):
    cmake = require("cmake")
    model = motion_model() if which == "sensor" else MODELS[which]
    convert_to_library(model).write(tmp_path)
    for arguments in (["-S", ".", "-B", "build"], ["--build", "build"]):
        subprocess.run([cmake, *arguments], cwd=tmp_path, check=True, capture_output=True)
    program = tmp_path / "build" / f"tinygmp_{model.name}_example"
    assert printed(program, b"")[2:] == ([] if which == "sensor" else expected_lines(model))


def test_a_picture_model_tells_how_to_fill_its_buffer():
    coloured = convert_to_library(model_of(EVEN)).files["examples/RandomImages5/RandomImages5.ino"].decode()
    told = "uint8_t [20][20][3] of rows, columns, channels, 0..255; real = 0.00784314 * (q - 128)"
    assert f"//   pixels: {told}\n" in coloured
    assert "RGB565" in coloured
    assert "RANDOM_IMAGES5_PIXELS_OFFSET on; a run overwrites it" in coloured
    several = convert_to_library(MODELS["several inputs"])
    assert "RGB565" not in several.files[several.entry_point].decode()


def test_one_layout_for_every_model(model, library):
    assert set(library.files) == {
        "library.properties", "library.json", "CMakeLists.txt", "examples/console/main.c", library.entry_point,
        f"src/{model.name}.h", f"src/{model.name}.c",
    }  # fmt: skip
    assert converter("arduino")(model).files == library.files


@pytest.mark.parametrize("name", ["string", "stdint", "arduino"])
def test_a_header_of_others_is_not_replaced(name):
    with pytest.raises(UnsupportedError, match=f"'{name}' cannot be a library: .* <{name}.h>; pack it under"):
        convert_to_library(replace(model_of(EVEN), name=name))


def test_the_c_target_has_the_example_without_a_reference():
    text = converter("c")(model_of(EVEN)).files["example_main.c"].decode()
    assert "cc -O2 example_main.c random_images5.c -o random_images5" in text
    assert "REFERENCE" not in text
    assert "fill_inputs" in text

"""The library folder: its sketch runs against a stubbed board, its sources build for AVR, ARM and with CMake."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converters.base import converter
from converters.to_c.gravity import CHANNELS
from converters.to_c.library import convert_to_library
from converters.to_c.sensor_sketch import sensor_range
from tests.graph_edits import with_fields
from tinygmp.artifact import Artifact
from tinygmp.device.tools import require
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run
from tinygmp.graph.reject import NONE, Reject
from tinygmp.quant.gravity import nine_channels

STUB = Path(__file__).parent / "arduino_stub"
STEPS = 16
COUNTS = {"g": 8192.0, "rad/s": 3754.936}
STRICT = ("-Wall", "-Wextra", "-Werror")


def motion_model(channels: tuple[str, ...] = CHANNELS, counts: dict[str, float] = COUNTS) -> PackedModel:
    model = random_model(3, inputs=len(channels), hidden=12, classes=4, steps=STEPS)
    units = tuple("rad/s" if "gyro" in name else "g" for name in channels)
    model = with_fields(
        model,
        "sensor",
        channel_names=channels,
        units=units,
        counts_per_unit=tuple(counts[unit] for unit in units),
    )
    return replace(model, name="my_motion")


@pytest.fixture(scope="module")
def nine() -> Artifact:
    return convert_to_library(motion_model())


def sketch_program(artifact: Artifact, folder: Path) -> Path:
    """Compile the example sketch and the library against the stub; an Arduino build adds the first #include too."""
    compiler = require("g++")
    artifact.write(folder)
    sources = [path for path in artifact.files if path.startswith("src/") and path.endswith(".c")]
    flags = ["-O1", "-fsanitize=undefined", *STRICT, f"-I{STUB}", "-Isrc"]
    for source in sources:
        subprocess.run([require("gcc"), *flags, "-std=c99", "-c", source], cwd=folder, check=True)
    objects = [f"{Path(source).stem}.o" for source in sources]
    (folder / "sketch.cpp").write_text(f'#include <Arduino.h>\n#include "{artifact.entry_point}"\n')
    subprocess.run(
        [compiler, *flags, "-std=gnu++11", "sketch.cpp", STUB / "main.cpp", *objects, "-o", "sketch"],
        cwd=folder,
        check=True,
    )
    return folder / "sketch"


def samples(windows: int) -> np.ndarray:
    """Return int16 six-axis counts: one sample that only begins the filter, then whole windows."""
    rng = np.random.default_rng(8)
    walk = np.cumsum(rng.normal(0, 900, (windows * STEPS + 1, 6)), axis=0)
    return np.clip(walk, -32768, 32767).astype(np.int16)


def i2c_bytes(sensor: np.ndarray) -> bytes:
    temperature = np.full((len(sensor), 1), 1234, np.int16)
    return np.hstack([sensor[:, :3], temperature, sensor[:, 3:]]).astype(">i2").tobytes()


def printed(sketch: Path, content: bytes) -> list[str]:
    done = subprocess.run([sketch], input=content, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return done.stdout.decode().splitlines()


def labels_of(model: PackedModel, counts: np.ndarray) -> list[str]:
    windows = counts.reshape(-1, STEPS, counts.shape[-1])
    return ["none of these" if row == NONE else model.labels[row] for row in run(model, windows).answers]


def test_the_sketch_of_nine_channels_says_what_the_reference_says(nine, tmp_path):
    sensor = samples(30)
    lines = printed(sketch_program(nine, tmp_path), i2c_bytes(sensor))
    # The sample that setup() reads begins the filter: one more step at no distance, which moves nothing.
    expected = labels_of(motion_model(), nine_channels(sensor)[1:])
    assert len(set(expected)) > 1
    assert lines[:-1] == expected
    assert lines[-1] == "gyro range 08, acceleration range 08, power 01"


def test_the_sketch_of_six_channels_needs_no_filter(tmp_path):
    model = motion_model(CHANNELS[3:], {"g": 16384.0, "rad/s": 32768 / 2000 * 57.29578})
    library = convert_to_library(model)
    assert not any("gravity" in path for path in library.files)
    sensor = samples(20)
    lines = printed(sketch_program(library, tmp_path), i2c_bytes(sensor))
    assert lines[:-1] == labels_of(model, sensor[1:, [3, 4, 5, 0, 1, 2]])
    assert lines[-1] == "gyro range 18, acceleration range 00, power 01"


def test_any_other_model_gets_a_sketch_that_takes_counts(tmp_path):
    model = replace(random_model(3, inputs=2, hidden=6, classes=3, steps=STEPS), name="other")
    counts = samples(12)[1:, :2]
    text = "\n".join(" ".join(map(str, row)) for row in counts.tolist())
    lines = printed(sketch_program(convert_to_library(model), tmp_path), text.encode())
    assert lines == labels_of(model, counts)


def half_rejecting(model: PackedModel, counts: np.ndarray) -> PackedModel:
    """Return the model with centroids of zeros and a limit that refuses about half of the windows."""
    top = run(model, counts.reshape(-1, STEPS, counts.shape[-1])).states["top"]
    reject = Reject(np.zeros((len(model.labels), top.shape[1]), np.int8), 0)
    limit = int(np.median(reject.distances(top, np.zeros(len(top), int))))
    return replace(model, reject=replace(reject, limit=limit))


@pytest.mark.parametrize("sensor", [True, False])
def test_sketches_print_none_of_these(sensor, tmp_path):
    if sensor:
        plain = motion_model(CHANNELS[3:], {"g": 16384.0, "rad/s": 32768 / 2000 * 57.29578})
        sent = samples(20)
        counts, content = sent[1:, [3, 4, 5, 0, 1, 2]], i2c_bytes(sent)
    else:
        plain = replace(random_model(3, inputs=2, hidden=6, classes=3, steps=STEPS), name="other")
        counts = samples(12)[1:, :2]
        content = "\n".join(" ".join(map(str, row)) for row in counts.tolist()).encode()
    model = half_rejecting(plain, counts)
    expected = labels_of(model, counts)
    assert 0 < expected.count("none of these") < len(expected)
    lines = printed(sketch_program(convert_to_library(model), tmp_path), content)
    assert lines[: len(expected)] == expected


@pytest.mark.parametrize(
    "model",
    [
        random_model(1),
        motion_model(counts={"g": 9000.0, "rad/s": 3754.9}),
        motion_model(counts={"g": 8192.0, "rad/s": 65.5}),
        motion_model(CHANNELS[:6]),
    ],
    ids=["unknown channels", "no such acceleration range", "degrees", "body acceleration alone"],
)
def test_a_model_that_no_range_fits_gets_no_sensor(model):
    assert sensor_range(model.node("sensor").operator) is None


def test_units_decide_too():
    layer = motion_model().node("sensor").operator
    assert sensor_range(layer).full_scale_degrees_s == 500
    assert sensor_range(replace(layer, units=("g",) * 9)) is None


def test_the_folder_is_a_library(nine):
    assert set(nine.files) == {
        "library.properties", "library.json", "CMakeLists.txt", "examples/MyMotion/MyMotion.ino",
        "src/my_motion.h", "src/my_motion.c", "src/my_motion_gravity.h", "src/my_motion_gravity.c",
        "src/my_motion_sliding.h", "examples/console/main.c",
    }  # fmt: skip
    lines = nine.files["library.properties"].decode().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    assert len(properties) == len(lines) == 10
    assert properties["name"] == "tinygmp_my_motion"
    assert properties["includes"] == "my_motion.h,my_motion_gravity.h"
    manifest = json.loads(nine.files["library.json"])
    assert f"{manifest['examples'][0]['base']}/{manifest['examples'][0]['files'][0]}" == nine.entry_point
    assert manifest["version"] == properties["version"]
    sketch = nine.files[nine.entry_point].decode()
    assert "//   total_acc_x: 8192 counts per g, mean in training " in sketch


def test_the_same_model_gives_the_same_bytes(nine):
    again = converter("arduino")(motion_model())
    assert again.files == nine.files


AVR = ("avr-gcc", "-mmcu=atmega328p")
CORTEX_M4 = ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb")


@pytest.mark.parametrize("core", [AVR, CORTEX_M4], ids=["atmega328p", "cortex-m4"])
def test_the_sources_build_for_boards(core, nine, tmp_path):
    nine.write(tmp_path)
    for source in ("my_motion.c", "my_motion_gravity.c"):
        command = [require(core[0]), *core[1:], "-Os", "-std=c99", *STRICT, "-ffreestanding", "-c", source]
        subprocess.run(command, cwd=tmp_path / "src", check=True)


def test_the_sketch_compiles_for_an_uno(nine, tmp_path):
    compiler = require("avr-g++")
    nine.write(tmp_path)
    flags = ["-mmcu=atmega328p", "-Os", "-std=gnu++11", "-x", "c++", f"-I{STUB}", "-Isrc", *STRICT]
    command = [compiler, *flags, "-include", "Arduino.h", "-c", nine.entry_point, "-o", "sketch.o"]
    subprocess.run(command, cwd=tmp_path, check=True)


USER = """cmake_minimum_required(VERSION 3.13)
project(user C)
add_subdirectory(library)
add_executable(user user.c)
target_link_libraries(user PRIVATE tinygmp_my_motion)
"""


def test_the_cmake_target_links(nine, tmp_path):
    cmake = require("cmake")
    nine.write(tmp_path / "library")
    (tmp_path / "CMakeLists.txt").write_text(USER)
    (tmp_path / "user.c").write_text(
        '#include "my_motion.h"\nint main(void) { my_motion_state s; my_motion_init(&s); return s.top[0]; }\n'
    )
    subprocess.run([cmake, "-S", ".", "-B", "build"], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([cmake, "--build", "build"], cwd=tmp_path, check=True, capture_output=True)
    assert subprocess.run([tmp_path / "build" / "user"], check=False).returncode == 0


def test_the_cmake_target_names_every_source(nine):
    text = nine.files["CMakeLists.txt"].decode()
    sources = [path for path in nine.files if path.startswith("src/") and path.endswith(".c")]
    assert f"STATIC {' '.join(sorted(sources))})" in text

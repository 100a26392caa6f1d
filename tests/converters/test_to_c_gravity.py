"""The gravity filter in C equals its definition bit for bit, at every extreme and over many samples."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converters.to_c.convert import convert
from converters.to_c.gravity import CHANNELS, gravity_files
from tests.graph_edits import with_fields
from tinygmp.device.host import STRICT
from tinygmp.device.tools import host_compiler, require
from tinygmp.errors import UnsupportedError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model
from tinygmp.graph.window_chain import chain_of
from tinygmp.quant.gravity import nine_channels

MAIN = """
#include <stdio.h>
#include "nine_gravity.h"
int main(void)
{
    int16_t sample[6], counts[9];
    nine_gravity_state state;
    int started = 0;
    while (fread(sample, sizeof sample, 1, stdin) == 1) {
        if (!started++) {
            nine_gravity_init(&state, sample);
        }
        nine_gravity_step(&state, sample, counts);
        fwrite(counts, sizeof counts, 1, stdout);
    }
    return 0;
}
"""


def nine_channel_model() -> PackedModel:
    model = random_model(1, inputs=9, hidden=8)
    model = with_fields(
        model,
        "sensor",
        channel_names=CHANNELS,
        units=("g",) * 3 + ("rad/s",) * 3 + ("g",) * 3,
        counts_per_unit=(8192.0,) * 3 + (3754.9,) * 3 + (8192.0,) * 3,
    )
    return replace(model, name="nine")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gravity")
    for name, content in gravity_files(chain_of(nine_channel_model())).items():
        (folder / name).write_bytes(content)
    (folder / "main.c").write_text(MAIN)
    compiler = [*host_compiler(), "-std=c99", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    subprocess.run([*compiler, *STRICT, "main.c", "nine_gravity.c", "-o", "filter"], cwd=folder, check=True)
    return folder / "filter"


def in_c(program: Path, counts: np.ndarray) -> np.ndarray:
    done = subprocess.run([program], input=counts.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.int16).reshape(-1, 9)


def extreme_streams() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    steps = np.arange(2000)[:, None] * np.ones((1, 6), int)
    return [
        rng.integers(-32768, 32768, (5000, 6)),
        rng.choice([-32768, 32767], (5000, 6)),
        np.where(steps % 2, 32767, -32768),
        np.where(steps // 500 % 2, 32767, -32768),
        *(np.full((1500, 6), value) for value in (-32768, -1, 0, 1, 32767)),
        8192 + np.cumsum(rng.integers(-9, 10, (20000, 6)), axis=0).clip(-20000, 20000),
    ]


@pytest.mark.parametrize("counts", extreme_streams())
def test_c_equals_the_definition(program, counts):
    counts = counts.astype(np.int16)
    assert np.array_equal(in_c(program, counts), nine_channels(counts))


def test_the_c_artifact_carries_the_filter_where_it_fits():
    nine = convert(nine_channel_model()).files
    assert {"nine_gravity.h", "nine_gravity.c"} < set(nine)
    header = nine["nine_gravity.h"].decode()
    assert "0  total_acc_x, 8192 counts per g" in header
    assert "3  body_gyro_x, 3754.9 counts per rad/s" in header
    assert not any("gravity" in name for name in convert(random_model(1, inputs=9, hidden=8)).files)


def test_other_channels_are_refused():
    with pytest.raises(UnsupportedError, match="the gravity filter feeds body_acc_x"):
        gravity_files(chain_of(random_model(1)))


def test_accelerations_in_different_counts_are_refused():
    model = nine_channel_model()
    counts_per_unit = model.node("sensor").operator.counts_per_unit
    with pytest.raises(UnsupportedError, match="same counts"):
        gravity_files(
            chain_of(with_fields(model, "sensor", counts_per_unit=(4096.0,) * 3 + counts_per_unit[3:]))
        )


def test_it_compiles_for_an_8_bit_core(tmp_path):
    compiler = require("avr-gcc")
    for name, content in gravity_files(chain_of(nine_channel_model())).items():
        (tmp_path / name).write_bytes(content)
    flags = ["-mmcu=atmega328p", "-Os", "-std=c99", *STRICT]
    subprocess.run([compiler, *flags, "-c", "nine_gravity.c"], cwd=tmp_path, check=True)
    size = subprocess.run(
        [require("avr-size"), "nine_gravity.o"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(size.stdout.split("\n")[1].split()[0]) < 500

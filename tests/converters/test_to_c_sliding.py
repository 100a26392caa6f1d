"""Overlapping windows and margins in C: what the reference says of every window cut out of the stream."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.to_c.convert import convert
from tinygmp.device.host import STRICT
from tinygmp.device.tools import host_compiler, require
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run

CHANNELS, CLASSES, SAMPLES = 3, 4, 200
MAIN = """#include <stdio.h>
#include <stdlib.h>
#include "walk_sliding.h"
int main(int argc, char **argv)
{
    const uint16_t window = (uint16_t)atoi(argv[1]), stride = (uint16_t)atoi(argv[2]);
    const uint16_t count = WALK_SLIDING_SLOTS(window, stride);
    walk_sliding_slot *slots = malloc(WALK_SLIDING_BYTES(window, stride));
    int16_t counts[WALK_CHANNELS];
    int32_t logits[WALK_CLASSES];
    (void)argc;
    walk_sliding_init(slots, count, stride);
    while (fread(counts, sizeof counts, 1, stdin) == 1) {
        const int16_t found = walk_sliding_step(slots, count, window, stride, counts, logits);
        printf("%d", found);
        if (found >= 0) {
            int row;
            for (row = 0; row < WALK_CLASSES; row++) {
                printf(" %ld", (long)logits[row]);
            }
            printf(" %ld", (long)walk_margin(logits));
        }
        printf("\\n");
    }
    free(slots);
    return 0;
}
"""
MARGIN = """#include <stdio.h>
#include "walk_sliding.h"
int main(void)
{
    int32_t logits[WALK_CLASSES];
    while (fread(logits, sizeof logits, 1, stdin) == 1) {
        printf("%ld\\n", (long)walk_margin(logits));
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def model() -> PackedModel:
    from dataclasses import replace

    return replace(random_model(2, inputs=CHANNELS, hidden=12, classes=CLASSES, w_kept=0.6), name="walk")


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("sliding")
    convert(model).write(place)
    for name, text in (("slide", MAIN), ("margin", MARGIN)):
        (place / f"{name}.c").write_text(text)
        command = [*host_compiler(), "-O1", "-std=c99", *STRICT, f"{name}.c", "walk.c", "-o", name]
        subprocess.run(command, cwd=place, check=True)
    return place


@pytest.mark.parametrize(
    ("window", "stride"), [(20, 20), (20, 5), (20, 7), (9, 1), (1, 1), (5, 30), (128, 64)]
)
def test_every_window_gets_the_answer_of_the_reference(model, folder, window, stride):
    counts = np.random.default_rng(3).integers(-9000, 9000, (SAMPLES, CHANNELS)).astype(np.int16)
    program = [folder / "slide", str(window), str(stride)]
    told = subprocess.run(program, input=counts.tobytes(), capture_output=True, check=True).stdout.decode()
    ended = {at: list(map(int, line.split())) for at, line in enumerate(told.splitlines()) if line != "-1"}
    starts = range(0, SAMPLES - window + 1, stride)
    assert list(ended) == [start + window - 1 for start in starts]
    expected = run(model, np.stack([counts[start : start + window] for start in starts]))
    for line, logits, found in zip(ended.values(), expected.logits, expected.classes, strict=True):
        assert line[0] == found
        assert line[1:-1] == logits.tolist()
        best, second = sorted(map(int, logits), reverse=True)[:2]
        assert line[-1] == best - second


LOGIT = st.integers(-(2**31), 2**31 - 1)


@given(st.lists(st.lists(LOGIT, min_size=CLASSES, max_size=CLASSES), min_size=1, max_size=20))
def test_the_margin_is_the_distance_to_the_second(folder, rows):
    data = np.array(rows, np.int32).tobytes()
    told = subprocess.run([folder / "margin"], input=data, capture_output=True, check=True).stdout.split()
    for row, margin in zip(rows, told, strict=True):
        best, second = sorted(row, reverse=True)[:2]
        assert int(margin) == min(best - second, 2**31 - 1)


def test_what_is_not_called_takes_no_flash(model):
    assert b"sliding" not in convert(model).files["walk.c"]


def test_slots_are_counted_where_int_has_16_bits(tmp_path):
    """A window of 65,500 at a stride of 100 takes 655 slots on an AVR too."""
    compiler = require("avr-gcc")
    files = convert(random_model(1, inputs=2, hidden=4)).files
    (tmp_path / "random1.h").write_bytes(files["random1.h"])
    (tmp_path / "random1_sliding.h").write_bytes(files["random1_sliding.h"])
    source = '#include "random1_sliding.h"\ntypedef char right[RANDOM1_SLIDING_SLOTS(65500u, 100u) == 655 ? 1 : -1];'
    (tmp_path / "main.c").write_text(source + "\nint main(void) { return 0; }\n")
    command = [compiler, "-mmcu=atmega328p", "-std=c99", *STRICT, "-c", "main.c"]
    subprocess.run(command, cwd=tmp_path, check=True)

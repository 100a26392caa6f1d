"""The gravity filter on simulated cores: estimates and body acceleration equal the definition, cycles within bounds."""

import numpy as np
import pytest

from converters.to_c.runtime_text import joined_kernels
from tinygmp.artifact import Artifact
from tinygmp.device.board import find_board
from tinygmp.device.lab import measure
from tinygmp.errors import MissingToolError
from tinygmp.quant.gravity import gravity_step

# The filter in the clothes of a model: the lab runs it and its "logits" are the state.
HEADER = """
#include <stdint.h>
#define FILTER_CHANNELS 3
#define FILTER_CLASSES 6
typedef struct { int32_t estimate[3]; int16_t body[3]; } filter_state;
void filter_init(filter_state *state);
void filter_step(filter_state *state, const int16_t *total);
uint8_t filter_predict(filter_state *state, int32_t *logits);
"""
SOURCE = """
void filter_init(filter_state *state)
{
    uint8_t axis;
    for (axis = 0; axis < 3; axis++) {
        state->estimate[axis] = 0;
    }
}
void filter_step(filter_state *state, const int16_t *total)
{
    tg_gravity_int16(state->estimate, total, state->body);
}
uint8_t filter_predict(filter_state *state, int32_t *logits)
{
    uint8_t axis, best = 0;
    for (axis = 0; axis < 3; axis++) {
        logits[axis] = state->estimate[axis];
        logits[3 + axis] = state->body[axis];
    }
    for (axis = 1; axis < 6; axis++) {
        best = logits[axis] > logits[best] ? axis : best;
    }
    return best;
}
"""


def filter_artifact() -> Artifact:
    source = '#include "filter.h"\n' + joined_kernels(("tg_gravity.c",)) + SOURCE
    return Artifact("c", "filter", {"filter.h": HEADER.encode(), "filter.c": source.encode()}, "filter.c")


def defined(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return estimate and body acceleration after the last step, int32 [windows, 6], and which is largest."""
    estimate = np.zeros((len(windows), 3), np.int32)
    body = np.zeros((len(windows), 3), np.int16)
    for step in range(windows.shape[1]):
        estimate, body = gravity_step(estimate, windows[:, step])
    answer = np.concatenate([estimate, body], axis=1).astype(np.int32)
    return answer, answer.argmax(axis=1)


@pytest.mark.parametrize(
    ("board", "cycles"),
    [
        ("arduino-uno", 1200),
        ("nucleo-g071rb", 200),
        ("nucleo-f446re", None),
        ("longan-nano", None),
        ("msp430g2553", None),
    ],
)
def test_a_core_computes_what_is_defined(board, cycles):
    rng = np.random.default_rng(6)
    windows = np.concatenate(
        [
            rng.integers(-32768, 32768, (6, 60, 3)),
            rng.choice([-32768, 32767], (4, 60, 3)),
            *(np.full((1, 60, 3), value) for value in (-32768, -1, 1, 32767)),
        ]
    ).astype(np.int16)
    try:
        report = measure(filter_artifact(), find_board(board), windows, defined, "fastest")
    except MissingToolError as missing:
        pytest.skip(str(missing))
    assert report.parity is not None
    assert report.parity.exact
    if cycles is not None:
        assert report.worst_cycles_per_step is not None
        assert report.worst_cycles_per_step < cycles

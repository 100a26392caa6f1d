"""Small models in C, written by hand, whose answers and costs are known beforehand."""

import numpy as np
import pytest

from tinygmp.artifact import Artifact
from tinygmp.device.tools import require

HEADER = """
#include <stdint.h>
#define {upper}_CHANNELS 2
#define {upper}_CLASSES 3
typedef struct {{ int32_t sum[2]; }} {name}_state;
void {name}_init({name}_state *state);
void {name}_step({name}_state *state, const int16_t counts[2]);
uint8_t {name}_predict(const {name}_state *state, int32_t logits[3]);
"""

# Sums each channel over the window; a logit is a row of weights times the two sums.
SOURCE = """
#include "{name}.h"
static const int8_t {name}_weights[3][2] = {{{{1, -2}}, {{3, 4}}, {{-5, 6}}}};
void {name}_init({name}_state *s) {{ s->sum[0] = 0; s->sum[1] = 0; }}
{step}
uint8_t {name}_predict(const {name}_state *s, int32_t l[3])
{{
    uint8_t best = 0;
    for (uint8_t i = 0; i < 3; i++) {{
        l[i] = {name}_weights[i][0] * s->sum[0] + {name}_weights[i][1] * s->sum[1];
        if (l[i] > l[best]) {{
            best = i;
        }}
    }}
    return best;
}}
"""
SUM_STEP = """
void {name}_step({name}_state *s, const int16_t c[2]) {{ s->sum[0] += c[0]; s->sum[1] += c[1]; }}
"""
WEIGHTS = np.array([[1, -2], [3, 4], [-5, 6]])

# A loop of five rounds: 1 + 5 * 2 + 1 = 12 instructions on every core, and cycles that data sheets give.
COUNTED_STEP = """
#if defined(__arm__)
#define BODY ".syntax unified\\n movs r2, #5\\n 1: subs r2, #1\\n bne 1b\\n bx lr"
#elif defined(__riscv)
#define BODY "li a2, 5\\n 1: addi a2, a2, -1\\n bnez a2, 1b\\n ret"
#elif defined(__AVR__)
#define BODY "ldi r18, 5\\n 1: dec r18\\n brne 1b\\n ret"
#else
#define BODY "mov #5, r14\\n 1: dec r14\\n jnz 1b\\n ret"
#endif
__attribute__((naked)) void {name}_step({name}_state *s, const int16_t c[2]) {{ __asm__ volatile(BODY); }}
"""
# Writes a local array of DEPTH bytes, so that the peak stack moves with DEPTH alone.
DEEP_STEP = """
void {name}_step({name}_state *s, const int16_t c[2])
{{
    volatile uint8_t deep[DEPTH];
    for (uint16_t i = 0; i < DEPTH; i++) {{
        deep[i] = (uint8_t)c[0];
    }}
    s->sum[0] += deep[0];
}}
"""


def make_model(name: str, step: str = SUM_STEP, source: str = SOURCE) -> Artifact:
    """Return a C artifact of two channels and three classes with a given step function."""
    names = {"name": name, "upper": name.upper()}
    text = source.format(step=step.format(**names), **names)
    files = {f"{name}.h": HEADER.format(**names).encode(), f"{name}.c": text.encode()}
    return Artifact("c", name, files, f"{name}.h")


@pytest.fixture(scope="session")
def summing() -> Artifact:
    return make_model("summing")


@pytest.fixture(scope="session")
def counted() -> Artifact:
    return make_model("counted", COUNTED_STEP)


@pytest.fixture(scope="session")
def deep() -> Artifact:
    return make_model("deep", DEEP_STEP)


@pytest.fixture(scope="session")
def windows() -> np.ndarray:
    """Eight windows of twenty steps, extremes of int16 among them."""
    counts = np.random.default_rng(7).integers(-2000, 2000, (8, 20, 2)).astype(np.int16)
    counts[0], counts[1] = -32768, 32767
    return counts


@pytest.fixture(scope="session")
def summing_logits():
    """Gives the right logits of the summing model, int32 [windows, 3], for counts."""
    return lambda counts: (counts.astype(np.int64).sum(axis=1) @ WEIGHTS.T).astype(np.int32)


@pytest.fixture(scope="session")
def summing_reference(summing_logits):
    """The reference of the summing model: (logits, classes) of counts."""

    def reference(counts):
        logits = summing_logits(counts)
        return logits, logits.argmax(axis=1)

    return reference


@pytest.fixture(scope="session")
def zero_reference():
    """The reference of models that never add anything up: (logits, classes) are 0."""
    return lambda counts: (np.zeros((len(counts), 3), np.int32), np.zeros(len(counts), np.uint8))


@pytest.fixture
def needs():
    """Skip, with the install line, when a tool is absent."""

    def check(*names: str) -> None:
        for name in names:
            require(name)

    return check

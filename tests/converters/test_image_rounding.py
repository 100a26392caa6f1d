"""The C of both roundings against numpy, most of all where a float32 product falls on, or beside, a half."""

import subprocess

import numpy as np
import pytest

from converters.to_c.runtime_text import joined_kernels
from tinygmp.device.tools import host_compiler
from tinygmp.quant.rounding_multiply import (
    float32_multiply,
    quantize_multiplier,
    rounding_multiply,
    rounding_multiply_once,
)

MAIN = """
#include <stdio.h>
int main(void)
{
    int32_t in[3];
    while (fread(in, sizeof in[0], 3, stdin) == 3) {
        const int32_t bias = 0;
        const int32_t multiplier = in[1];
        const uint8_t shift = (uint8_t)in[2];
        tg_layer layer = {0};
        tg_channel channel;
        int8_t out[2];
        layer.bias = &bias;
        layer.multiplier = &multiplier;
        layer.shift = &shift;
        layer.low = -128;
        layer.high = 127;
        channel = tg_channel_of(&layer, 0);
        out[0] = tg_scale_channel(in[0], &channel);
        out[1] = tg_scale_logit(in[0], &layer);
        fwrite(out, 1, 2, stdout);
    }
    return 0;
}
"""
SOURCES = {
    "fp32": ("tg_channel_scale_fp32.c", "tg_logit_scale_fp32.c"),
    "gemmlowp": ("tg_channel_scale.c", "tg_logit_scale.c"),
}
EXPECTED = {
    "fp32": (float32_multiply, float32_multiply),
    "gemmlowp": (rounding_multiply, rounding_multiply_once),
}


def cases(rounding: str) -> np.ndarray:
    """Return int32 [cases, 3]: sums, multipliers, shifts; two of three sums give a product next to a half."""
    rng = np.random.default_rng(0)
    count = 60_000
    factors = np.exp2(-rng.uniform(0, 31, count)).astype(np.float32)
    factors[: count // 2] = np.exp2(-rng.uniform(0, 12, count // 2)).astype(np.float32)
    factors[::50] = np.exp2(-rng.integers(1, 12, len(factors[::50])))  # exact halves
    exact = factors.astype(np.float64)
    if rounding == "gemmlowp":
        exact = exact * (1 + rng.uniform(-1e-8, 1e-8, count))
    pairs = np.array([quantize_multiplier(min(factor, 0.999)) for factor in exact], np.int64)
    sums = rng.integers(-(2**31) + 1, 2**31, count)
    near = np.rint((rng.integers(-300, 300, count) + 0.5) / exact) + rng.integers(-1, 2, count)
    sums = np.where(np.arange(count) % 3 > 0, near, sums).clip(-(2**31) + 1, 2**31 - 1)
    return np.stack([sums.astype(np.int64), pairs[:, 0], -pairs[:, 1]], axis=1).astype(np.int32)


@pytest.mark.parametrize("define", ["TG_LONG_MULTIPLY", "TG_NO_LONG_MULTIPLY"])
@pytest.mark.parametrize("rounding", SOURCES)
def test_c_rounds_as_numpy(tmp_path, rounding, define):
    (tmp_path / "round.c").write_text(joined_kernels(SOURCES[rounding]) + MAIN)
    program = tmp_path / "round"
    build = [
        *host_compiler(),
        "-O1",
        "-std=c99",
        "-DTG_LARGE_FACTORS",
        f"-D{define}",
        str(tmp_path / "round.c"),
        "-o",
        str(program),
    ]
    subprocess.run(build, check=True, capture_output=True)
    given = cases(rounding)
    done = subprocess.run([str(program)], input=given.tobytes(), check=True, capture_output=True)
    found = np.frombuffer(done.stdout, np.int8).reshape(-1, 2)
    parts = given[:, 0].astype(np.int64), given[:, 1].astype(np.int64), -given[:, 2].astype(np.int64)
    expected = np.stack([multiply(*parts) for multiply in EXPECTED[rounding]], axis=1).clip(-128, 127)
    wrong = np.flatnonzero((found != expected).any(axis=1))
    assert not len(wrong), (given[wrong[:5]], found[wrong[:5]], expected[wrong[:5]])
    inside = (np.abs(expected) < 127).mean()
    assert inside > 0.3  # the sums are not mostly clipped


def test_the_cases_reach_the_float_s_own_rounding():
    """Somewhere the float32 product rounds to another integer than the exact product does."""
    given = cases("fp32").astype(np.int64)
    exact = np.rint(given[:, 0] * np.ldexp(given[:, 1].astype(np.float64), -31 - given[:, 2]))
    rounded = float32_multiply(given[:, 0], given[:, 1], -given[:, 2])
    inside = np.abs(exact) < 127
    assert (exact != rounded)[inside].sum() > 20

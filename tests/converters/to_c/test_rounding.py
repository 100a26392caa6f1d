"""The C of both roundings against numpy, most of all where a float32 product falls on, or beside, a half."""

import subprocess

import numpy as np
import pytest

from converters.to_c.operators.linear import LEAST_SHIFT, QUICK_SHIFTS
from converters.to_c.runtime_text import joined_kernels
from tinygmp.device.tools import host_compiler
from tinygmp.quant.rescaled_mean import float32_mean
from tinygmp.quant.rounding_multiply import (
    INT32_MAX,
    ROUNDINGS,
    float32_multiply,
    quantize_multiplier,
    rounding_multiply,
    rounding_multiply_once,
)

MAIN = """
#include <stdio.h>
int main(void)
{
    int32_t in[4];
    while (fread(in, sizeof in[0], 4, stdin) == 4) {
        const int32_t bias = 0;
        const int32_t multiplier = in[1];
        const tg_shift shift = (tg_shift)in[2];
        tg_layer layer = {0};
        tg_channel channel;
        int8_t out[2];
        layer.bias = &bias;
        layer.multiplier = &multiplier;
        layer.shift = &shift;
        layer.zero = (int16_t)in[3];
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
FLAGS = (
    "-O1",
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fsanitize=undefined",
    "-fno-sanitize-recover=all",
)
LARGEST = 8  # of all factors 2**8 is the limit


def cases(rounding: str, largest: int) -> np.ndarray:
    """Return int32 [cases, 4]: sums, multipliers, shifts to the right, zero points.

    Factors are 2**-31 to 2**largest, those next to both ends among them; so are sums of 32 bits. Two of three sums
    give a product next to a half.
    """
    rng = np.random.default_rng(0)
    count = 60_000
    factors = np.exp2(rng.uniform(-31, largest, count))
    factors[: count // 2] = np.exp2(rng.uniform(largest - 12, largest, count // 2))
    factors[::50] = np.exp2(rng.integers(largest - 12, largest, len(factors[::50])))  # exact halves
    factors[::1001], factors[1::1001] = 2.0**-31, 2.0**largest
    below = np.nextafter(np.float32(2.0**largest), np.float32(0))
    exact = np.minimum(factors.astype(np.float32), below).astype(np.float64)
    if rounding == "gemmlowp":
        exact = exact * (1 + rng.uniform(-1e-8, 1e-8, count))
    pairs = np.array([quantize_multiplier(factor) for factor in exact], np.int64)
    sums = rng.integers(-INT32_MAX, INT32_MAX + 1, count)
    sums[::27], sums[9::27] = INT32_MAX, -INT32_MAX
    sums[18::27] = rng.integers(-200, 200, len(sums[18::27]))
    zeros = rng.choice([-128, 0, 127], count)
    near = np.rint((rng.integers(-300, 300, count) + 0.5) / exact) + rng.integers(-1, 2, count)
    sums = np.where(np.arange(count) % 3 > 0, near, sums).clip(-INT32_MAX, INT32_MAX)
    return np.stack([sums.astype(np.int64), pairs[:, 0], -pairs[:, 1], zeros], axis=1).astype(np.int32)


@pytest.mark.parametrize("define", ["TG_LONG_MULTIPLY", "TG_NO_LONG_MULTIPLY"])
@pytest.mark.parametrize("large", [False, True], ids=["ordinary", "large"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_c_rounds_as_numpy(tmp_path, rounding, large, define):
    """Without the way of large factors up to those that need none, with it up to the limit."""
    (tmp_path / "round.c").write_text(joined_kernels(SOURCES[rounding]) + MAIN)
    program = tmp_path / "round"
    defines = [f"-D{define}", *(["-DTG_LARGE_FACTORS"] if large else [])]
    build = [*host_compiler(), *FLAGS, *defines, str(tmp_path / "round.c"), "-o", str(program)]
    subprocess.run(build, check=True, capture_output=True)
    given = cases(rounding, LARGEST if large else -LEAST_SHIFT[rounding])
    done = subprocess.run([str(program)], input=given.tobytes(), check=True, capture_output=True)
    found = np.frombuffer(done.stdout, np.int8).reshape(-1, 2)
    sums, multipliers, right, zeros = given.astype(np.int64).T
    expected = np.stack([multiply(sums, multipliers, -right) for multiply in EXPECTED[rounding]], axis=1)
    expected = (expected + zeros[:, None]).clip(-128, 127)
    wrong = np.flatnonzero((found != expected).any(axis=1))
    assert not len(wrong), (given[wrong[:5]], found[wrong[:5]], expected[wrong[:5]])
    inside = (np.abs(expected) < 127).mean()
    assert inside > 0.3  # the sums are not mostly clipped
    assert right.min() == (-LARGEST if large else LEAST_SHIFT[rounding])


@pytest.mark.parametrize("limits", ["", "-DTG_FULL_RANGE"], ids=["with limits", "full range"])
def test_the_quick_way_rounds_as_numpy(tmp_path, limits):
    """Every shift that the converter allows, with sums up to what it proves."""
    (tmp_path / "round.c").write_text(joined_kernels(SOURCES["fp32"]) + MAIN)
    program = tmp_path / "round"
    defines = ["-DTG_QUICK_SCALE", *([limits] if limits else [])]
    build = [*host_compiler(), *FLAGS, *defines, str(tmp_path / "round.c"), "-o", str(program)]
    subprocess.run(build, check=True, capture_output=True)
    given = cases("fp32", -LEAST_SHIFT["fp32"])
    given = given[np.isin(given[:, 2], QUICK_SHIFTS)]
    most = INT32_MAX >> np.maximum(9 - given[:, 2], 0)
    given[:, 0] = np.clip(given[:, 0], -most, most)
    done = subprocess.run([str(program)], input=given.tobytes(), check=True, capture_output=True)
    found = np.frombuffer(done.stdout, np.int8).reshape(-1, 2)[:, 0]
    sums, multipliers, right, zeros = given.astype(np.int64).T
    expected = (float32_multiply(sums, multipliers, -right) + zeros).clip(-128, 127)
    wrong = np.flatnonzero(found != expected)
    assert not len(wrong), (given[wrong[:5]], found[wrong[:5]], expected[wrong[:5]])
    assert set(right) == set(QUICK_SHIFTS)
    assert (np.abs(expected) < 127).mean() > 0.25


@pytest.mark.parametrize("limits", ["whole", "cut"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_an_estimate_rounds_as_numpy(tmp_path, rounding, limits):
    """Sums beside every half and far beyond the limits, with the single 32-bit product of cores without a long one."""
    low, high = (-128, 127) if limits == "whole" else (-100, 90)
    text = MAIN.replace(
        "out[0] = tg_scale_channel(in[0], &channel);", "tg_scale_run(&channel, in, out, 1, 1);"
    )
    text = text.replace("layer.low = -128;", f"layer.low = {low};").replace("high = 127", f"high = {high}")
    scale = SOURCES[rounding][0]
    kernels = joined_kernels(("tg_scale_run.c", SOURCES[rounding][1]), {"tg_channel_scale.c": scale})
    (tmp_path / "round.c").write_text(kernels + text)
    program = tmp_path / "round"
    build = [*host_compiler(), *FLAGS, "-DTG_NO_LONG_MULTIPLY", str(tmp_path / "round.c"), "-o", str(program)]
    subprocess.run(build, check=True, capture_output=True)
    given = cases(rounding, -LEAST_SHIFT[rounding])
    given = given[(given[:, 2] >= 1) & (given[:, 2] <= 15)]
    done = subprocess.run([str(program)], input=given.tobytes(), check=True, capture_output=True)
    found = np.frombuffer(done.stdout, np.int8).reshape(-1, 2)[:, 0]
    sums, multipliers, right, zeros = given.astype(np.int64).T
    expected = (EXPECTED[rounding][0](sums, multipliers, -right) + zeros).clip(low, high)
    wrong = np.flatnonzero(found != expected)
    assert not len(wrong), (given[wrong[:5]], found[wrong[:5]], expected[wrong[:5]])
    assert ((expected > low) & (expected < high)).mean() > 0.2


def test_the_cases_reach_the_float_s_own_rounding():
    """Somewhere the float32 product rounds to another integer than the exact product does."""
    sums, multipliers, right, _ = cases("fp32", 0).astype(np.int64).T
    exact = np.rint(sums * np.ldexp(multipliers.astype(np.float64), -31 - right))
    rounded = float32_multiply(sums, multipliers, -right)
    inside = np.abs(exact) < 127
    assert (exact != rounded)[inside].sum() > 20


MEANS = """
#include <stdio.h>
int main(void)
{
    int64_t in[4];
    while (fread(in, sizeof in[0], 4, stdin) == 4) {
        tg_mean by;
        int8_t out;
        by.offset = in[1];
        by.multiplier = (int32_t)in[2];
        by.shift = (uint8_t)in[3];
        out = tg_scale_mean((int32_t)in[0], &by);
        fwrite(&out, 1, 1, stdout);
    }
    return 0;
}
"""


def means() -> tuple[np.ndarray, np.ndarray]:
    """Return int64 [cases, 4], sums and how they become means, and int64 [cases]: what float32 makes of them."""
    rng, given, expected = np.random.default_rng(1), [], []
    for trial in range(600):
        count = int(rng.choice([1, 2, 3, 7, 10, 49, 256, int(rng.integers(1, 1 << 23)), 1 << 23]))
        ratios = (rng.uniform(0.01, 255), rng.integers(1, 500) / 2, np.exp(rng.uniform(-20, 5)))
        zeros = (int(rng.integers(-128, 128)), int(rng.integers(-128, 128)))
        by = float32_mean(count, (0.043 * float(ratios[trial % 3]), 0.043), zeros)
        halves = (rng.integers(-256, 257, 60) / 2 - zeros[1]) / float(by.factor) + count * zeros[0]
        sums = np.concatenate([np.rint(halves) + rng.integers(-1, 2, 60), [-128 * count, 127 * count, 0]])
        sums = sums.clip(-128 * count, 127 * count).astype(np.int64)
        multiplier, shift, offset = by.stored()
        given.append(np.stack([sums, *(np.full_like(sums, each) for each in (offset, multiplier, shift))], 1))
        expected.append(by.apply(sums).clip(-128, 127))
    return np.concatenate(given), np.concatenate(expected)


def test_means_in_c_are_those_of_float32(tmp_path):
    (tmp_path / "mean.c").write_text(joined_kernels(("tg_mean_scale_fp32.c",)) + MEANS)
    program = tmp_path / "mean"
    build = [*host_compiler(), *FLAGS, str(tmp_path / "mean.c"), "-o", str(program)]
    subprocess.run(build, check=True, capture_output=True)
    given, expected = means()
    done = subprocess.run([str(program)], input=given.tobytes(), check=True, capture_output=True)
    assert np.array_equal(np.frombuffer(done.stdout, np.int8), expected)
    assert (np.abs(expected) < 127).mean() > 0.3

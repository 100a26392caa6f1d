import dataclasses

import pytest

from tinygmp.artifact import Artifact
from tinygmp.device.board import find_board
from tinygmp.device.elf_sizes import read_image
from tinygmp.device.toolchain import build
from tinygmp.errors import BuildError, ConfigError


@pytest.fixture(autouse=True)
def _zig(needs):
    needs("ziglang", "elftools")


BOARD = find_board("nucleo-g071rb")


def test_sizes_tell_model_engine_and_the_rest_apart(summing):
    sizes = build(summing, BOARD).sizes
    assert sizes.ram_bytes == 8  # the state, and nothing else
    assert sizes.weights_bytes == sizes.by_symbol["summing_weights"] == 6
    assert sizes.engine_bytes == sum(sizes.by_symbol[f"summing_{f}"] for f in ("init", "step", "predict"))
    assert 0 < sizes.support_bytes < 300


@pytest.mark.parametrize("name", ["nucleo-g071rb", "longan-nano", "msp430g2553", "arduino-uno"])
def test_two_builds_give_the_same_firmware(summing, name, needs):
    board = find_board(name)
    needs("avr-gcc" if board.core == "avr5" else "ziglang")
    first, second = build(summing, board), build(summing, board)
    assert first.elf == second.elf
    assert sum(len(content) for _, content in read_image(first.elf).segments) > 100


@pytest.mark.parametrize("name", ["nucleo-g071rb", "ch32v003", "msp430g2553"])
def test_one_byte_too_few_is_a_link_error_that_still_tells_the_parts(summing, name):
    board = find_board(name)
    whole = build(summing, board).sizes
    reserved = 30 if board.core == "msp430" else 0  # interrupt vectors that the program leaves free
    exact = dataclasses.replace(board, flash_bytes=whole.flash_bytes + reserved)
    assert build(summing, exact).links
    small = build(summing, dataclasses.replace(exact, flash_bytes=exact.flash_bytes - 2))
    assert not small.links
    assert "overflow" in small.overflow
    assert small.sizes.weights_bytes == 6


def test_too_little_ram_is_a_link_error(summing):
    small = build(summing, dataclasses.replace(BOARD, ram_bytes=4))
    assert not small.links
    assert "RAM" in small.overflow


def test_code_that_does_not_compile_is_quoted(summing):
    broken = Artifact("c", "summing", {**summing.files, "summing.c": b"int x = ;\n"}, "summing.h")
    with pytest.raises(BuildError, match=r"'summing' does not compile: summing\.c:1:9: error"):
        build(broken, BOARD)


def test_missing_function_is_named(summing):
    text = summing.files["summing.c"].replace(b"void summing_init(", b"static void unused(")
    broken = Artifact("c", "summing", {**summing.files, "summing.c": text}, "summing.h")
    with pytest.raises(BuildError, match="undefined symbol: summing_init"):
        build(broken, BOARD)


def test_options_are_checked(summing):
    with pytest.raises(ConfigError, match="optimise 'tiny' is unknown"):
        build(summing, BOARD, optimise="tiny")
    with pytest.raises(ConfigError, match="compiler 'icc' is unknown"):
        build(summing, BOARD, compiler="icc")
    with pytest.raises(ConfigError, match="cannot be built with 'zig'"):
        build(summing, find_board("arduino-uno"), compiler="zig")
    tflite = Artifact("tflite", "x", {"x.tflite": b""}, "x.tflite")
    with pytest.raises(ConfigError, match="boards need target 'c'"):
        build(tflite, BOARD)

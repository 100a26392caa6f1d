"""The doctor's list, and how a missing program is told."""

import pytest

from tinygmp.device.tools import TOOLS, doctor, require
from tinygmp.errors import ConfigError, MissingToolError


@pytest.mark.usefixtures("no_programs")
def test_a_missing_program_is_named_with_both_ways_to_install_it():
    told = r"'avr-gcc' is missing; .*doctor --install avr-gcc, or as root: apt-get install .*gcc-avr binutils-avr"
    with pytest.raises(MissingToolError, match=told):
        require("avr-gcc")
    with pytest.raises(MissingToolError, match="'avr-size' is missing; it is needed for building for AVR"):
        require("avr-size")
    assert not any(tool.found for tool in doctor() if tool.kind == "program")


def test_an_unknown_tool_is_refused():
    with pytest.raises(
        ConfigError, match="tool 'hammer' is unknown; use one of ziglang, unicorn, elftools, avr-gcc"
    ):
        require("hammer")


def test_every_tool_has_an_install_line():
    starts = ("tinygmp doctor --install", "apt-get install", "python -m pip install")
    assert all(tool.install.startswith(starts) and tool.needed_for for tool in TOOLS)

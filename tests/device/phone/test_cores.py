"""What an emulated program finds out about its core."""

import pytest

from tinygmp.device.phone.cores import BOARDS, find_core, write_machine
from tinygmp.errors import ConfigError


def test_arm64_is_a_core_with_dot_products_and_an_a53_has_none():
    assert find_core("arm64") is BOARDS["cortex-a76"]
    assert "asimddp" in find_core("cortex-a76").features
    assert "asimddp" not in find_core("cortex-a53").features


def test_an_unknown_core_is_told_with_those_there_are():
    with pytest.raises(ConfigError, match="'cortex-a99' is unknown; use one of arm64, cortex-a53"):
        find_core("cortex-a99")


def test_a_machine_is_the_system_with_files_of_the_core(tmp_path):
    (tmp_path / "root" / "usr").mkdir(parents=True)
    (tmp_path / "root" / "usr" / "file").write_text("held")
    write_machine(find_core("cortex-a53"), tmp_path / "root", tmp_path / "machine")
    machine = tmp_path / "machine"
    assert (machine / "usr" / "file").read_text() == "held"
    text = (machine / "proc" / "cpuinfo").read_text()
    assert text.count("CPU part\t: 0xd03\n") == 4
    for name in ("possible", "present"):
        assert (machine / "sys" / "devices" / "system" / "cpu" / name).read_text() == "0-3\n"

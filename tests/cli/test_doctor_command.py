"""`tinygmp doctor --install`: what it says and how it ends; tests/device/debian tests the installing."""

import json

import pytest

from tinygmp.device.debian.install import Installation

DONE = Installation({"avr-gcc": ("gcc-avr=1:5.4", "avr-libc=2")}, {"simavr": "/usr/bin/simavr"})


@pytest.fixture
def asked(monkeypatch) -> list[tuple[str, ...]]:
    """Names that the installation was asked for; nothing is installed."""
    names = []

    def install_tools(wanted, on_step):
        names.append(tuple(wanted))
        return DONE

    monkeypatch.setattr("tinygmp.doctor.install_tools", install_tools)
    return names


def test_what_was_installed_is_a_table_or_json(tinygmp, asked):
    spoken = tinygmp("doctor", "--install", "avr-gcc", "simavr")
    assert spoken.code == 0
    assert "installed, 2 packages" in spoken.out
    assert "was here: /usr/bin/simavr" in spoken.out
    spoken = tinygmp("doctor", "--install", "--json")
    assert json.loads(spoken.out) == {
        "installed": {"avr-gcc": ["gcc-avr=1:5.4", "avr-libc=2"]},
        "present": {"simavr": "/usr/bin/simavr"},
        "failed": {},
    }
    assert asked == [("avr-gcc", "simavr"), ()]


def test_what_failed_is_told_and_ends_with_3(tinygmp, monkeypatch):
    failed = Installation(failed={"chromium": "E: Unable to locate package chromium"})
    monkeypatch.setattr("tinygmp.doctor.install_tools", lambda names, on_step: failed)
    spoken = tinygmp("doctor", "--install")
    assert (spoken.code, spoken.out) == (3, "")
    assert spoken.err == "tinygmp: chromium was not installed: E: Unable to locate package chromium\n"


def test_nothing_missing_is_told(tinygmp, monkeypatch):
    monkeypatch.setattr("tinygmp.doctor.install_tools", lambda names, on_step: Installation())
    spoken = tinygmp("doctor", "--install")
    assert (spoken.code, spoken.err) == (0, "")
    assert "every program" in spoken.out


def test_a_machine_without_apt_ends_with_3(tinygmp, no_programs):
    spoken = tinygmp("doctor", "--install", "mspdebug")
    assert (spoken.code, spoken.out) == (3, "")
    assert "mspdebug: not installed, for this machine has no apt-get" in spoken.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("--install", "gcc-for-toasters"),
            "program 'gcc-for-toasters' is unknown; use one of avr-gcc, simavr, mspdebug",
        ),
        (("--install", "gcc"), "program 'gcc' is installed by root alone: apt-get install"),
        (("avr-gcc",), "what should be done with avr-gcc? To install: tinygmp doctor --install NAME"),
    ],
)
def test_other_names_end_with_2(tinygmp, arguments, told):
    spoken = tinygmp("doctor", *arguments)
    assert spoken.code == 2
    assert told in spoken.err

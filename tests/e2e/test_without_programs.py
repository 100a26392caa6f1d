"""On a machine without any program of the device lab its tests pass, or are skipped by the name of a program."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tinygmp.device.programs import PROGRAMS

ROOT = Path(__file__).parents[2]
ASKED = (
    "tests/device",
    "tests/budget/test_check_budget.py",
    "tests/budget/test_packed.py",
    "tests/budget/test_project.py",
    "tests/docs/test_ci.py",
    "tests/report/test_browser.py",
    "tests/e2e/test_check_parity.py",
)
# What every machine with Python and git has, and the tests' own stand-ins for apt and dpkg use.
ORDINARY = ("sh", "bash", "env", "git", "cat", "cp", "dirname", "mkdir", "sed", "sort", "tar", "touch", "tr")
NAMES = tuple(name for program in PROGRAMS for name in (program.name, *program.also))


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> ElementTree.Element:
    """The results of the lab's tests with a PATH and a cache that hold no program."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "bin").mkdir()
    for name in ORDINARY:
        if path := shutil.which(name):
            (folder / "bin" / name).symlink_to(path)
    zig_cache = os.environ.get("ZIG_GLOBAL_CACHE_DIR") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "zig"
    )
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "PATH": str(folder / "bin"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "ZIG_GLOBAL_CACHE_DIR": str(zig_cache),  # part of a Python package, which is here
    }
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *ASKED]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return ElementTree.parse(report).getroot()


def test_most_tests_pass(results):
    suite = results.find("testsuite")
    figures = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    assert (figures["failures"], figures["errors"]) == (0, 0)
    assert figures["tests"] - figures["skipped"] > 150


def test_every_skip_names_a_program_and_how_to_get_it(results):
    reasons = [skip.attrib["message"] for skip in results.iter("skipped")]
    told = [
        re.match(r"'(\S+)' is missing; .*(doctor --install|apt-get install)", reason) for reason in reasons
    ]
    assert [reason for reason, found in zip(reasons, told, strict=True) if found is None] == []
    missing = {found[1] for found in told if found}
    assert missing <= set(NAMES)
    assert missing >= {
        "avr-gcc",
        "mspdebug",
        "arm-none-eabi-gcc",
        "qemu-system-arm",
        "chromium",
        "gcc",
        "cmake",
    }

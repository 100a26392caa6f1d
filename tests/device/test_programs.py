"""Where programs are looked for, and that one list serves the doctor and the script that root runs."""

import subprocess
from pathlib import Path

import pytest

from tinygmp.device.cache import lab_folder
from tinygmp.device.programs import (
    PROGRAMS,
    Program,
    library_folders,
    program_path,
    program_version,
    unpacked_root,
)
from tinygmp.device.simavr_run import library_flags

ROOT = Path(__file__).parents[2]
TOY = Program("toy", "tests", ("toy",), also=("toy-size",), instead=("other-toy",))


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Put an empty program on PATH or into the lab; nothing else is there."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def make(folder: Path, name: str) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
        return str(folder / name)

    return make


def test_path_comes_before_the_lab_and_another_name_serves_as_well(put, tmp_path):
    assert TOY.path() is None
    in_lab = put(lab_folder() / "toy" / "bin", "toy")
    assert (TOY.path(), TOY.in_lab) == (in_lab, True)
    other = put(tmp_path / "bin", "other-toy")
    assert TOY.path() == other
    own = put(tmp_path / "bin", "toy")
    assert TOY.path() == own
    assert TOY.path("toy-size") is None  # `other-toy` is not in its place


def test_what_comes_with_a_program_is_found_too(put):
    size = put(lab_folder() / "toy" / "bin", "toy-size")
    assert TOY.path("toy-size") == size
    gxx = put(lab_folder() / "avr-gcc" / "bin", "avr-g++")
    assert program_path("avr-g++") == gxx
    assert program_path("no-such-program") is None


def test_a_program_without_its_library_counts_as_missing(put, tmp_path):
    needs_file = Program("toy", "tests", ("toy",), file=str(tmp_path / "toy.h")[1:])
    own = put(tmp_path / "bin", "toy")
    assert needs_file.path() is None
    (tmp_path / "toy.h").touch()
    assert needs_file.path() == own


def test_a_version_changes_with_the_program(put):
    assert program_version("mspdebug") == "mspdebug absent"
    path = Path(put(lab_folder() / "mspdebug" / "bin", "mspdebug"))
    before = program_version("mspdebug")
    path.write_text("#!/bin/sh\nexit 1\n")
    assert before != program_version("mspdebug")


def test_simavrs_library_comes_from_where_simavr_does(put):
    assert library_flags("/usr/bin/simavr") == ["-I/usr/include/simavr", "-lsimavr"]
    simavr = put(lab_folder() / "simavr" / "bin", "simavr")
    root = unpacked_root(simavr)
    assert root == lab_folder() / "simavr" / "root"
    put(root / "usr" / "lib" / "x86_64-linux-gnu", "libsimavr.so.2")
    assert library_folders(root) == [root / "usr" / "lib" / "x86_64-linux-gnu"]
    flags = library_flags(simavr)
    assert f"-I{root}/usr/include/simavr" in flags
    assert f"-Wl,-rpath,{root}/usr/lib/x86_64-linux-gnu" in flags
    assert flags[-1] == "-lsimavr"


def test_every_program_says_how_to_install_it():
    for program in PROGRAMS:
        by_root = f"apt-get install --no-install-recommends {' '.join(program.packages)}"
        without = f"tinygmp doctor --install {program.name}, or as root: {by_root}"
        if program.guest_packages:  # which no one can install for all users
            without = f"tinygmp doctor --install {program.name}"
        assert program.install == (by_root if program.needs_root else without)


def test_the_script_of_root_installs_the_same_packages():
    script = ROOT / "scripts" / "install_device_tools.sh"
    told = subprocess.run([script, "--print"], capture_output=True, text=True, check=True).stdout.split()
    assert told == sorted({package for program in PROGRAMS for package in program.packages})
    assert len(told) > 15

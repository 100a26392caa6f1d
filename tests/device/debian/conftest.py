"""A Debian in small: apt-get and dpkg as scripts, package files as archives, and two programs that need them."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from tinygmp.device.programs import Program

# What a test may put in $FAKE: `stale` the machine's lists lead nowhere, `offline` no list comes,
# `unmet` the machine's own state is broken, `full` nothing can be unpacked, `calls` is written.
APT_GET = """#!/bin/sh
echo "$@" >> "$FAKE/calls"
state=
while [ "$1" = -o ]; do
    case "$2" in Dir::State=*) state=${2#Dir::State=} ;; esac
    shift 2
done
case "$1" in
-s)
    if [ -e "$FAKE/unmet" ]; then echo "E: unmet dependencies"; exit 100; fi
    shift 3
    for name in "$@"; do
        if [ ! -e "$FAKE/plans/$name" ]; then echo "E: Unable to locate package $name"; exit 100; fi
        cat "$FAKE/plans/$name"
    done ;;
update)
    if [ -e "$FAKE/offline" ]; then echo "W: Failed to fetch: no route"; exit 0; fi
    touch "$state/lists/debian_Packages" ;;
download)
    if [ -e "$FAKE/stale" ] && [ -z "$state" ]; then echo "E: Failed to fetch ${2%%=*}: 404"; exit 100; fi
    cp "$FAKE/packages/${2%%=*}"_*.deb . || { echo "E: no package ${2%%=*}"; exit 100; } ;;
esac
"""
DPKG = """#!/bin/sh
if [ -e "$FAKE/full" ]; then echo "dpkg-deb: error: No space left on device" >&2; exit 2; fi
tar -xf "$2" -C "$3"
"""
TOY = "#!/bin/sh\necho toy with $LD_LIBRARY_PATH $1\n"


class Debian:
    """The folder that the scripts read, and the programs that the lab then knows."""

    programs = (
        Program("toy", "the tests", ("toy", "toy-data"), also=("toy-size",)),
        Program("tin", "the tests", ("tin",)),
        Program("steel", "the tests", ("steel",), needs_root=True),
    )

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "packages", "plans"):
            (folder / name).mkdir()
        for name, text in (("apt-get", APT_GET), ("dpkg", DPKG)):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)

        self.package("toy", "1:2.0-1", {"usr/bin/toy": TOY, "usr/bin/toy-size": TOY})
        self.package("toy-data", "2.0", {"usr/share/toy/data": "data"})
        self.package("libtoy1", "3", {"usr/lib/x86_64-linux-gnu/libtoy.so.1": "library"})
        self.package("tin", "7", {"usr/bin/tin": "#!/bin/sh\necho tin\n"})
        self.plan("toy", "libtoy1 (3 ", "libc6 [2.36] (2.41 ", "toy (1:2.0-1 ")
        self.plan("toy-data")  # the machine has it, and the lab needs it beside the program all the same
        self.plan("tin", "tin (7 ")

    def package(self, name: str, version: str, files: dict[str, str]) -> None:
        path = self.folder / "packages" / f"{name}_{version.replace(':', '%3a')}_all.deb"
        with tarfile.open(path, "w") as archive:
            for file, text in files.items():
                member = tarfile.TarInfo(file)
                member.size, member.mode = len(text), 0o755
                archive.addfile(member, io.BytesIO(text.encode()))

    def plan(self, name: str, *installed: str) -> None:
        lines = [f"Inst {each}Debian:12/stable [amd64])\n" for each in installed]
        (self.folder / "plans" / name).write_text("".join(lines))

    def now(self, state: str) -> None:
        (self.folder / state).touch()

    @property
    def calls(self) -> list[str]:
        """The first words after the options of each call of apt-get."""
        words = [line.split() for line in (self.folder / "calls").read_text().splitlines()]
        return [" ".join(each[2 * each.count("-o") :]) for each in words]


@pytest.fixture
def debian(tmp_path, monkeypatch) -> Debian:
    made = Debian(tmp_path)
    monkeypatch.setenv("FAKE", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tinygmp.device.debian.install.PROGRAMS", made.programs)
    return made

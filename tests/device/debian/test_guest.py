"""The system inside an emulator, with apt, dpkg and pip in small."""

import sys
import zipfile

import pytest

from tinygmp.device.cache import lab_folder
from tinygmp.device.debian.install import install
from tinygmp.device.programs import Program

EMULATOR = '#!/bin/sh\n[ -z "$FAKE_CRASH" ] || { echo "no such instruction" >&2; exit 139; }\n'
PIP = """#!/bin/sh
echo "$@" > "$FAKE/pip"
if [ -e "$FAKE/no-wheel" ]; then echo "ERROR: No matching distribution" >&2; exit 1; fi
while [ "$1" != --dest ]; do shift; done
mkdir -p "$2" && cp "$FAKE/toy.whl" "$2/toy-1-py3-none-any.whl"
"""
PHONE = Program("phone", "the tests", ("phone",), guest_packages=("toy-data",), guest_wheels=("toy==1",))


@pytest.fixture
def phone(debian, monkeypatch):
    debian.package("phone", "1", {"usr/bin/phone": EMULATOR})
    debian.plan("phone", "phone (1 ")
    with zipfile.ZipFile(debian.folder / "toy.whl", "w") as wheel:
        wheel.writestr("toy/__init__.py", "held")
    (debian.folder / "python").write_text(PIP)
    (debian.folder / "python").chmod(0o755)
    monkeypatch.setattr("tinygmp.device.debian.install.PROGRAMS", (PHONE,))
    monkeypatch.setattr("tinygmp.device.debian.guest.count_plugin", lambda: None)
    monkeypatch.setattr(sys, "executable", str(debian.folder / "python"))
    return debian


def test_packages_and_wheels_of_the_other_architecture_lie_beside_the_emulator(phone):
    assert install(["phone"]).installed == {"phone": ("phone=1",)}
    guest = lab_folder() / "phone" / "guest"
    assert (guest / "usr/share/toy/data").read_text() == "data"
    assert (guest / "site/toy/__init__.py").read_text() == "held"
    asked = (phone.folder / "calls").read_text().splitlines()[-1]
    assert "APT::Architecture=arm64" in asked
    assert "nothing-installed" in asked
    assert "--platform manylinux_2_28_aarch64" in (phone.folder / "pip").read_text()


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("no-wheel", "pip did not fetch toy==1: ERROR: No matching distribution"),
        ("crash", "its Python ends with 139: no such instruction"),
    ],
)
def test_what_fails_leaves_nothing(phone, monkeypatch, state, told):
    phone.now(state)
    if state == "crash":
        script = EMULATOR.replace('[ -z "$FAKE_CRASH" ]', '[ "$1" = --version ]')
        phone.package("phone", "1", {"usr/bin/phone": script})
    assert told in install(["phone"]).failed["phone"]
    assert not (lab_folder() / "phone").exists()


def test_a_program_of_this_name_on_path_is_another(phone):
    own = phone.folder / "bin" / "phone"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert PHONE.path() is None
    assert PHONE.install == "tinygmp doctor --install phone"

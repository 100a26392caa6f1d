"""Unpacked packages: links that led out of them, and the script that starts a program."""

import os
import subprocess

import pytest

from tinygmp.device.debian.unpack import mend_links, write_starter
from tinygmp.device.programs import Program
from tinygmp.errors import MissingToolError


def test_absolute_links_lead_into_the_packages_where_these_hold_the_file(tmp_path):
    for folder in ("usr/bin", "usr/lib/tool", "etc/alternatives"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "usr/lib/tool/tool-2").write_text("#!/bin/sh\n")
    (tmp_path / "usr/bin/tool").symlink_to("/usr/lib/tool/tool-2")
    (tmp_path / "usr/lib/other").symlink_to("/usr/lib/tool")
    (tmp_path / "usr/bin/near").symlink_to("tool")
    (tmp_path / "usr/bin/away").symlink_to("/etc/hostname-of-nobody")
    mend_links(tmp_path)
    links = {
        name: os.readlink(tmp_path / "usr" / name)
        for name in ("bin/tool", "lib/other", "bin/near", "bin/away")
    }
    assert links == {
        "bin/tool": "../lib/tool/tool-2",
        "lib/other": "tool",
        "bin/near": "tool",
        "bin/away": "/etc/hostname-of-nobody",
    }


@pytest.fixture
def unpacked(tmp_path):
    """A browser whose usr/bin is a script with the machine's paths in it, with libraries and fonts of its own."""
    folder = tmp_path / "a browser's folder"
    files = {
        "usr/lib/browser/browser": '#!/bin/sh\necho "$LD_LIBRARY_PATH|$FONTCONFIG_PATH|$XDG_DATA_HOME|$1"\n',
        "usr/bin/browser": "#!/bin/sh\nexec /usr/lib/browser/browser\n",
        "usr/lib/riscv64-linux-gnu/libfont.so.1": "",
        "usr/lib/riscv64-linux-gnu/pulseaudio/libsound-16.so": "",
        "etc/fonts/fonts.conf": "",
    }
    for name, text in files.items():
        (folder / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "root" / name).write_text(text)
        (folder / "root" / name).chmod(0o755)
    (folder / "bin").mkdir()
    return folder


def test_a_program_starts_with_its_own_libraries_and_fonts_wherever_the_folder_is(unpacked):
    program = Program("browser", "tests", ("browser",), executable="usr/lib/browser/browser")
    write_starter(program, "browser", unpacked)
    moved = unpacked.rename(unpacked.with_name("elsewhere"))
    done = subprocess.run(
        [moved / "bin" / "browser", "a b"],
        env={"LD_LIBRARY_PATH": "/mine"},
        capture_output=True,
        text=True,
        check=True,
    )
    libraries, fonts, data, argument = done.stdout.strip().split("|")
    own = f"{moved}/root/usr/lib/riscv64-linux-gnu"
    assert libraries == f"{own}:{own}/pulseaudio:/mine"
    assert (fonts, data, argument) == (f"{moved}/root/etc/fonts", f"{moved}/root/usr/share", "a b")


def test_an_absent_program_is_told_with_its_packages(unpacked):
    with pytest.raises(MissingToolError, match="hold no usr/bin/reader: browser reader"):
        write_starter(Program("reader", "tests", ("browser", "reader")), "reader", unpacked)

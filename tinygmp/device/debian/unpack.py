"""From package files to a folder with programs that start: unpacked, links mended, one script a program."""

import os
import shlex
import subprocess
from pathlib import Path

from tinygmp.device.programs import Program, library_folders
from tinygmp.errors import MissingToolError, OutputError

CHECK_TIMEOUT_S = 120


def unpack(package: Path, root: Path) -> None:
    """Unpack one package file into a folder; raises OutputError."""
    root.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["dpkg", "-x", str(package), str(root)], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        told = (done.stderr.strip().splitlines() or ["no words"])[0]
        raise OutputError(f"'{package.name}' cannot be unpacked in '{root}': {told}; is the disk full?")


def finish(program: Program, folder: Path) -> None:
    """Make unpacked packages in folder/root usable: links inside, scripts in folder/bin; check that it starts."""
    mend_links(folder / "root")
    (folder / "bin").mkdir()
    for name in (program.name, *program.also):
        write_starter(program, name, folder)
    check(program, folder)


def mend_links(root: Path) -> None:
    """Let links to absolute paths point into the unpacked packages, where these hold what they name."""
    for parent, folders, files in os.walk(root):
        for link in (Path(parent, name) for name in (*folders, *files)):
            if not link.is_symlink() or not os.readlink(link).startswith("/"):
                continue
            target = root / os.readlink(link).lstrip("/")
            if os.path.lexists(target):
                link.unlink()
                link.symlink_to(os.path.relpath(target, link.parent))


def write_starter(program: Program, name: str, folder: Path) -> None:
    """Write the script that starts a program with the libraries and fonts that were unpacked beside it."""
    root = folder / "root"
    own = program.executable if program.executable and name == program.name else f"usr/bin/{name}"
    if not (root / own).exists():
        raise MissingToolError(f"its packages hold no {own}: {' '.join(program.packages)}")
    lines = ["#!/bin/sh", 'root="${0%/bin/*}/root"']
    if libraries := library_folders(root):
        paths = ":".join(f"$root/{place.relative_to(root)}" for place in libraries)
        lines += [
            f'LD_LIBRARY_PATH="{paths}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"',
            "export LD_LIBRARY_PATH",
        ]
    if (
        root / "etc/fonts/fonts.conf"
    ).exists():  # the machine has none: XDG_DATA_HOME/fonts is where it looks too
        lines += ['FONTCONFIG_PATH="$root/etc/fonts" XDG_DATA_HOME="$root/usr/share"']
        lines += ["export FONTCONFIG_PATH XDG_DATA_HOME"]
    lines.append(f'exec "$root/{own}" "$@"')
    script = folder / "bin" / name
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    script.chmod(0o755)


def check(program: Program, folder: Path) -> None:
    """Raise MissingToolError when the program does not start and end as it should."""
    command = [str(folder / "bin" / program.name), *program.check]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=CHECK_TIMEOUT_S, check=False,
        )  # fmt: skip
        told, code = done.stderr.strip() or done.stdout.strip(), done.returncode
    except subprocess.TimeoutExpired:
        told, code = f"no end within {CHECK_TIMEOUT_S} s", -1
    if code != program.check_code:
        asked = shlex.join((program.name, *program.check))
        raise MissingToolError(
            f"it was unpacked, but `{asked}` ends with {code}: {(told.splitlines() or [''])[0][:200]}"
        )

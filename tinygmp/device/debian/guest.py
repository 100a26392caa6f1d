"""The system inside an emulator: ARM64 Debian packages and Python wheels, unpacked beside it; nothing is installed."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tinygmp.device.debian.apt import Apt
from tinygmp.device.debian.unpack import mend_links, unpack
from tinygmp.device.phone.cores import find_core, write_machine
from tinygmp.device.phone.emulator import count_plugin
from tinygmp.device.programs import Program
from tinygmp.errors import MissingToolError
from tinygmp.progress import Steps

ARCHITECTURE = "arm64"
PYTHON = "3.11"  # of Debian 12, whose packages it is
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64", "any")
PIP_TIMEOUT_S = 900
CHECK = "import numpy, onnxruntime, ai_edge_litert.interpreter"
CHECK_TIMEOUT_S = 300


def add_guest(program: Program, work: Path, folder: Path, steps: Steps) -> None:
    """Fill folder/guest with a program's guest packages and, in site/, its wheels; check that its Python loads them.

    work: an empty folder for what is fetched. Raises MissingToolError with the words of apt, pip or the emulator,
    BuildError when the plugin that counts does not compile.
    """
    guest = folder / "guest"
    apt = Apt(work, ARCHITECTURE)
    steps.begin(f"{program.name}: lists of {ARCHITECTURE} packages")
    apt.update()
    for package in program.guest_packages:
        steps.begin(f"{program.name}: {package}, {ARCHITECTURE}")
        unpack(apt.download(package), guest)
        steps.end()
    mend_links(guest)
    for wheel in program.guest_wheels:
        steps.begin(f"{program.name}: {wheel}, {ARCHITECTURE}")
        unpack_wheel(download_wheel(wheel, work / wheel), guest / "site")
        steps.end()
    steps.begin(f"{program.name}: the first start")
    check_guest(program, folder, work / "machine")
    count_plugin()


def download_wheel(requirement: str, folder: Path) -> Path:
    """Fetch the ARM64 wheel of a package, 'name==version', by pip from the machine's own index."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON),
        *(part for platform in PLATFORMS for part in ("--platform", platform)),
        *("--dest", str(folder), requirement),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PIP_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise MissingToolError(f"pip took over {PIP_TIMEOUT_S} s for {requirement}") from error
    found = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or not found:
        told = [line for line in done.stderr.splitlines() if "ERROR" in line or "No module" in line]
        raise MissingToolError(f"pip did not fetch {requirement}: {(told or ['it said nothing'])[-1][:300]}")
    return found[0]


def unpack_wheel(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)


def check_guest(program: Program, folder: Path, machine: Path) -> None:
    """Raise MissingToolError when the guest's Python does not load its wheels."""
    guest, core = folder / "guest", find_core(ARCHITECTURE)
    write_machine(core, guest, machine)
    command = [
        str(folder / "bin" / program.name), *("-cpu", core.name, "-L", str(machine), "-U", "LD_LIBRARY_PATH"),
        *("-E", f"PYTHONPATH={guest / 'site'}", str(guest / "usr" / "bin" / f"python{PYTHON}"), "-c", CHECK),
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace",
            timeout=CHECK_TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise MissingToolError(f"its Python did not start within {CHECK_TIMEOUT_S} s") from error
    if done.returncode != 0:
        told = (done.stderr.strip().splitlines() or ["no words"])[-1][:300]
        raise MissingToolError(f"it was unpacked, but its Python ends with {done.returncode}: {told}")

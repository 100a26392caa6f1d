"""What apt says and fetches, without root: it writes to a folder of ours and reads the machine's sources."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tinygmp.errors import MissingToolError

COMMAND_TIMEOUT_S = 1800
# The C library and its loader belong together: the machine's own serve every program.
LEFT_OUT = {"libc6", "libc-bin"}
OPTIONS = (
    "APT::Sandbox::User=root",  # whoever calls it: a folder of the user's is closed to apt's own user
    "Acquire::Retries=2",
    "Acquire::http::Timeout=20",
    "Acquire::https::Timeout=20",
    "Dir::Cache::pkgcache=pkgcache.bin",  # container images switch it off, and every call then takes seconds
    "Dir::Cache::srcpkgcache=srcpkgcache.bin",
)


class Apt:
    """apt with a folder of its own; `offline` tells why, once the lists of packages cannot be fetched.

    architecture: of the packages, where it is not the machine's; of such nothing counts as installed.

    Methods raise MissingToolError with apt's own words.
    """

    def __init__(self, folder: Path, architecture: str = "") -> None:
        self.folder = folder
        self.architecture = architecture
        self.offline = ""
        self.own_lists = False
        (folder / "cache" / "archives" / "partial").mkdir(parents=True)
        if architecture:
            (folder / "nothing-installed").touch()

    def plan(self, packages: Sequence[str]) -> list[str]:
        """Return the packages to fetch, 'name=version': those named, and what they need that the machine has not.

        Where apt cannot satisfy the machine's own state, they are those named alone.
        """
        code, told = self.run("-s", "install", "--no-install-recommends", *packages)
        if code != 0:
            if "unmet dependencies" in told:
                return list(packages)
            raise MissingToolError(error_line(told))
        found = re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+) ", told, re.MULTILINE)
        new = {name: f"{name}={version}" for name, version in found if name.split(":")[0] not in LEFT_OUT}
        return [*new.values(), *(name for name in packages if name not in new)]

    def update(self) -> None:
        """Fetch the lists of packages, into our folder, from the machine's sources."""
        lists = self.folder / "state" / "lists"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        self.own_lists = True
        _, told = self.run("update")
        if not any(lists.glob("*_Packages*")):
            self.offline = error_line(told)
            raise MissingToolError(self.offline)

    def download(self, package: str) -> Path:
        """Return the file of a package; what was fetched before is not fetched again."""
        folder = self.folder / "packages" / re.sub(r"[^\w.+-]", "_", package)
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.glob("*.deb")):
            code, told = self.run("download", package, cwd=folder)
            if code != 0 or not any(folder.glob("*.deb")):
                raise MissingToolError(error_line(told))
        return next(folder.glob("*.deb"))

    def run(self, *arguments: str, cwd: Path | None = None) -> tuple[int, str]:
        """Return (exit code, all that apt-get wrote)."""
        own = ["Dir::Cache=" + str(self.folder / "cache")]
        if self.own_lists:
            status = self.folder / "nothing-installed" if self.architecture else "/var/lib/dpkg/status"
            own += [f"Dir::State={self.folder / 'state'}", f"Dir::State::status={status}"]
        if self.architecture:
            own += [f"APT::Architecture={self.architecture}", f"APT::Architectures={self.architecture}"]
        options = [part for option in (*OPTIONS, *own) for part in ("-o", option)]
        try:
            done = subprocess.run(
                ["apt-get", *options, *arguments],
                cwd=cwd or self.folder, env={**os.environ, "LC_ALL": "C"},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                text=True, errors="replace", timeout=COMMAND_TIMEOUT_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise MissingToolError(f"apt-get took over {COMMAND_TIMEOUT_S} s") from error
        return done.returncode, done.stdout


def has_apt() -> bool:
    """Return whether this machine has apt-get and dpkg."""
    return all(shutil.which(name) for name in ("apt-get", "dpkg"))


def error_line(told: str) -> str:
    """Return the line that tells what went wrong: the first error, else the first warning, else the last line."""
    lines = [line.strip() for line in told.splitlines() if line.strip()] or ["apt-get said nothing"]
    for mark in ("E:", "W:", "Err:"):
        for line in lines:
            if line.startswith(mark):
                return line
    return lines[-1]

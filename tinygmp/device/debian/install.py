"""Put programs of the lab into the user's cache: each as a whole, or not at all."""

import os
import shutil
import tempfile
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tinygmp.device.cache import lab_folder
from tinygmp.device.debian.apt import Apt, has_apt
from tinygmp.device.debian.guest import add_guest
from tinygmp.device.debian.unpack import finish, unpack
from tinygmp.device.programs import PROGRAMS, Program
from tinygmp.errors import ConfigError, MissingToolError, OutputError
from tinygmp.progress import OnStep, Steps, silent

UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class Installation:
    """What became of programs: name -> packages 'name=version', name -> path of its own, name -> reason."""

    installed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    present: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def install(names: Sequence[str] = (), on_step: OnStep = silent) -> Installation:
    """Install programs without root, by name, or all that are missing; one that was so installed is made anew.

    Raises ConfigError for an unknown name, MissingToolError without apt or when nothing could be fetched, OutputError.
    """
    asked = [find_program(name) for name in names]
    with locked_lab() as lab:
        done = Installation()
        for program in asked:
            if (path := program.path()) and not program.in_lab:
                done.present[program.name] = path
        asked = asked or [each for each in PROGRAMS if not each.needs_root and each.path() is None]
        wanted = [each for each in dict.fromkeys(asked) if each.name not in done.present]
        if not wanted:
            return done
        listed = ", ".join(program.name for program in wanted)
        if not has_apt():
            raise MissingToolError(
                f"{listed}: not installed, for this machine has no apt-get and dpkg; "
                "install them with the system's own package manager"
            )
        with working_folder(lab) as work:
            apt = Apt(work)
            install_each(apt, wanted, lab, on_step, done)
        if apt.offline and not done.installed:
            raise MissingToolError(
                f"{listed}: not installed, for no packages can be fetched ({apt.offline}); "
                "connect to the network and run `tinygmp doctor --install` again"
            )
        return done


def find_program(name: str) -> Program:
    """Return a program that can be installed without root; raises ConfigError with those that there are."""
    known = {program.name: program for program in PROGRAMS}
    if name in known and not known[name].needs_root:
        return known[name]
    if name in known:
        raise ConfigError(f"program '{name}' is installed by root alone: {known[name].install}")
    possible = ", ".join(program.name for program in PROGRAMS if not program.needs_root)
    raise ConfigError(f"program '{name}' is unknown; use one of {possible}")


def install_each(apt: Apt, wanted: Sequence[Program], lab: Path, on_step: OnStep, done: Installation) -> None:
    """Install one program after another; one that fails does not stop the others, a network that is not there does."""
    steps = Steps(on_step, 0)
    plans: dict[str, list[str]] = {}
    for program in wanted:
        try:
            steps.begin(f"{program.name}: what it needs")
            plans[program.name] = plan_or_update(apt, program)
            steps.total += len(plans[program.name]) + len(program.guest_packages) + len(program.guest_wheels)
        except MissingToolError as error:
            done.failed[program.name] = str(error)
    for program in wanted:
        if program.name not in plans:
            continue
        try:
            done.installed[program.name] = install_one(apt, program, plans[program.name], lab, steps)
        except MissingToolError as error:
            done.failed[program.name] = str(error)


def plan_or_update(apt: Apt, program: Program) -> list[str]:
    """Ask with the machine's own lists first; they may be absent, or older than what the servers hold."""
    if apt.offline:
        raise MissingToolError(apt.offline)
    try:
        return apt.plan(program.packages)
    except MissingToolError:
        if apt.own_lists:
            raise
        apt.update()
        return apt.plan(program.packages)


def install_one(apt: Apt, program: Program, plan: list[str], lab: Path, steps: Steps) -> tuple[str, ...]:
    """Fetch, unpack and check a program beside the lab, then move it in; returns its packages, 'name=version'."""
    if apt.offline:
        raise MissingToolError(apt.offline)
    folder = apt.folder / program.name
    try:
        packages = fetch(apt, program, plan, steps)
    except MissingToolError:
        if apt.own_lists:
            raise
        apt.update()
        again = apt.plan(program.packages)
        steps.total += len(again)
        packages = fetch(apt, program, again, steps)
    for package in packages:
        steps.begin(f"{program.name}: unpacking {package.name.partition('_')[0]}")
        unpack(package, folder / "root")
    finish(program, folder)
    if program.guest_packages:
        add_guest(program, apt.folder / "guest", folder, steps)
    held = tuple(package_of(package) for package in packages)
    (folder / "packages.txt").write_text("\n".join(held) + "\n", encoding="utf-8")
    put_in_place(folder, lab / program.name)
    return held


def fetch(apt: Apt, program: Program, plan: list[str], steps: Steps) -> list[Path]:
    found = []
    for package in plan:
        steps.begin(f"{program.name}: {package}")
        found.append(apt.download(package))
        steps.end()
    return found


def package_of(file: Path) -> str:
    """Return 'name=version' of a package file; its name holds both."""
    name, version, *_ = urllib.parse.unquote(file.name).split("_")
    return f"{name}={version}"


def put_in_place(folder: Path, place: Path) -> None:
    """Move a finished folder to its place; what was there before goes to the unfinished, which are removed."""
    if place.exists():
        place.rename(folder.with_name(f"{place.name}-before"))
    folder.rename(place)


@contextmanager
def locked_lab() -> Iterator[Path]:
    """Give the lab's folder, made when absent, to one process at a time; raises OutputError where it cannot be made."""
    lab = lab_folder()
    try:
        lab.mkdir(parents=True, exist_ok=True)
        lock = (lab / ".lock").open("w")
    except OSError as error:
        raise OutputError(
            f"'{lab}' cannot be written: {error.strerror}; set XDG_CACHE_HOME to a folder that can"
        ) from error
    with lock:
        if os.name == "posix":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lab


@contextmanager
def working_folder(lab: Path) -> Iterator[Path]:
    """Give a folder that goes away with all that is in it, and remove those that killed processes left."""
    for left in lab.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=lab, ignore_cleanup_errors=True) as name:
        yield Path(name)

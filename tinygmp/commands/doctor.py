"""`tinygmp doctor`: what is installed, what is it for, and how does one get the rest?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands.options import Json, Quiet, finish

if TYPE_CHECKING:
    from tinygmp.device.debian.install import Installation

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Programs to install; by default all that are missing."),
]
Install = Annotated[
    bool,
    typer.Option("--install", help="Fetch programs of Debian packages, without root, into the user's cache."),
]


def doctor(
    names: Names = None, install: Install = False, as_json: Json = False, quiet: Quiet = False
) -> None:
    """List tools and optional packages: which are here, what each is for, how to install the others."""
    from tinygmp.commands import show
    from tinygmp.errors import ConfigError

    if install:
        from tinygmp.doctor import install_tools

        with show.progress(quiet or as_json) as on_step:
            done = install_tools(names or (), on_step)
        show_installation(done, as_json)
        return
    if names:
        raise ConfigError(
            f"what should be done with {', '.join(names)}? To install: tinygmp doctor --install NAME"
        )
    list_findings(as_json)


def show_installation(done: Installation, as_json: bool) -> None:
    """Print what was installed; exit code 3 when a program could not be."""
    from tinygmp.commands import show

    if as_json:
        show.print_json({"installed": done.installed, "present": done.present, "failed": done.failed})
    elif done.installed or done.present:
        rows = [(name, f"installed, {len(packages)} packages") for name, packages in done.installed.items()]
        rows += [(name, f"was here: {path}") for name, path in done.present.items()]
        show.print_table("programs of the device lab", ("what", "state"), rows)
    elif not done.failed:
        print("every program of the device lab that can be installed without root is here")
    for name, reason in done.failed.items():
        show.complain(f"{name} was not installed: {reason}")
    finish(True, missing=bool(done.failed))


def list_findings(as_json: bool) -> None:
    from tinygmp.commands import show
    from tinygmp.doctor import examine
    from tinygmp.report.rows import Row

    findings = examine()
    if as_json:
        show.print_json({"findings": findings})
        return
    rows = [
        Row(
            (finding.name, "found" if finding.found else "missing", finding.needed_for, finding.remedy),
            finding.found,
        )
        for finding in findings
    ]
    show.print_table("tools and packages", ("what", "state", "needed for", "install"), rows)

"""`tinygmp budget`: does an artifact fit a board, and did it grow?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands import completion
from tinygmp.commands.options import SHIPPED, Json, Quiet, finish

if TYPE_CHECKING:
    from tinygmp.budget.project import Check, Outcome
    from tinygmp.device.board import Board

Artifact = Annotated[
    str,
    typer.Argument(
        metavar="ARTIFACT",
        help="A .tgmp, .tflite, .onnx or ELF file, a folder of generated C, or a model that comes with tinygmp.",
    ),
]
Boards = Annotated[
    list[str] | None,
    typer.Option(
        "--board",
        metavar="NAME",
        autocompletion=completion.boards,
        help="A board, a .toml file of one, or all; may be repeated.",
    ),
]
BoardsFile = Annotated[
    Path | None, typer.Option("--boards", metavar="FILE", help="A .toml file of several boards of your own.")
]
ReserveFlash = Annotated[
    int,
    typer.Option("--reserve-flash", metavar="BYTES", help="Flash that the rest of the application needs."),
]
ReserveRam = Annotated[
    int, typer.Option("--reserve-ram", metavar="BYTES", help="RAM that the rest of the application needs.")
]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="An earlier --json; growth beyond --tolerance fails."),
]
ToleranceOption = Annotated[
    str, typer.Option("--tolerance", metavar="BYTES|PERCENT", help="Growth that passes: 64, or 2%.")
]
UpdateBaseline = Annotated[
    bool,
    typer.Option("--update-baseline", help="Write what was found as the new baseline, and compare nothing."),
]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Hold the budgets in pyproject.toml, table tool.tinygmp.budget.")
]
Project = Annotated[Path, typer.Option("--project", metavar="FILE", help="The pyproject.toml of --check.")]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML as well.")]
Sarif = Annotated[Path | None, typer.Option("--sarif", metavar="FILE", help="Write SARIF 2.1.0 as well.")]
Summary = Annotated[
    bool, typer.Option("--summary", help="Add Markdown to GitHub's step summary, or print it.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Build and measure again what was built before.")]


def budget(
    artifact: Artifact = SHIPPED,
    board: Boards = None,
    boards: BoardsFile = None,
    reserve_flash: ReserveFlash = 0,
    reserve_ram: ReserveRam = 0,
    baseline: Baseline = None,
    tolerance: ToleranceOption = "0",
    update_baseline: UpdateBaseline = False,
    check: CheckOption = False,
    project: Project = Path("pyproject.toml"),
    junit: Junit = None,
    sarif: Sarif = None,
    summary: Summary = False,
    no_cache: NoCache = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say whether an artifact fits boards, and whether it grew: exit code 0 if it passes on all, 1 if not."""
    from tinygmp.budget.baseline import tolerance_of
    from tinygmp.budget.ci_files import CiFiles, summary_place, write_ci_files
    from tinygmp.budget.document import outcome_document, project_document, write_baselines
    from tinygmp.budget.project import Check, read_project, run_check
    from tinygmp.budget.result import Reserve
    from tinygmp.commands import show
    from tinygmp.errors import ConfigError

    summary_printed = summary and not summary_place()
    if summary_printed and as_json:
        raise ConfigError("--summary prints Markdown here, and --json JSON: ask for one of them")
    wanted: Sequence[Check]
    if check:
        if (
            board
            or boards
            or baseline
            or reserve_flash
            or reserve_ram
            or artifact != SHIPPED
            or tolerance != "0"
        ):
            raise ConfigError(
                "--check takes artifacts, boards, reserves and baselines from pyproject.toml alone"
            )
        wanted = read_project(project)
    else:
        reserve, chosen = Reserve(reserve_flash, reserve_ram), chosen_boards(artifact, board or [], boards)
        wanted = [Check(artifact, chosen, reserve, baseline, tolerance_of(tolerance))]
    with show.progress(quiet) as on_step:
        outcomes = [run_check(each, on_step, not no_cache, not update_baseline) for each in wanted]
    if update_baseline:
        write_baselines(wanted, outcomes)
    write_ci_files(outcomes, CiFiles(junit, sarif, summary))
    if as_json:
        show.print_json(project_document(outcomes) if check else outcome_document(outcomes[0]))
    elif summary_printed:
        print_summary(outcomes)
    else:
        print_all(outcomes)
    for outcome in outcomes:
        show.complain_of_missing(outcome.budget.missing)
    finish(
        all(outcome.passed for outcome in outcomes),
        any(outcome.budget.missing for outcome in outcomes),
    )


def chosen_boards(artifact: str, names: list[str], boards_file: Path | None) -> tuple[Board, ...]:
    """Return the boards that --board and --boards name, and tell those that 'all' leaves out."""
    from tinygmp.budget.boards import every_board
    from tinygmp.commands.show import complain
    from tinygmp.device.board import find_board, read_boards

    own = read_boards(boards_file) if boards_file else {}
    if names != ["all"]:
        return tuple(find_board(name, own) for name in names)
    every = every_board(artifact, own.values())
    if every.left_out:
        complain(f"left out, for tinygmp has no compiler for their cores: {', '.join(every.left_out)}")
    return every.boards


def print_summary(outcomes: Sequence[Outcome]) -> None:
    from tinygmp.budget.checks import to_summary

    print(to_summary(outcomes))


def print_all(outcomes: Sequence[Outcome]) -> None:
    from tinygmp.commands.budget_tables import print_outcome

    for outcome in outcomes:
        print_outcome(outcome)
    if len(outcomes) > 1:
        failed = [outcome.budget.model for outcome in outcomes if not outcome.passed]
        print(f"{len(outcomes) - len(failed)} of {len(outcomes)} budgets hold" +
              (f"; not those of {', '.join(failed)}" if failed else ""))  # fmt: skip

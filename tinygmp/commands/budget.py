"""`tinygmp budget`: does an artifact fit a board, and did it grow?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinygmp.commands.options import SHIPPED, Json, Quiet, finish

if TYPE_CHECKING:
    from tinygmp.device.board import Board
    from tinygmp.workflows.budget_project import Check, Outcome
    from tinygmp.workflows.budget_result import Reserve

Artifact = Annotated[
    str,
    typer.Argument(
        metavar="ARTIFACT",
        help="A .tgmp, .tflite, .onnx or ELF file, a folder of generated C, or a model that comes with tinygmp.",
    ),
]
Boards = Annotated[
    list[str] | None,
    typer.Option("--board", metavar="NAME", help="A board, a .toml file of one, or all; may be repeated."),
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
    bool, typer.Option("--check", help="Hold the budgets of [tool.tinygmp.budget] in pyproject.toml.")
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
    from tinygmp.commands import show
    from tinygmp.commands.budget_tables import Files, summary_place, write_files
    from tinygmp.errors import ConfigError
    from tinygmp.workflows.budget_project import read_project, run_check
    from tinygmp.workflows.budget_result import Reserve

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
        reserve = Reserve(reserve_flash, reserve_ram)
        wanted = [one_check(artifact, board or [], boards, reserve, baseline, tolerance)]
    with show.progress(quiet) as on_step:
        outcomes = [run_check(each, on_step, not no_cache, not update_baseline) for each in wanted]
    if update_baseline:
        write_baselines(wanted, outcomes)
    write_files(outcomes, Files(junit, sarif, summary))
    if as_json:
        show.print_json(several(outcomes) if check else told(outcomes[0]))
    elif not summary_printed:
        print_all(outcomes)
    for outcome in outcomes:
        show.complain_of_missing(outcome.budget.missing)
    finish(
        all(outcome.passed for outcome in outcomes),
        any(outcome.budget.missing for outcome in outcomes),
    )


def one_check(
    artifact: str,
    names: list[str],
    boards_file: Path | None,
    reserve: Reserve,
    baseline: Path | None,
    tolerance: str,
) -> Check:
    """Return the check that the arguments ask for."""
    from tinygmp.device.board import find_board, read_boards
    from tinygmp.workflows.budget_baseline import tolerance_of
    from tinygmp.workflows.budget_project import Check

    own = read_boards(boards_file) if boards_file else {}
    if names == ["all"]:
        names = [board.name for board in every_board(artifact, own.values())]
    found = tuple(find_board(name, own) for name in names)
    return Check(artifact, found, reserve, baseline, tolerance_of(tolerance))


def every_board(artifact: str, own: Iterable[Board]) -> list[Board]:
    """Return the boards that 'all' means: those that can be built for, of a program those of its family."""
    from tinygmp.commands.show import complain
    from tinygmp.device.board import all_boards
    from tinygmp.device.cores import CORES
    from tinygmp.workflows.artifact_kind import kind_of

    boards = {board.name: board for board in (*all_boards(), *own)}.values()
    kind, path = kind_of(artifact)
    if kind == "elf":
        from tinygmp.workflows.budget_elf import read_program

        _, family = read_program(path.read_bytes(), path)
        return [board for board in boards if CORES[board.core].family == family]
    if kind not in ("packed", "c"):
        return list(boards)
    left = [board.name for board in boards if not CORES[board.core].has_compiler]
    if left:
        complain(f"left out, for tinygmp has no compiler for their cores: {', '.join(left)}")
    return [board for board in boards if CORES[board.core].has_compiler]


def write_baselines(checks: Sequence[Check], outcomes: Sequence[Outcome]) -> None:
    """Write what was found to the baseline of each check; several checks may share a file."""
    import json

    from tinygmp.artifact import write_atomically
    from tinygmp.errors import ConfigError
    from tinygmp.report.plain import to_plain

    by_file: dict[Path, list[Outcome]] = {}
    for check, outcome in zip(checks, outcomes, strict=True):
        if check.baseline is not None:
            by_file.setdefault(check.baseline, []).append(outcome)
    if not by_file:
        raise ConfigError("no baseline is named: give --baseline FILE, or the key baseline in pyproject.toml")
    for path, held in by_file.items():
        content = json.dumps(to_plain(several(held)), indent=2, allow_nan=False)
        write_atomically(path, f"{content}\n".encode())


def told(outcome: Outcome) -> dict[str, Any]:
    """Return one budget as a JSON document, which a later run takes as its baseline."""
    from tinygmp.workflows.budget_baseline import document

    content = document(outcome.budget)
    content["passed"] = outcome.passed
    content["growth"] = outcome.growths
    content["notes"] = (*outcome.budget.notes, *outcome.notes)
    return content


def several(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    passed = all(outcome.passed for outcome in outcomes)
    return {
        "passed": passed,
        "budgets": [{"artifact": outcome.given, **told(outcome)} for outcome in outcomes],
    }


def print_all(outcomes: Sequence[Outcome]) -> None:
    from tinygmp.commands.budget_tables import print_outcome

    for outcome in outcomes:
        print_outcome(outcome)
    if len(outcomes) > 1:
        failed = [outcome.budget.model for outcome in outcomes if not outcome.passed]
        print(f"{len(outcomes) - len(failed)} of {len(outcomes)} budgets hold" +
              (f"; not those of {', '.join(failed)}" if failed else ""))  # fmt: skip

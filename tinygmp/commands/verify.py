"""`tinygmp verify`: does what was converted answer like the reference?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands.options import SHIPPED, Json, Model, Quiet, finish

if TYPE_CHECKING:
    from tinygmp.workflows.verify import Verification

Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="SOURCE",
        help="An .npz of 'counts' and 'labels', a folder or zip of UCI HAR, uci, synthetic or random. "
        "Default: what this machine has.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="TARGET", help="c, tflite, onnx or all; may be repeated."),
]
Boards = Annotated[
    list[str] | None,
    typer.Option(
        "--board", metavar="NAME", help="A board to simulate, or all; may be repeated. Default: three cores."
    ),
]
NoBoards = Annotated[bool, typer.Option("--no-boards", help="Simulate no board.")]
WindowsPerCore = Annotated[
    int, typer.Option("--windows", metavar="N", min=1, help="Windows for each simulated board.")
]


def verify(
    model: Model = SHIPPED,
    data: Data = None,
    target: Targets = None,
    board: Boards = None,
    no_boards: NoBoards = False,
    windows: WindowsPerCore = 64,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Convert, run and compare with the integer reference: exit code 0 if all agree, 1 if not."""
    from tinygmp.commands import show
    from tinygmp.device.board import board_names, find_board
    from tinygmp.workflows.pretrained import open_model
    from tinygmp.workflows.verify import DEFAULT_BOARDS
    from tinygmp.workflows.verify import verify as verify_model
    from tinygmp.workflows.windows import load_windows

    names = board_names() if board == ["all"] else tuple(board or DEFAULT_BOARDS)
    boards = [] if no_boards else [find_board(name) for name in names]
    with show.progress(quiet) as on_step:
        packed = open_model(model)
        counts = load_windows(packed, data, on_step)
        result = verify_model(packed, counts, target or ["all"], boards, windows, on_step)
    if as_json:
        show.print_json({"passed": result.passed, **vars(result)})
    else:
        print_verification(result)
    show.complain_of_missing(result.missing)
    finish(result.passed, bool(result.missing))


def print_verification(result: Verification) -> None:
    """Print the reference's accuracy, then artifacts and boards."""
    from tinygmp.commands import show
    from tinygmp.report import rows

    if result.synthetic:
        show.print_synthetic("SYNTHETIC WINDOWS: parity holds, accuracy means nothing. Real ones: --data uci")
    accuracy = "no labels" if result.reference_accuracy is None else rows.percent(result.reference_accuracy)
    show.output().print(
        f"'{result.model}' on {result.windows:,} windows ({result.data}): integer reference {accuracy}",
        markup=False,
    )
    if result.artifacts:
        show.print_table("artifacts", rows.ARTIFACT_HEAD, rows.rows_of_artifacts(result.artifacts))
    if result.devices:
        show.print_table("boards", rows.DEVICE_HEAD, [rows.device_row(device) for device in result.devices])

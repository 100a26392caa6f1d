"""`tinygmp verify`: does what was converted answer like the reference?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tinygmp.commands import completion
from tinygmp.commands.options import SHIPPED, Json, Model, Quiet, finish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinygmp.data.samples import Samples
    from tinygmp.device.board import Board
    from tinygmp.device.phone.cores import PhoneCore
    from tinygmp.graph.model import PackedModel
    from tinygmp.report.record import DeviceResult
    from tinygmp.verify.verification import Verification

Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="SOURCE",
        help="An .npz of 'counts' and 'labels', a folder or zip of UCI HAR, uci, synthetic or random. "
        "Default: what this machine has. Image networks: a folder of pictures, an .npz of 'pixels', or random.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="TARGET",
        autocompletion=completion.targets,
        help="c, tflite, onnx or all; may be repeated.",
    ),
]
Boards = Annotated[
    list[str] | None,
    typer.Option(
        "--board",
        metavar="NAME",
        autocompletion=completion.boards,
        help="A board to simulate, or all; may be repeated. Default: three cores. Phones, emulated: arm64, "
        "cortex-a53, cortex-a72, cortex-a76.",
    ),
]
NoBoards = Annotated[bool, typer.Option("--no-boards", help="Simulate no board.")]
SamplesPerCore = Annotated[
    int | None,
    typer.Option(
        "--windows",
        metavar="N",
        min=1,
        help="Windows, or images, for each simulated board. Default: 64, or 2 images.",
    ),
]
Level = Annotated[
    str,
    typer.Option(
        "--level",
        autocompletion=completion.levels,
        help="The build for boards: smallest, balanced or fastest.",
    ),
]
Period = Annotated[
    float | None,
    typer.Option(
        "--period",
        metavar="MS",
        min=0,
        help="Time for a step, or an image: a board that needs longer fails.",
    ),
]
Port = Annotated[
    str | None,
    typer.Option(
        "--port",
        metavar="DEVICE",
        help="A real board with the serial firmware, e.g. /dev/ttyACM0: stream --windows windows to it; "
        "no target and no board is checked then.",
    ),
]

ByLayer = Annotated[
    bool,
    typer.Option(
        "--profile",
        help="What each layer takes on each --board, of one input: networks without a state, Cortex-M and RV32. "
        "Nothing else is checked then.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--images", metavar="N", min=1, help="Images, or windows, to read, spread over all there are."
    ),
]
Crop = Annotated[
    float, typer.Option("--crop", help="Side of the centred square cut from a picture, of the largest one.")
]
SkipCorrupt = Annotated[
    bool,
    typer.Option("--skip-corrupt", help="Leave out pictures that cannot be decoded; else they are an error."),
]
FASTER_INDICES = "tinygmp pack MODEL --out FILE --index csr8"
SYNTHETIC = "SYNTHETIC DATA: parity holds, accuracy means nothing. Real data: --data"


def verify(
    model: Model = SHIPPED,
    data: Data = None,
    target: Targets = None,
    board: Boards = None,
    no_boards: NoBoards = False,
    windows: SamplesPerCore = None,
    level: Level = "smallest",
    period: Period = None,
    port: Port = None,
    by_layer: ByLayer = False,
    images: Limit = None,
    crop: Crop = 1.0,
    skip_corrupt: SkipCorrupt = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Convert, run and compare with the integer reference: exit code 0 if all agree, 1 if not."""
    from tinygmp.commands import show
    from tinygmp.data.images import Choice
    from tinygmp.data.source import load_samples
    from tinygmp.device.board import find_board, simulated_names
    from tinygmp.device.phone.cores import BOARDS, find_core
    from tinygmp.shipped import open_model
    from tinygmp.verify.verification import verify as verify_model

    names = simulated_names() if board == ["all"] else board
    phones = [find_core(name) for name in dict.fromkeys(names or ()) if name in BOARDS and not no_boards]
    others = None if names is None else [name for name in names if name not in BOARDS]
    boards = () if no_boards else None if others is None else [find_board(name) for name in others]
    choice = Choice(crop, images, skip_corrupt)
    packed = open_model(model)
    if port is not None:
        verify_on_port(model, data, port, windows, as_json, quiet)
        return
    with show.progress(quiet) as on_step:
        samples = load_samples(packed, data, choice, on_step)
        if by_layer:
            refuse_phones(phones)
            print_profiles(packed, samples, boards, level, as_json)
            return
        targets = target or ["all"]
        result = verify_model(packed, samples, targets, boards, windows, on_step, level, period, phones)
    if as_json:
        show.print_json({"passed": result.passed, **vars(result)})
    else:
        print_verification(result)
    show.complain_of_missing(result.missing)
    finish(result.passed, bool(result.missing))


def refuse_phones(phones: Sequence[PhoneCore]) -> None:
    """Raise ConfigError where a phone's core is asked for its layers."""
    from tinygmp.errors import ConfigError

    if phones:
        raise ConfigError(
            f"--profile tells the layers of generated C, which '{phones[0].name}' does not run: its runtimes' kernels "
            "stand in verify --board NAME --json"
        )


def print_profiles(
    model: PackedModel, samples: Samples, boards: Sequence[Board] | None, level: str, as_json: bool
) -> None:
    """Print one table a board: layer by layer what was computed, what it took, its share of the whole."""
    from tinygmp.commands import show
    from tinygmp.commands.profile_table import HEAD, profile_rows
    from tinygmp.device.board import find_board
    from tinygmp.verify.profile import PROFILE_BOARD, profile

    found = [profile(model, board, samples, level) for board in boards or [find_board(PROFILE_BOARD)]]
    if as_json:
        show.print_json({"profiles": [asdict(each) for each in found]})
    else:
        for each in found:
            title = f"'{each.model}' on {each.board}, {each.core}, {each.compiler}"
            title += "" if each.exact else ": THE ANSWER IS NOT THE REFERENCE'S"
            show.print_table(title, HEAD, profile_rows(each))
    finish(all(each.exact for each in found), False)


def verify_on_port(
    model: str, data: str | None, port: str, windows: int | None, as_json: bool, quiet: bool
) -> None:
    """Compare a real board's answers with the reference; tell its step time and free RAM."""
    from tinygmp.commands import show
    from tinygmp.data.windows import load_windows
    from tinygmp.shipped import open_model
    from tinygmp.verify.port import WINDOWS_PER_BOARD, verify_port

    with show.progress(quiet) as on_step:
        packed = open_model(model)
        counts = load_windows(packed, data, on_step)
        result = verify_port(packed, counts, port, windows or WINDOWS_PER_BOARD, on_step=on_step)
    if as_json:
        parity = {"exact": result.parity.exact, **vars(result.parity)}
        show.print_json({"passed": result.passed, **vars(result), "parity": parity})
    else:
        if result.synthetic:
            show.print_synthetic(SYNTHETIC)
        parity_head = ("windows", "class mismatches", "logit mismatches", "worst difference")
        board_head = ("us/step", "longest us", "free RAM B")
        parity_row = (
            result.parity.windows, result.parity.class_mismatches, result.parity.logit_mismatches,
            result.parity.worst_logit_difference,
        )  # fmt: skip
        board_row = (f"{result.mean_step_us:.1f}", result.longest_step_us, result.free_ram_bytes or "unknown")
        row = [str(cell) for cell in parity_row + board_row]
        show.print_table(f"'{result.model}' on the board at {port}", parity_head + board_head, [row])
    finish(result.passed, False)


def print_verification(result: Verification) -> None:
    """Print the reference's accuracy, then artifacts and boards."""
    from tinygmp.commands import show
    from tinygmp.report import rows

    if result.synthetic:
        show.print_synthetic(SYNTHETIC)
    skipped = f", {len(result.skipped)} corrupt files skipped" if result.skipped else ""
    show.output().print(
        f"'{result.model}' on {result.samples:,} {result.noun} ({result.data}{skipped}): integer reference "
        f"{accuracies(result)}",
        markup=False,
    )
    for name in result.skipped:
        show.output().print(f"skipped: {name}", markup=False)
    if any(
        form.milliseconds for artifact in result.artifacts.values() for form in artifact.variants.values()
    ):
        head = rows.ARTIFACT_HEAD + rows.TIMED_HEAD
        show.print_table("artifacts", head, rows.timed_rows(result.artifacts))
    elif result.artifacts:
        show.print_table("artifacts", rows.ARTIFACT_HEAD, rows.rows_of_artifacts(result.artifacts))
    if result.phones:
        show.print_table(
            "phones, emulated", rows.PHONE_HEAD, [rows.phone_row(each) for each in result.phones]
        )
    also = f"; or store indices that are read faster: {FASTER_INDICES}" if result.noun == "windows" else ""
    print_devices(result.devices, result.period_ms, also)


def accuracies(result: Verification) -> str:
    from tinygmp.report import rows

    if result.reference_accuracy is None:
        return "no labels"
    top5 = result.reference_top5_accuracy
    return rows.percent(result.reference_accuracy) + ("" if top5 is None else f", top-5 {rows.percent(top5)}")


def print_devices(devices: Sequence[DeviceResult], period_ms: float | None, also: str) -> None:
    """Print the table of boards and, of those that are too slow, what may help."""
    from tinygmp.commands import show
    from tinygmp.report import rows

    if devices:
        table = [rows.device_row(device, period_ms) for device in devices]
        show.print_table("boards", rows.DEVICE_HEAD, table)
    for device in devices:
        if device.late(period_ms):
            show.output().print(
                f"{device.board}: the longest step takes {device.worst_milliseconds_per_step:.1f} ms, "
                f"{period_ms:g} ms is the limit; build with --level fastest{also}",
                markup=False,
            )

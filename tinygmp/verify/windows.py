"""Check what was converted from a packed model: on this machine, and on simulated boards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from converters.base import TARGETS, converter
from converters.files import ALL, make_artifacts
from tinygmp.artifact import Artifact
from tinygmp.data.windows import Windows, spread
from tinygmp.device.board import Board, find_board
from tinygmp.device.lab import measure
from tinygmp.device.report import DeviceReport
from tinygmp.device.words import reference_of
from tinygmp.errors import MissingToolError
from tinygmp.graph.model import PackedModel
from tinygmp.progress import OnStep, Steps, silent
from tinygmp.report.record import ArtifactResult, DeviceResult
from tinygmp.side_by_side import run_side_by_side
from tinygmp.verify.parity import Truth, check_artifact, truth

# One board for each core that every machine can simulate: Cortex-M0+, Cortex-M4F, RV32IMC.
DEFAULT_BOARDS = ("nucleo-g071rb", "nucleo-l432kc", "esp32-c3")
WINDOWS_PER_CORE = 64


@dataclass(frozen=True)
class Verification:
    """What was found; `missing` maps a target or board that could not be run to the reason, with the
    remedy.
    """

    model: str
    data: str
    synthetic: bool
    windows: int
    reference_accuracy: float | None
    artifacts: Mapping[str, ArtifactResult]
    devices: tuple[DeviceResult, ...]
    period_ms: float | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True when everything that was run agrees within its tolerance, fits its board and is in time for it."""
        forms = [
            form for artifact in self.artifacts.values() for form in (artifact, *artifact.variants.values())
        ]
        return all(form.agrees for form in forms) and all(
            device.passed and not device.late(self.period_ms) for device in self.devices
        )


def verify(
    model: PackedModel,
    windows: Windows,
    targets: Sequence[str] = ("all",),
    boards: Sequence[str | Board] = DEFAULT_BOARDS,
    windows_per_core: int = WINDOWS_PER_CORE,
    on_step: OnStep = silent,
    level: str = "smallest",
    period_ms: float | None = None,
) -> Verification:
    """Convert a model and compare each artifact, and the C code on each board, with the integer reference.

    Artifacts run all windows, a simulated core `windows_per_core` of them, spread evenly. A runtime or tool
    that is absent is told in `missing`. level: the build for boards, smallest, balanced or fastest. period_ms: time
    between two samples, which no board's longest step may exceed. Raises ConfigError or UnsupportedError for unknown
    names, BuildError, SimulationError.
    """
    lab_boards = [board if isinstance(board, Board) else find_board(board) for board in boards]
    artifacts, no_converter = convert_each(model, targets)
    steps = Steps(on_step, 1 + len(artifacts) + len(lab_boards))
    steps.begin(f"running the reference on {len(windows.counts):,} windows")
    expected = truth(model, windows.counts, windows.labels)
    steps.end()
    results, no_runtime = check_artifacts(artifacts, expected, steps)
    devices, no_tool = check_boards(model, lab_boards, spread(windows, windows_per_core), steps, level)
    return Verification(
        model=model.name,
        data=windows.name,
        synthetic=windows.synthetic,
        windows=len(windows.counts),
        reference_accuracy=expected.accuracy,
        artifacts=results,
        devices=devices,
        period_ms=period_ms,
        missing=no_converter | no_runtime | no_tool,
    )


def convert_each(model: PackedModel, targets: Sequence[str]) -> tuple[list[Artifact], dict[str, str]]:
    """Return the artifact of each target, and target -> reason where a package that its converter needs is absent."""
    artifacts: list[Artifact] = []
    missing: dict[str, str] = {}
    for target in TARGETS if ALL in targets else dict.fromkeys(targets):
        try:
            artifacts += make_artifacts(model, [target])
        except MissingToolError as error:
            missing[target] = str(error)
    return artifacts, missing


def check_artifacts(
    artifacts: Sequence[Artifact], expected: Truth, steps: Steps
) -> tuple[dict[str, ArtifactResult], dict[str, str]]:
    """Return the result of each target, and target -> reason where its runtime is absent."""
    results: dict[str, ArtifactResult] = {}
    missing: dict[str, str] = {}
    for artifact in artifacts:
        steps.begin(f"running {artifact.target} on {len(expected.counts):,} windows")
        try:
            results[artifact.target] = check_artifact(artifact, expected)
        except MissingToolError as error:
            missing[artifact.target] = str(error)
        steps.end()
    return results, missing


def check_boards(
    model: PackedModel, boards: Sequence[Board], counts: np.ndarray, steps: Steps, level: str
) -> tuple[tuple[DeviceResult, ...], dict[str, str]]:
    """Return the result of each board in the order given, and board -> reason where its tools are absent."""
    if not boards:
        return (), {}
    artifact = converter("c")(model)

    def simulate(board: Board) -> DeviceResult:
        return device_result(measure(artifact, board, counts, reference_of(model), level))

    steps.begin(f"simulating {len(boards)} boards on {len(counts)} windows each")
    jobs = {board.name: partial(simulate, board) for board in boards}
    results, missing = run_side_by_side(jobs, steps, "simulated")
    return tuple(results.values()), missing


def device_result(report: DeviceReport) -> DeviceResult:
    """Return the report's entry of one measured board."""
    plain = report.as_dict()
    names = DeviceResult.__dataclass_fields__
    return DeviceResult(**{name: plain[name] for name in names if name in plain})

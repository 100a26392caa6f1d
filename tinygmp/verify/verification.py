"""Check what was converted from a packed model: on this machine, and on simulated boards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from converters.base import TARGETS, converter
from converters.files import ALL, make_artifacts
from tinygmp.artifact import Artifact
from tinygmp.data.samples import Samples
from tinygmp.device.board import Board, find_board
from tinygmp.device.lab import measure
from tinygmp.device.phone.cores import PhoneCore
from tinygmp.device.report import DeviceReport
from tinygmp.device.words import reference_of, words_of
from tinygmp.errors import FileFormatError, MissingToolError
from tinygmp.graph.model import PackedModel
from tinygmp.progress import OnStep, Steps, silent
from tinygmp.report.record import ArtifactResult, ArtifactVariant, DeviceResult, PhoneResult
from tinygmp.side_by_side import run_side_by_side
from tinygmp.verify.forms import forms_of
from tinygmp.verify.judge import Judge, judge
from tinygmp.verify.phone import check_phones, phone_jobs

# One board for each core that every machine can simulate: Cortex-M0+, Cortex-M4F, RV32IMC.
DEFAULT_BOARDS = ("nucleo-g071rb", "nucleo-l432kc", "esp32-c3")
WINDOWS_PER_CORE = 64
RUNS_PER_CORE = 2  # of graphs that run once, which take longer


@dataclass(frozen=True)
class Verification:
    """What was found; `samples` are windows or single runs, `skipped` files that could not be decoded.

    missing: a target, a form of it or a board that could not be run, and the reason with the remedy.
    """

    model: str
    data: str
    synthetic: bool
    noun: str  # what its samples are called
    samples: int
    reference_accuracy: float | None
    reference_top5_accuracy: float | None
    artifacts: Mapping[str, ArtifactResult]
    devices: tuple[DeviceResult, ...]
    phones: tuple[PhoneResult, ...] = ()
    skipped: tuple[str, ...] = ()
    period_ms: float | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True when everything that was run agrees within its tolerance, fits its board and is in time for it."""
        forms = [
            form for artifact in self.artifacts.values() for form in (artifact, *artifact.variants.values())
        ]
        on_phones = all(phone.agrees for phone in self.phones)
        return (
            on_phones
            and all(form.agrees for form in forms)
            and all(device.passed and not device.late(self.period_ms) for device in self.devices)
        )


def verify(
    model: PackedModel,
    samples: Samples,
    targets: Sequence[str] = (ALL,),
    boards: Sequence[str | Board] | None = None,
    samples_per_core: int | None = None,
    on_step: OnStep = silent,
    level: str = "smallest",
    period_ms: float | None = None,
    phones: Sequence[PhoneCore] = (),
) -> Verification:
    """Convert a model and compare each form, and the C code on each board, with the integer reference.

    Forms run all samples, a simulated core `samples_per_core` of them, spread evenly (64 windows, or 2 runs of a graph
    without states). boards: None for those of `default_boards`. A runtime or tool that is absent is told in `missing`.
    level: the build for boards, smallest, balanced or fastest. period_ms: time between two samples, which no board's
    longest step may exceed. phones: emulated cores that run each TFLite and ONNX form on as many samples as a core of
    a board, by default 2. Raises ConfigError or UnsupportedError for unknown names, BuildError, SimulationError.
    """
    wanted = default_boards(model) if boards is None else boards
    lab_boards = [board if isinstance(board, Board) else find_board(board) for board in wanted]
    per_core = samples_per_core or (WINDOWS_PER_CORE if model.recurrent else RUNS_PER_CORE)
    artifacts, missing = convert_each(model, targets)
    jobs = {one.target: jobs_of(model, one) for one in artifacts}
    emulated = phone_jobs(model, artifacts, phones) if phones else []
    steps = Steps(on_step, 1 + sum(map(len, jobs.values())) + len(lab_boards) + len(emulated))
    steps.begin(f"running the reference on {len(samples):,} {noun(model)}")
    expected = judge(model, samples)
    steps.end()
    results: dict[str, ArtifactResult] = {}
    for artifact in artifacts:
        found = check_artifact(artifact, jobs[artifact.target], expected, steps, missing)
        if found is not None:
            results[artifact.target] = found
    on_phones = samples.spread(samples_per_core or RUNS_PER_CORE)
    ran = check_phones(emulated, judge(model, on_phones), steps, missing) if emulated else ()
    devices, no_tool = check_boards(model, lab_boards, samples.spread(per_core), steps, level)
    reference = expected.expected
    return Verification(
        model=model.name,
        data=samples.name,
        synthetic=samples.synthetic or model.synthetic,
        noun=noun(model),
        samples=len(samples),
        reference_accuracy=expected.accuracy(reference.classes),
        reference_top5_accuracy=expected.top5(reference.logits),
        artifacts=results,
        devices=devices,
        phones=ran,
        skipped=samples.skipped,
        period_ms=period_ms,
        missing=missing | no_tool,
    )


def noun(model: PackedModel) -> str:
    """Return what samples of a model are called."""
    return "windows" if model.recurrent else "images" if model.input.dtype == "uint8" else "samples"


def default_boards(model: PackedModel) -> tuple[str, ...]:
    """Return the boards that are simulated when none is named: a graph without states may be large and slow there."""
    return DEFAULT_BOARDS if model.recurrent else ()


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


Jobs = Mapping[str, Callable[[Judge], ArtifactVariant]]


def jobs_of(model: PackedModel, artifact: Artifact) -> Jobs:
    """Return form -> how it is judged, of every form that the artifact holds.

    Raises UnsupportedError for a target without a runtime.
    """
    if artifact.target == "c":
        return {"c": lambda expected: expected.c(artifact)}
    jobs: dict[str, Callable[[Judge], ArtifactVariant]] = {}
    for form in forms_of(model, artifact.target):
        if (content := form.content(artifact)) is not None:
            jobs[form.name] = partial(Judge.form, form=form, content=content)
    return jobs


def check_artifact(
    artifact: Artifact, jobs: Jobs, expected: Judge, steps: Steps, missing: dict[str, str]
) -> ArtifactResult | None:
    """Run each form of an artifact; its entry point, or else the first that ran, is the main one.

    What is absent is told in `missing`: the target where no form could be run.
    """
    variants: dict[str, ArtifactVariant] = {}
    absent: dict[str, str] = {}
    for name, job in jobs.items():
        steps.begin(f"running {artifact.target if name == artifact.target else f'{artifact.target}, {name}'}")
        try:
            variants[name] = job(expected)
        except (MissingToolError, FileFormatError) as error:
            absent[f"{artifact.target}, {name}"] = str(error)
        steps.end()
    if not variants:
        missing[artifact.target] = next(iter(absent.values()))
        return None
    missing.update(absent)
    main = next((v for name, v in variants.items() if is_entry(artifact, expected.model, name)), None)
    main = main or next(iter(variants.values()))
    return ArtifactResult(**vars(main), variants={} if artifact.target == "c" else variants)


def is_entry(artifact: Artifact, model: PackedModel, name: str) -> bool:
    if artifact.target == "c":
        return True
    form = next(form for form in forms_of(model, artifact.target) if form.name == name)
    return artifact.name + form.ending == artifact.entry_point


def check_boards(
    model: PackedModel, boards: Sequence[Board], samples: Samples, steps: Steps, level: str
) -> tuple[tuple[DeviceResult, ...], dict[str, str]]:
    """Return the result of each board in the order given, and board -> reason where its tools are absent."""
    if not boards:
        return (), {}
    artifact, words = converter("c")(model), words_of(model, samples.inputs)

    def simulate(board: Board) -> DeviceResult:
        return device_result(measure(artifact, board, words, reference_of(model), level))

    steps.begin(f"simulating {len(boards)} boards on {len(samples)} {noun(model)} each")
    jobs = {board.name: partial(simulate, board) for board in boards}
    results, missing = run_side_by_side(jobs, steps, "simulated")
    return tuple(results.values()), missing


def device_result(report: DeviceReport) -> DeviceResult:
    """Return the report's entry of one measured board."""
    plain = report.as_dict()
    names = DeviceResult.__dataclass_fields__
    return DeviceResult(**{name: plain[name] for name in names if name in plain})

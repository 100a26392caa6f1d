"""What a report says, as data. Accuracies are per cent of test windows, sparsities are fractions of zeros.

`payload_bytes` are the bytes of the model in flash (values, indices, scales, multipliers, biases, tables, stream
headers), neither code nor container. `limit_bytes` replaces the weight streams by n*h2(k/n) + 8k bits,
`entropy_limit_bytes` by H(mask) + H(values). `mismatches` are windows whose answer differs from the reference's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tinygmp.artifact import write_atomically
from tinygmp.errors import FileFormatError
from tinygmp.foreign import reads
from tinygmp.report.checked import Checked
from tinygmp.report.facts import Answers, Curve, LeftOut
from tinygmp.report.fits import FitFacts, read_fits
from tinygmp.report.plain import from_plain, to_plain

VERSION = 1


@dataclass(frozen=True)
class DataFacts:
    """The data of a run; `people` and `windows` count by split: 'train', 'validation', 'test'.

    grouped_by: what `people` counts and a split keeps whole: 'people', 'recordings', 'groups' or 'windows';
    shared_people: of the people in test, how many are in training too; None where nothing tells people apart.
    """

    name: str
    synthetic: bool
    sha256: str
    people: Mapping[str, int]
    windows: Mapping[str, int]
    grouped_by: str = "people"
    shared_people: int | None = None


@dataclass(frozen=True)
class DenseResult(Checked):
    """The unpruned float network; `best_epoch_accuracy` is the best on TEST people, as papers report it."""

    accuracy: float
    parameters: int = 0
    validation_accuracy: float | None = None
    best_epoch_accuracy: float | None = None


@dataclass(frozen=True)
class MatrixSparsity(Checked):
    size: int
    nnz: int
    sparsity: float


@dataclass(frozen=True)
class PrunedResult(Checked):
    """The pruned float network before packing; `sparsity` and `nnz` are over the prunable weights."""

    accuracy: float
    sparsity: float
    nnz: int
    by_matrix: Mapping[str, MatrixSparsity]
    validation_accuracy: float | None = None
    best_epoch_accuracy: float | None = None


@dataclass(frozen=True)
class PackedResult(Checked):
    """A packed model run by the integer reference; `formats` maps a tensor to its index format.

    `by_part` are payload bytes by kind of content, `by_layer` the same by layer or tensor and then by kind.
    """

    accuracy: float
    payload_bytes: int
    limit_bytes: float
    entropy_limit_bytes: float
    by_part: Mapping[str, int]
    nnz: int = 0
    formats: Mapping[str, str] = field(default_factory=dict)
    by_layer: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    validation_accuracy: float | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ArtifactVariant(Checked):
    """One runnable form of an artifact against the reference.

    `worst_logit_difference` is in standard deviations of the reference's outputs, of which the worst is told; of int8
    outputs `worst_units` is the same in their units. `agrees` is True within the tolerance stated for the form; for C
    that is no difference at all, and `mismatches` counts any, of other forms another class. Times are of one sample,
    median and what lies between the quartiles, where the runtime takes one at a time.
    """

    accuracy: float | None  # None without labels
    mismatches: int
    windows: int
    worst_logit_difference: float
    file_bytes: int
    measured_by: str
    agrees: bool
    worst_units: float | None = None
    top5_accuracy: float | None = None  # of more than 5 classes
    gzip_bytes: int | None = None
    milliseconds: float | None = None
    milliseconds_spread: float | None = None


@dataclass(frozen=True)
class ArtifactResult(ArtifactVariant):
    """A target's main form; `variants` holds every form of it by name, such as 'f32' and 'int16x8'."""

    variants: Mapping[str, ArtifactVariant] = field(default_factory=dict)


@dataclass(frozen=True)
class PhoneResult(Checked):
    """One form in a runtime's ARM64 build on an emulated core; no time, for an emulator has none that counts.

    instructions: of one inference, or of all steps of a window, by the mean; kernels: XNNPACK's own that ran, name ->
    instructions of the same, and those that skip zeros; memory_bytes: growth in RAM since before the file was opened.
    """

    core: str
    target: str
    form: str
    samples: int
    mismatches: int
    worst_logit_difference: float
    agrees: bool
    instructions: float
    file_bytes: int
    gzip_bytes: int
    memory_bytes: int
    kernels: Mapping[str, int] = field(default_factory=dict)
    sparse_kernels: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeviceResult(Checked):
    """A program on a board; `ram_bytes` leaves out the stack, `stack_bytes` is its measured peak or None."""

    board: str
    core: str
    flash_bytes: int
    flash_limit_bytes: int
    ram_bytes: int
    ram_limit_bytes: int
    stack_bytes: int | None
    instructions_per_step: float | None
    mismatches: int | None  # None: not run
    windows: int
    measured_by: str
    fits: bool
    cycles_per_step: float | None = None
    milliseconds_per_step: float | None = None
    worst_milliseconds_per_step: float | None = None

    @property
    def passed(self) -> bool:
        return self.fits and self.mismatches == 0

    def late(self, period_ms: float | None) -> bool:
        """True where the longest step takes longer than the time between two samples."""
        worst = self.worst_milliseconds_per_step
        return period_ms is not None and worst is not None and worst > period_ms


@dataclass(frozen=True)
class SweepPoint(Checked):
    """The network of the run pruned further in one shot, not retrained, and packed."""

    sparsity: float
    payload_bytes: int
    accuracy: float


@dataclass(frozen=True)
class Provenance:
    commit: str
    recipe: str
    seed: int
    versions: Mapping[str, str]
    seconds_by_stage: Mapping[str, float]


@dataclass(frozen=True)
class Report:
    """One run from data to devices. `shipped` is the model that comes with the package, tested on the same data."""

    name: str
    data: DataFacts
    dense: DenseResult
    pruned: PrunedResult
    packed: PackedResult
    artifacts: Mapping[str, ArtifactResult]
    devices: tuple[DeviceResult, ...]
    provenance: Provenance
    shipped: PackedResult | None = None
    sweep: tuple[SweepPoint, ...] = ()
    answers: Answers | None = None
    training: Mapping[str, Curve] = field(default_factory=dict)
    left_out: LeftOut | None = None
    fits: tuple[FitFacts, ...] = ()
    version: int = VERSION

    @property
    def passed(self) -> bool:
        """True when every artifact agrees with the reference and every board fits and equals it bit for bit."""
        forms = [
            form for artifact in self.artifacts.values() for form in (artifact, *artifact.variants.values())
        ]
        return all(form.agrees for form in forms) and all(device.passed for device in self.devices)


def to_json(report: Report) -> str:
    """Return the report as indented JSON text."""
    return json.dumps(to_plain(report), indent=2, allow_nan=False) + "\n"


def from_json(text: str, source: str = "report.json") -> Report:
    """Return the report of a JSON text; raises FileFormatError that names the source and the entry."""
    try:
        plain: Any = json.loads(text)
    except ValueError as error:
        raise FileFormatError(f"'{source}' is not valid JSON ({error}); make the report again") from error
    if not isinstance(plain, dict) or plain.get("version") != VERSION:
        found = plain.get("version") if isinstance(plain, dict) else type(plain).__name__
        raise FileFormatError(f"'{source}' has report version {found}, this tinygmp reads {VERSION}")
    return from_plain(Report, plain, source)


def write_report(report: Report, path: Path) -> Path:
    """Write report.json in one atomic step; raises OutputError."""
    write_atomically(path, to_json(report).encode())
    return path


@reads("a report", "make the report again", FileFormatError)
def read_report(path: Path) -> Report:
    """Read a report.json, given itself or its folder, and what `fit` found beside it.

    Raises FileFormatError when it is missing or not a report.
    """
    path = path / "report.json" if path.is_dir() else path
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(f"cannot read report '{path}': {error}; check the path") from error
    return replace(from_json(text, str(path)), fits=read_fits(path.parent))

"""The report's tables as rows of text: the page and the terminal show the same words."""

from collections.abc import Mapping
from dataclasses import dataclass

from tinygmp.report.facts import Answers, LeftOut, Score
from tinygmp.report.fits import FitFacts
from tinygmp.report.record import ArtifactVariant, DeviceResult, PackedResult, PhoneResult, Report

NONE = "–"
SYNTHETIC_BANNER = (
    "SYNTHETIC DATA: no real person was measured. These accuracies mean nothing outside this test."
)
STAGE_HEAD = ("model", "test accuracy", "validation", "nonzero", "payload", "limit", "H limit")
ARTIFACT_HEAD = (
    "artifact", "verdict", "accuracy", "mismatches", "windows", "worst logit", "file", "measured by"
)  # fmt: skip
TIMED_HEAD = ("top-5", "worst units", "gzip", "ms")
DEVICE_HEAD = (
    "board", "verdict", "core", "flash", "RAM", "stack", "instructions / step", "ms / step", "mismatches", "measured by"
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row of a table; `passed` colours the second cell, the verdict, and is None where there is none."""

    cells: tuple[str, ...]
    passed: bool | None = None


def stage_rows(report: Report) -> list[Row]:
    """Return the way of a model from dense to packed, and the shipped model."""
    dense, pruned = report.dense, report.pruned
    rows = [
        Row(("dense, float", percent(dense.accuracy), percent(dense.validation_accuracy),
             f"{dense.parameters:,}" if dense.parameters else NONE, NONE, NONE, NONE)),
        Row((f"pruned, float ({100 * pruned.sparsity:.1f} % zeros)", percent(pruned.accuracy),
             percent(pruned.validation_accuracy), f"{pruned.nnz:,}", NONE, NONE, NONE)),
        packed_row("packed, integer", report.packed),
    ]  # fmt: skip
    if report.shipped is not None:
        rows.append(packed_row("shipped model, integer", report.shipped))
    return rows


def packed_row(name: str, packed: PackedResult) -> Row:
    return Row(
        (
            name,
            percent(packed.accuracy),
            percent(packed.validation_accuracy),
            f"{packed.nnz:,}" if packed.nnz else NONE,
            size(packed.payload_bytes),
            size(round(packed.limit_bytes)),
            size(round(packed.entropy_limit_bytes)),
        )
    )


def artifact_rows(report: Report) -> list[Row]:
    """Return a row for every artifact, and one for each form of those that have several."""
    return rows_of_artifacts(report.artifacts)


def rows_of_artifacts(artifacts: Mapping[str, ArtifactVariant]) -> list[Row]:
    return [artifact_row(name, variant) for name, variant in named_variants(artifacts)]


def named_variants(artifacts: Mapping[str, ArtifactVariant]) -> list[tuple[str, ArtifactVariant]]:
    """Return every form by 'target, form', and by its target alone where it is the only one."""
    found: list[tuple[str, ArtifactVariant]] = []
    for target, artifact in artifacts.items():
        forms = getattr(artifact, "variants", {})
        found += [(f"{target}, {form}", variant) for form, variant in forms.items()] or [(target, artifact)]
    return found


def timed_rows(artifacts: Mapping[str, ArtifactVariant]) -> list[Row]:
    """Return the same rows with what only graphs that run once have: top-5, units, compressed size and time."""
    variants = [variant for _, variant in named_variants(artifacts)]
    return [
        Row((*row.cells, *timed_cells(variant)), row.passed)
        for row, variant in zip(rows_of_artifacts(artifacts), variants, strict=True)
    ]


def timed_cells(variant: ArtifactVariant) -> tuple[str, ...]:
    time = NONE
    if variant.milliseconds is not None:
        time = f"{variant.milliseconds:.2f} ± {variant.milliseconds_spread:.2f}"
    units = NONE if variant.worst_units is None else f"{variant.worst_units:.3g}"
    return percent(variant.top5_accuracy), units, size(variant.gzip_bytes), time


def artifact_row(name: str, variant: ArtifactVariant) -> Row:
    cells = (
        name,
        "agrees" if variant.agrees else "differs",
        percent(variant.accuracy),
        f"{variant.mismatches:,}",
        f"{variant.windows:,}",
        f"{variant.worst_logit_difference:.2g} sd" if variant.worst_logit_difference else "0",
        size(variant.file_bytes),
        variant.measured_by,
    )
    return Row(cells, variant.agrees)


def device_rows(report: Report) -> list[Row]:
    """Return a row for each board."""
    return [device_row(device) for device in report.devices]


def device_row(device: DeviceResult, period_ms: float | None = None) -> Row:
    """Return the row of a board, whose longest step must end within the time between two samples if one is given."""
    mismatches = NONE if device.mismatches is None else f"{device.mismatches} of {device.windows}"
    cells = (
        device.board,
        verdict(device, period_ms),
        device.core,
        used(device.flash_bytes, device.flash_limit_bytes),
        used(device.ram_bytes, device.ram_limit_bytes),
        size(device.stack_bytes),
        number(device.instructions_per_step, 0),
        number(device.milliseconds_per_step, 3),
        mismatches,
        device.measured_by,
    )
    return Row(cells, device.passed and not device.late(period_ms))


PHONE_HEAD = (
    "core",
    "verdict",
    "form",
    "M instructions",
    "zeros skipped by",
    "mismatches",
    "worst",
    "file",
    "gzip",
    "memory",
)
MILLION = 1e6


def phone_row(phone: PhoneResult) -> Row:
    """Return the row of one form on an emulated core."""
    cells = (
        phone.core,
        "agrees" if phone.agrees else "differs",
        f"{phone.target}, {phone.form}",
        number(phone.instructions / MILLION, 3),
        ", ".join(phone.sparse_kernels) or "none",
        f"{phone.mismatches} of {phone.samples}",
        f"{phone.worst_logit_difference:.2g} sd" if phone.worst_logit_difference else "0",
        size(phone.file_bytes),
        size(phone.gzip_bytes),
        size(phone.memory_bytes),
    )
    return Row(cells, phone.agrees)


def verdict(device: DeviceResult, period_ms: float | None = None) -> str:
    if not device.fits:
        return "does not fit"
    if device.mismatches is None:
        return "not run"
    if not device.passed:
        return "answers differ"
    return "too slow" if device.late(period_ms) else "pass"


def percent(accuracy: float | None) -> str:
    return NONE if accuracy is None else f"{accuracy:.2f} %"


def size(count: int | None) -> str:
    return NONE if count is None else f"{count:,} B"


def used(count: int, limit: int) -> str:
    return f"{count:,} of {limit:,} B"


def number(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:,.{digits}f}"


@dataclass(frozen=True)
class AnswerRow:
    """A row of the confusion matrix: windows of a class by class answered, and their shares."""

    label: str
    counts: tuple[int, ...]
    shares: tuple[float, ...]
    right: str


def answer_cells(answers: Answers) -> list[AnswerRow]:
    """Return the confusion matrix, a row for each true class."""
    found = []
    for place, (label, counts) in enumerate(zip(answers.classes, answers.confusion, strict=True)):
        total = sum(counts)
        shares = tuple(count / total if total else 0.0 for count in counts)
        found.append(AnswerRow(label, counts, shares, share_of(Score(total, counts[place]))))
    return found


def answer_head(answers: Answers) -> tuple[str, ...]:
    return ("", *answers.classes, "right")


def answer_rows(answers: Answers) -> list[Row]:
    """Return the confusion matrix as plain rows."""
    return [
        Row((row.label, *(f"{count:,}" for count in row.counts), row.right)) for row in answer_cells(answers)
    ]


FIT_HEAD = ("variant", "formats", "held-out", "in float", "payload", "flash", "RAM", "")


def fit_rows(found: FitFacts) -> list[Row]:
    """Return the variants that no other beats in bytes and accuracy, and the chosen one, fewest bytes first."""
    shown = [one for one in found.variants if one.name in (*found.front, found.chosen)]
    return [
        Row((
            one.name, one.formats, percent(one.accuracy), percent(one.float_accuracy), size(one.payload_bytes),
            size(one.flash_bytes), size(one.ram_bytes),
            "chosen" if one.name == found.chosen else "" if one.fits else "does not fit",
        ))
        for one in sorted(shown, key=lambda one: one.flash_bytes)
    ]  # fmt: skip


def group_rows(answers: Answers) -> list[Row]:
    """Return a row for each person or recording of the test, the worst first: all windows, then each class's."""
    rows = []
    for name, scores in answers.by_group.items():
        together = Score(sum(one.windows for one in scores), sum(one.correct for one in scores))
        worth = together.correct / together.windows if together.windows else 0.0
        rows.append((worth, Row((name, share_of(together), *(share_of(one) for one in scores)))))
    return [row for _, row in sorted(rows, key=lambda pair: (pair[0], pair[1].cells))]


def share_of(score: Score) -> str:
    """Return a share of windows in per cent, with the windows themselves, since few of them say little."""
    if not score.windows:
        return NONE
    return f"{100 * score.correct / score.windows:.1f} % of {score.windows:,}"


def left_out_rows(found: LeftOut) -> list[Row]:
    """Return a row for each that was left out, the worst first."""
    ordered = sorted(found.accuracies.items(), key=lambda item: (item[1], item[0]))
    return [Row((name, percent(accuracy))) for name, accuracy in ordered]

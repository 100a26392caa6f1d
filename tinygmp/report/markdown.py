"""The report as Markdown, for a pull request or a step summary."""

from collections.abc import Sequence
from pathlib import Path

from tinygmp.artifact import write_atomically
from tinygmp.report.record import Report
from tinygmp.report.rows import (
    ARTIFACT_HEAD,
    DEVICE_HEAD,
    FIT_HEAD,
    STAGE_HEAD,
    SYNTHETIC_BANNER,
    Row,
    answer_head,
    answer_rows,
    artifact_rows,
    device_rows,
    fit_rows,
    stage_rows,
)
from tinygmp.report.words import extent, left_out_sentence, split_sentence, unknown_sentences

SPECIAL = "\\`*_{}[]<>|#"


def to_markdown(report: Report) -> str:
    """Return the report's tables and provenance in GitHub's Markdown."""
    parts = [f"# {escaped(report.name)}"]
    if report.data.synthetic:
        parts.append(f"> **{SYNTHETIC_BANNER}**")
    run = report.provenance
    parts.append(
        f"{escaped(report.data.name)}, {extent(report.data)}; recipe {escaped(run.recipe)}, seed {run.seed}, commit "
        f"{escaped(run.commit)}"
    )
    parts.append(markdown_table(STAGE_HEAD, stage_rows(report)))
    parts += [*data_parts(report), *fit_parts(report)]
    if report.artifacts:
        parts += [
            "## Artifacts against the integer reference",
            markdown_table(ARTIFACT_HEAD, artifact_rows(report)),
        ]
    if report.devices:
        parts += ["## Devices", markdown_table(DEVICE_HEAD, device_rows(report))]
    content = [
        Row((layer, part, f"{size:,}"))
        for layer, sizes in report.packed.by_layer.items()
        for part, size in sizes.items()
    ] or [Row(("", part, f"{size:,}")) for part, size in report.packed.by_part.items()]
    parts += ["## Payload", markdown_table(("layer", "part", "bytes"), content)]
    return "\n\n".join(parts) + "\n"


def data_parts(report: Report) -> list[str]:
    """Return who is in training and in test, and how the test windows were answered."""
    sentences = (split_sentence(report.data), left_out_sentence(report))
    parts = [escaped(" ".join(filter(None, sentences)))]
    if report.answers is not None:
        table = markdown_table(answer_head(report.answers), answer_rows(report.answers))
        parts += ["## Test windows, answered as", table]
    return parts


def fit_parts(report: Report) -> list[str]:
    """Return what `fit` found for each board."""
    parts = []
    for fit in report.fits:
        chosen = f"chosen {fit.chosen}" if fit.chosen else "nothing chosen"
        parts += [f"## Variants on {escaped(fit.board)}", escaped(f"{chosen}: {fit.why}")]
        parts.append(markdown_table(FIT_HEAD, fit_rows(fit)))
        if fit.unknown is not None:
            parts.append(escaped(" ".join(unknown_sentences(fit.unknown))))
    return parts


def write_markdown(report: Report, path: Path) -> Path:
    """Write the Markdown in one atomic step; raises OutputError."""
    write_atomically(path, to_markdown(report).encode())
    return path


def markdown_table(head: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table; a failed row's verdict is bold."""
    lines = [tuple(escaped(name) for name in head), ("---",) * len(head)]
    for row in rows:
        cells = [escaped(cell) for cell in row.cells]
        if row.passed is False:
            cells[1] = f"**{cells[1]}**"
        lines.append(tuple(cells))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in text.replace("\n", " "))

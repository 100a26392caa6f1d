"""The report as Markdown, for a pull request or a step summary."""

from collections.abc import Sequence
from pathlib import Path

from tinygmp.artifact import write_atomically
from tinygmp.report.record import Report
from tinygmp.report.rows import (
    ARTIFACT_HEAD,
    DEVICE_HEAD,
    STAGE_HEAD,
    SYNTHETIC_BANNER,
    Row,
    artifact_rows,
    device_rows,
    stage_rows,
)

SPECIAL = "\\`*_{}[]<>|#"


def to_markdown(report: Report) -> str:
    """Return the report's tables and provenance in GitHub's Markdown."""
    parts = [f"# {escaped(report.name)}"]
    if report.data.synthetic:
        parts.append(f"> **{SYNTHETIC_BANNER}**")
    run = report.provenance
    parts.append(
        f"{escaped(report.data.name)}, {sum(report.data.windows.values()):,} windows; recipe {escaped(run.recipe)}, "
        f"seed {run.seed}, commit {escaped(run.commit)}"
    )
    parts.append(markdown_table(STAGE_HEAD, stage_rows(report)))
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


def write_markdown(report: Report, path: Path) -> Path:
    """Write the Markdown in one atomic step; raises OutputError."""
    write_atomically(path, to_markdown(report).encode())
    return path


def markdown_table(head: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table; a failed row's verdict is bold."""
    lines = [tuple(head), ("---",) * len(head)]
    for row in rows:
        cells = [escaped(cell) for cell in row.cells]
        if row.passed is False:
            cells[1] = f"**{cells[1]}**"
        lines.append(tuple(cells))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in text.replace("\n", " "))

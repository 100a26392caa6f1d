"""Write the README's measured figures from the saved report and seeds summary; --check fails when they differ."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tinygmp.artifact import write_atomically
from tinygmp.report.record import ArtifactVariant, DeviceResult, Report, read_report

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "har" / "pretrained" / "report.json"
SEEDS = ROOT / "har" / "pretrained" / "seeds.json"
BEGIN, END = "<!-- figures: scripts/readme_figures.py -->", "<!-- end of figures -->"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="do not write; exit 1 when the README differs")
    options = parser.parse_args()
    readme = ROOT / "README.md"
    old = readme.read_text()
    new = with_figures(old, figures(read_report(REPORT), json.loads(SEEDS.read_text())))
    if options.check:
        if new != old:
            print("README.md differs from its reports: run scripts/readme_figures.py", file=sys.stderr)
        return int(new != old)
    write_atomically(readme, new.encode())
    return 0


def with_figures(readme: str, text: str) -> str:
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}"


def figures(report: Report, seeds: dict[str, Any]) -> str:
    """Return all tables as Markdown."""
    return "\n\n".join(
        [
            f"Real data: {report.data.name}, {report.data.windows['test']:,} windows of "
            f"{report.data.people['test']} test people, who take no part in training or choice. Accuracy in per cent.",
            accuracy_table(report, seeds),
            artifact_table(report),
            board_table(report),
        ]
    )


def accuracy_table(report: Report, seeds: dict[str, Any]) -> str:
    spread, shipped = seeds["spread"], report.shipped
    assert shipped is not None
    count = len(seeds["seeds"])
    minutes = sum(report.provenance.seconds_by_stage.values()) / 60
    rows = (
        ("HAR-2, integer reference", "accuracy", "payload", "how"),
        ("---",) * 4,
        (
            f"shipped model, seed {seeds['chosen_on_held_out_people']} of {count}",
            f"{shipped.accuracy:.2f}",
            f"{shipped.payload_bytes:,} B (limit {shipped.limit_bytes:,.0f} B)",
            "chosen on held-out training people by `scripts/har2_seeds.py`",
        ),
        (
            f"{count} seeds, mean ± deviation",
            f"{spread['test_accuracy']['mean']:.2f} ± {spread['test_accuracy']['deviation']:.2f}",
            f"{spread['payload_bytes']['mean']:,.0f} B",
            "the same script",
        ),
        (
            "best epoch on TEST people, mean",
            f"{spread['best_epoch_on_test']['mean']:.2f}",
            "",
            "float; only to compare with papers that report it",
        ),
        (
            f"`make har2`, seed {report.provenance.seed}",
            f"{report.packed.accuracy:.2f}",
            f"{report.packed.payload_bytes:,} B",
            f"one run, {minutes:.1f} minutes on 2 cores",
        ),
        (
            "the same, float before packing",
            f"{report.pruned.accuracy:.2f}",
            "",
            f"{report.pruned.nnz:,} weights",
        ),
        ("the same, dense float", f"{report.dense.accuracy:.2f}", "", f"{report.dense.parameters:,} weights"),
    )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def artifact_table(report: Report) -> str:
    lines = [
        "| artifact of `make har2` | accuracy | windows that differ from the reference | file | run by |",
        "| --- | --- | --- | --- | --- |",
    ]
    for target, artifact in report.artifacts.items():
        forms: dict[str, ArtifactVariant] = dict(artifact.variants) or {"": artifact}
        for form, variant in forms.items():
            name = f"{target} {form}".strip()
            differing = f"{variant.mismatches} of {variant.windows:,}"
            lines.append(
                f"| {name} | {variant.accuracy:.2f} | {differing} | {variant.file_bytes:,} B | {variant.measured_by} |"
            )
    return "\n".join(lines)


def board_table(report: Report) -> str:
    lines = [
        "| board, simulated core | flash, all of it | RAM | stack | instructions a step | differing windows |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for device in report.devices:
        lines.append(board_row(device))
    return "\n".join(lines)


def board_row(device: DeviceResult) -> str:
    return (
        f"| {device.board}, {device.core} | {device.flash_bytes:,} B | {device.ram_bytes} B | {device.stack_bytes} B | "
        f"{device.instructions_per_step:,.0f} | {device.mismatches} of {device.windows} |"
    )


if __name__ == "__main__":
    sys.exit(main())

"""Write the figures of docs/mlperf_tiny.md from its report; --check fails when they differ."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tinygmp.artifact import write_atomically

ROOT = Path(__file__).resolve().parents[1]
PAGE, REPORT = ROOT / "docs" / "mlperf_tiny.md", ROOT / "docs" / "reports" / "mlperf_tiny.json"
BEGIN, END = "<!-- figures: scripts/mlperf_tiny_figures.py -->", "<!-- end of figures -->"
Row = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="do not write; exit 1 when the page differs")
    options = parser.parse_args()
    old = PAGE.read_text(encoding="utf-8")
    new = with_figures(old, figures(json.loads(REPORT.read_text(encoding="utf-8"))))
    if options.check:
        if new != old:
            print(f"{PAGE} differs from {REPORT}: run scripts/mlperf_tiny_figures.py", file=sys.stderr)
        return int(new != old)
    write_atomically(PAGE, new.encode())
    return 0


def with_figures(page: str, text: str) -> str:
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}"


def figures(report: Row) -> str:
    """Return all tables as Markdown."""
    networks = report["networks"]
    return "\n\n".join(
        [
            "### Against LiteRT",
            table(
                (
                    "network",
                    "outputs",
                    "differ from LiteRT",
                    "before the softmax",
                    "C differs from the import",
                ),
                [import_row(network) for network in networks],
            ),
            *(picture_text(network) for network in networks if "pictures" in network["import"]),
            *(error_text(network) for network in networks if "auc" in network["import"]),
            "### Costs",
            table(
                (
                    "network",
                    "model",
                    "non-zero of weights",
                    "board",
                    "build",
                    "flash",
                    "RAM",
                    "stack",
                    "instructions",
                ),
                [row for network in networks for row in board_rows(network)],
            ),
            "### Beside TFLite Micro, and agreement",
            table(
                (
                    "network",
                    "model",
                    "flash, RAM + stack",
                    "TFLite Micro: file, arena",
                    "cores that differ",
                    "files",
                ),
                [side_row(network, model) for network in networks for model in network["models"]],
            ),
        ]
    )


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def import_row(network: Row) -> tuple[str, ...]:
    found = network["import"]
    compared, before = found["against_litert"], found["before_softmax"]
    return (
        network["title"],
        f"{compared['outputs']:,}, of {compared['inputs']:,} random inputs",
        f"{compared['outputs_that_differ']:,}, by {compared['largest_difference']} at most; "
        f"{compared['classes_that_differ']} classes",
        "no softmax" if before is None else f"{before['outputs_that_differ']:,}",
        f"{found['c_against_import']['outputs_that_differ']:,}",
    )


def picture_text(network: Row) -> str:
    found = network["import"]["pictures"]
    packed = ", ".join(
        f"{model['model'].removeprefix('float file, ')} {model['accuracy']:.2f} %"
        for model in network["models"]
        if model.get("accuracy") is not None
    )
    compared = found["against_litert"]
    return (
        f"{network['title']}, {found['data']}: LiteRT {found['litert_accuracy']:.2f} %, import "
        f"{found['import_accuracy']:.2f} %, float file {found['float_accuracy']:.2f} %. Import and LiteRT differ in "
        f"{compared['classes_that_differ']} classes and {compared['outputs_that_differ']:,} of {compared['outputs']:,} "
        f"outputs, by {compared['largest_difference']} at most; the import gives the float network's class for "
        f"{found['same_class_as_float']:.2f} %. Packed without retraining: {packed}."
    )


def error_text(network: Row) -> str:
    found = network["import"]["reconstruction_error"]
    return (
        f"{network['title']}: AUC {network['import']['auc']}. Mean squared reconstruction error on the random inputs: "
        f"{found['int8_file_mean']:.1f} of the int8 file; the import differs by {found['import_largest_difference']:g} "
        f"at most, C by {found['c_largest_difference']:g}; the float file has {found['float_file_mean']:.1f}."
    )


def board_rows(network: Row) -> list[tuple[str, ...]]:
    """Return a row a board and build; what does not fit the board is marked."""
    return [
        (
            network["name"],
            model["model"],
            f"{model['nonzero']:,} of {model['weights']:,}",
            f"{row['board']}{'' if row['fits'] else ' (does not fit)'}",
            row["level"],
            *(f"{row[key]:,} B" for key in ("flash_bytes", "ram_bytes", "stack_bytes")),
            f"{row['instructions'] / 1e6:.2f} M",
        )
        for model in network["models"]
        for row in model["boards"]
    ]


def side_row(network: Row, model: Row) -> tuple[str, ...]:
    """Return the smallest build of the first board beside TFLite Micro's sizes, and what was compared."""
    own, micro = model["boards"][0], model["tflite_micro"]
    arena = "refused" if micro["arena_bytes"] is None else f"{micro['arena_bytes']:,} B"
    cores, forms = model["cores"], model["runtimes"]
    return (
        network["name"],
        model["model"],
        f"{own['flash_bytes']:,} B, {own['ram_bytes'] + own['stack_bytes']:,} B",
        f"{micro['file_bytes']:,} B, {arena}",
        f"{sum(bool(core['differences']) for core in cores)} of {len(cores)}",
        f"{sum(form['agrees'] for form in forms)} of {len(forms)} within their limits",
    )


if __name__ == "__main__":
    sys.exit(main())

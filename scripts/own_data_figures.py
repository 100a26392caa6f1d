"""Run the commands of docs/own-data.md from an empty folder, time them, and write the figures into that page.

With TINYGMP_DATA (or a cached archive) the six activities of UCI HAR go the same way as an .npz; without, only the
synthetic recordings do. --check runs nothing and fails when the page differs from the saved report.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tinygmp.artifact import write_atomically
from tinygmp.data.example_recordings import write_example

ROOT = Path(__file__).resolve().parents[1]
PAGE, REPORT = ROOT / "docs" / "own-data.md", ROOT / "docs" / "reports" / "own_data.json"
BEGIN, END = "<!-- figures: scripts/own_data_figures.py -->", "<!-- end of figures -->"
COMMANDS = 5  # of the page's first block
SYNTHETIC, REAL = "synthetic recordings, 8 people", "UCI HAR, 6 activities, 6 channels"
MAX_DROP = {SYNTHETIC: "0.5", REAL: "0.5"}  # points
ACTIVITIES = ("walking", "upstairs", "downstairs", "sitting", "standing", "laying")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when the page differs from the report")
    options = parser.parse_args()
    if not options.check:
        measured = {SYNTHETIC: measure(write_recordings, MAX_DROP[SYNTHETIC])}
        if has_har():
            measured[REAL] = measure(write_har, MAX_DROP[REAL])
        write_atomically(REPORT, (json.dumps(measured, indent=2) + "\n").encode())
    old = PAGE.read_text(encoding="utf-8")
    new = with_figures(old, figures(json.loads(REPORT.read_text())))
    if options.check:
        if new != old:
            print(f"{PAGE} differs from {REPORT}: run scripts/own_data_figures.py", file=sys.stderr)
        return int(new != old)
    write_atomically(PAGE, new.encode())
    return 0


def page_commands() -> list[list[str]]:
    """Return the arguments of the page's five commands."""
    block = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    commands = [shlex.split(line)[1:] for line in block.splitlines()]
    assert len(commands) == COMMANDS
    return commands


def write_recordings(folder: Path) -> str:
    return write_example(folder / "recordings").name


def has_har() -> bool:
    from har.dataset import local_copy

    return local_copy() is not None


def write_har(folder: Path) -> str:
    """Write the raw sensor channels of UCI HAR, people kept apart, as a user's own .npz."""
    from har.data import without_body_acceleration
    from har.dataset import load_har

    data = without_body_acceleration(load_har("uci"))
    np.savez(
        folder / "recordings.npz",
        windows=data.train.windows, labels=data.train.activities - 1, groups=data.train.people,
        test_windows=data.test.windows, test_labels=data.test.activities - 1, test_groups=data.test.people,
        classes=np.array(ACTIVITIES), channels=np.array(["gx", "gy", "gz", "ax", "ay", "az"]),
    )  # fmt: skip
    return "recordings.npz"


def measure(write_data: Any, max_drop: str) -> dict[str, Any]:
    """Return seconds by command and what they found, in an empty folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = write_data(folder)
        seconds, said = {}, {}
        for arguments in page_commands():
            own = {"recordings": data, "0.5": max_drop}
            arguments = [own.get(argument, argument) for argument in arguments]
            started = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "tinygmp.cli", *arguments, "--json"],
                cwd=folder, capture_output=True, text=True, check=False,
            )  # fmt: skip
            seconds[arguments[0]] = round(time.monotonic() - started, 1)
            if done.returncode:
                raise SystemExit(f"{arguments}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
            said[arguments[0]] = json.loads(done.stdout)
    return summary(seconds, said)


def summary(seconds: dict[str, float], said: dict[str, Any]) -> dict[str, Any]:
    fit, report = said["fit"], said["train"]["report"]
    chosen = next(one for one in fit["variants"] if one["name"] == fit["chosen"])
    device = said["verify"]["devices"][0]
    return {
        "synthetic": fit["synthetic"],
        "seconds": seconds,
        "windows": report["data"]["windows"],
        "people_or_recordings": report["data"]["people"],
        "max_drop": fit["max_drop"],
        "dense_held_out_accuracy": fit["dense_accuracy"],
        "dense_test_accuracy": report["dense"]["accuracy"],
        "packed_test_accuracy": report["packed"]["accuracy"],
        "variants": len(fit["variants"]),
        "chosen": chosen,
        "chosen_test_accuracy": fit["test_accuracy"],
        "milliseconds_per_step": device["milliseconds_per_step"],
        "mismatches": device["mismatches"],
    }


def with_figures(page: str, text: str) -> str:
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}"


def figures(measured: dict[str, Any]) -> str:
    """Return the page's table."""
    lines = [
        "| data | five commands | dense, test | drop | chosen, held-out | its test | flash, RAM | a step |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in measured.items():
        chosen = found["chosen"]
        cells = (
            name,
            " + ".join(f"{each:.0f}" for each in found["seconds"].values()) + " s",
            f"{found['dense_test_accuracy']:.2f} %",
            f"{found['max_drop']:g}",
            chosen["name"],
            f"{found['chosen_test_accuracy']:.2f} %",
            f"{chosen['flash_bytes']:,} B, {chosen['ram_bytes']:,} B",
            f"{found['milliseconds_per_step']:.2f} ms",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

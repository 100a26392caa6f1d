"""Write docs/licences.md: the licence of every package that `make` may install, as each package itself states it.

Names and versions come from locked-test.txt and constraints.txt; licences from the metadata of the packages in this
environment (`make test` makes one). --check only compares names and versions.
"""

import argparse
import re
import sys
from importlib import metadata
from pathlib import Path

from tinygmp.artifact import write_atomically

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
BEGIN, END = "<!-- packages: scripts/licences.py -->", "<!-- end of packages -->"
LONGEST = 60  # of a licence's name; longer ones are whole texts
UNHASHED = ("torch",)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="do not write; exit 1 when a package is missing")
    options = parser.parse_args()
    old = PAGE.read_text(encoding="utf-8")
    wanted = packages()
    if options.check:
        found = set(re.findall(r"^\| ([\w.-]+) \| (\d\S*) \|", old, re.MULTILINE))
        differing = sorted(name for name, _ in found.symmetric_difference(wanted))
        if differing:
            print(f"{PAGE.name} is not that of the locked versions: {', '.join(differing)}", file=sys.stderr)
        return int(bool(differing))
    rows = [f"| {name} | {version} | {licence(name)} |" for name, version in wanted]
    text = "\n".join(["| package | version | licence |", "| --- | --- | --- |", *rows])
    before, rest = old.split(BEGIN)
    write_atomically(PAGE, f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}".encode())
    return 0


def packages() -> list[tuple[str, str]]:
    """Return names and versions of all that may be installed."""
    pinned = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)
    locked = dict(pinned.findall((ROOT / "locked-test.txt").read_text(encoding="utf-8")))
    versions = dict(pinned.findall((ROOT / "constraints.txt").read_text(encoding="utf-8")))
    return sorted((locked | {name: versions[name] for name in UNHASHED}).items())


def licence(name: str) -> str:
    """Return the SPDX expression, else the short name, else the classifiers that a package gives."""
    try:
        info = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return "not looked up: only for other platforms or versions of Python"
    if expression := info.get("License-Expression"):
        return expression
    kinds = [
        kind.split(" :: ")[-1] for kind in info.get_all("Classifier", []) if kind.startswith("License :: ")
    ]
    short = (info.get("License") or "").strip()
    named = short if 0 < len(short) <= LONGEST and "\n" not in short else ""
    return (
        (named if named != "UNKNOWN" else "")
        or ", ".join(kind for kind in kinds if kind != "OSI Approved")
        or "not stated"
    )


if __name__ == "__main__":
    sys.exit(main())

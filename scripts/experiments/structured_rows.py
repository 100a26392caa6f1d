"""The paper's three structured Global MP rows on HAR-2, expected beside obtained.

    python scripts/experiments/structured_rows.py --output runs/structured [--seeds 3] [--dense-epochs 60] [--epochs 60]

Resumable: the same command goes on from the last checkpoint. Writes table.md into the output folder.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from har.dataset import load_har
from har.structured_rows import markdown, structured_rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="folder or zip of UCI HAR, or 'synthetic'; default: the best there is")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--dense-epochs", type=int, default=60)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--windows", type=int, default=0, help="train on this many windows only (0: all)")
    options = parser.parse_args()
    rows = structured_rows(
        load_har(options.data),
        options.output,
        range(options.seeds),
        options.dense_epochs,
        options.epochs,
        lambda line: print(line, flush=True),
        options.windows,
    )
    table = markdown(rows)
    partial = options.output / "table.partial"
    partial.write_text(table)
    os.replace(partial, options.output / "table.md")
    print(table)


if __name__ == "__main__":
    main()

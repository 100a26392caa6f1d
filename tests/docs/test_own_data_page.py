"""The page of own data shows the figures of its report."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_figures_are_those_of_the_report():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "own_data_figures.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

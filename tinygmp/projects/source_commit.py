"""Which state of the source made a model, for its provenance."""

import subprocess
from pathlib import Path


def source_commit() -> str:
    """Return the commit of this source tree, with '+' when it has changes, or 'unknown' outside a repository."""
    folder = Path(__file__).resolve().parent
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
        )
        dirty = subprocess.run(
            ["git", "diff", "--quiet", "HEAD"], cwd=folder, capture_output=True, check=False
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.stdout.strip()[:12] + ("+" if dirty.returncode else "")

"""The site builds without a warning: every page is in the navigation, every link and every documented object exists."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_site_builds_strictly_and_needs_no_network(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    start = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "fonts.googleapis" not in start
    api = (tmp_path / "api" / "index.html").read_text(encoding="utf-8")
    assert "tinygmp.graph.file.load_model" in api
    assert "FormatError" in api  # docstrings are there
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert all((tmp_path / page / "index.html").is_file() for page in pages)

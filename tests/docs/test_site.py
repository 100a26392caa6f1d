"""The site builds without a warning: every page is in the navigation, every link and every documented object exists."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def local_links(page: Path) -> list[str]:
    """Return the files that a page shows or links to, without anchors."""
    found = re.findall(r'(?:href|src)="([^"#?:]+)(?:[#?][^"]*)?"', page.read_text(encoding="utf-8"))
    return [link for link in found if not link.startswith(("http", "//", "mailto"))]


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
    assert "<blockquote>" not in api  # a doctest's prompt is no quote
    assert api.count("&gt;&gt;&gt;") > 20
    for page in tmp_path.rglob("*.html"):
        missing = [link for link in local_links(page) if not (page.parent / link).exists()]
        assert page.name == "404.html" or not missing, (page.relative_to(tmp_path), missing)
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert all((tmp_path / page / "index.html").is_file() for page in pages)

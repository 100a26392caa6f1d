"""The first page's pictures are those of the reports, readable in both themes."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"


def test_the_pictures_are_drawn_from_the_reports():
    command = [sys.executable, str(ROOT / "scripts" / "first_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_they_tell_the_figures_and_how_others_counted():
    told = (PICTURES / "accuracy-light.svg").read_text(encoding="utf-8")
    for point in json.loads((ROOT / "docs" / "reports" / "published_har2.json").read_text())["points"]:
        assert f"{point['accuracy']:.2f} %" in told
        assert point["source"]
    assert "best epoch on the test set" in told


def test_the_readme_shows_both_themes():
    shown = set(re.findall(r'(?:srcset|src)="docs/pictures/([^"]+)"', (ROOT / "README.md").read_text()))
    assert shown == {path.name for path in PICTURES.glob("*.svg")}

"""CONTRIBUTING.md names files, folders and parts that exist, and no registry of operators is left out."""

import re
from pathlib import Path

from tinygmp.graph.kinds import KINDS
from tinygmp.sparse.registry import INDEX_FORMATS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
TOP = ("tinygmp/", "har/", "converters/", "tests/", "scripts/", "docs/")


def test_every_path_exists():
    paths = [path for path in re.findall(r"`([^`\s]+)`", TEXT) if path.startswith(TOP) and "<" not in path]
    paths += re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert len(paths) > 40
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_worked_examples_are_real():
    assert "add" in KINDS
    assert "bitmask" in INDEX_FORMATS
    assert "WHOLE_FAMILIES" in (ROOT / "converters/to_c/readers.py").read_text()
    assert "class GraphBuilder" in (ROOT / "tinygmp/readers/builder.py").read_text()
    assert "OPERATIONS" in (ROOT / "tinygmp/models/torch_graph.py").read_text()


def test_every_file_that_lists_operators_is_named():
    """A file with an entry for Add in a registry of its own is a place that a new operator must visit."""
    listing = [
        path.relative_to(ROOT)
        for folder in ("tinygmp", "converters")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^    (\"add\": )?Add(: |,$)", path.read_text(), re.MULTILINE)
    ]
    assert len(listing) >= 6
    unnamed = [path for path in listing if str(path) not in TEXT and f"`{path.parent}/`" not in TEXT]
    assert unnamed == []

"""What gets installed and shipped is what is written down: hashes, licences, models, and few rights in CI."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)
LOCKS = ("locked-har2.txt", "locked-test.txt")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(name: str) -> dict[str, str]:
    return {
        normal(one): version for one, version in PINNED.findall((ROOT / name).read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes_and_the_tested_version(name):
    versions, locked = pinned("constraints.txt"), pinned(name)
    assert len(locked) > 40
    assert {one: version for one, version in locked.items() if versions.get(one, version) != version} == {}
    entries = re.split(r"^(?=[\w.-]+==)", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_only_torch_and_its_libraries_are_not_locked():
    loose = set(pinned("constraints.txt")) - set(pinned("locked-test.txt"))
    assert {name for name in loose if not re.match(r"torch$|triton$|nvidia-|cuda-", name)} <= {"wheel", "pip"}
    for name in LOCKS:
        assert not [one for one in pinned(name) if re.match(r"torch$|triton$|nvidia-|cuda-", one)]


def test_the_licences_are_those_of_the_locked_versions():
    command = [sys.executable, str(ROOT / "scripts" / "licences.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_shipped_models_are_those_of_the_manifest():
    folder = ROOT / "har" / "pretrained"
    listed = dict(line.split()[::-1] for line in (folder / "models.sha256").read_text().splitlines())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.tgmp")}
    assert listed == found


def test_the_workflow_runs_the_two_commands_with_reading_rights_alone():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert "permissions" not in job
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make har2 ARGS=--quick", "make test"]

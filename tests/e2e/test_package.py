"""Wheel and source distribution: whole, and what they install works from an empty folder."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600, **options)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Build from a copy of what version control holds, so that nothing lying about is packed."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    names = [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    assert "pyproject.toml" in names
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """The wheel's content in a folder of its own, without the source tree."""
    folder = tmp_path_factory.mktemp("site")
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def tinygmp(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return run(sys.executable, "-m", "tinygmp.cli", *arguments, cwd=folder, env=environment)


def test_the_wheel_holds_every_file_that_the_code_reads(built):
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = [
        path.relative_to(ROOT).as_posix()
        for package in ("tinygmp", "har", "converters")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".html"
    ]
    assert not [name for name in wanted if name not in names]
    assert not [name for name in names if name.startswith(("tests/", "scripts/", "docs/"))]
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert set(wanted) <= packed


def test_convert_budget_and_verify_run_from_the_wheel(installed, tmp_path):
    where = run(
        sys.executable, "-c", "import tinygmp, har, converters; print(tinygmp.__file__)",
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert where.stdout.startswith(str(installed))
    converted = tinygmp(installed, tmp_path, "convert", "--to", "c", "--out", "firmware")
    assert converted.returncode == 0, converted.stderr
    assert (tmp_path / "firmware" / "har2.c").is_file()
    budget = tinygmp(installed, tmp_path, "budget", "--board", "nucleo-g071rb", "--json")
    assert budget.returncode == 0, budget.stderr
    assert json.loads(budget.stdout)
    verified = tinygmp(
        installed, tmp_path, "verify", "--data", "random", "--target", "c", "--windows", "2", "--no-boards"
    )
    assert verified.returncode == 0, verified.stderr


def test_a_release_is_the_same_bytes_each_time(tmp_path):
    """From a commit of what version control holds; times inside are the commit's."""
    if run("git", "rev-parse", "HEAD", cwd=ROOT).returncode:
        pytest.skip("no git checkout")
    script = ROOT / "scripts" / "make_release.py"
    told = [run(sys.executable, script, "--out", tmp_path / name) for name in ("one", "two")]
    assert told[0].returncode == 0, told[0].stderr
    assert told[0].stdout == told[1].stdout
    assert {path.name.split("-")[0] for path in (tmp_path / "one").iterdir()} == {"tinygmp", "SHA256SUMS"}
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()

"""What nobody foresaw ends in one sentence, a report and an exit code that no check uses."""

import re
import subprocess
import sys
from pathlib import Path

BROKEN = """
import sys
import tinygmp.inspect.artifact as artifact
def broken(given):
    raise {error}
artifact.inspect_artifact = broken
sys.argv = ["tinygmp", "inspect", "har2"]
from tinygmp.cli import main
main()
"""


def ended(error: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BROKEN.format(error=error)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_unexpected_exception_ends_with_70_one_sentence_and_a_report():
    done = ended('TypeError("two\\nlines")')
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (70, "", 1)
    assert done.stderr.startswith(
        "tinygmp: this is a fault of tinygmp, and nothing was checked: TypeError: two lines"
    )
    report = Path(re.search(r"traceback is in '(.+)';", done.stderr)[1])
    text = report.read_text()
    report.unlink()
    assert "Traceback (most recent call last)" in text
    assert "arguments: ['inspect', 'har2']" in text


def test_no_memory_and_no_depth_end_so_too():
    for error in ("MemoryError()", "RecursionError('deep')", "KeyError('x')"):
        done = ended(error)
        assert done.returncode == 70, done.stderr
        assert "Traceback" not in done.stderr


def test_where_no_report_can_be_written_that_is_said(monkeypatch, tmp_path):
    from tinygmp import surprise

    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(surprise.tempfile, "mkstemp", full)
    assert surprise.told(ValueError("x"), []).endswith("ValueError: x; no report could be written")


def test_a_readers_own_error_still_ends_with_2():
    done = ended('__import__("tinygmp.errors").errors.DataError("mine")')
    assert (done.returncode, done.stderr) == (2, "tinygmp: mine\n")

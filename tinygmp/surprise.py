"""What nobody foresaw, told in one sentence: the traceback goes into a report file, and the exit code is its own."""

import contextlib
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence

from tinygmp import __version__

SURPRISED = 70  # EX_SOFTWARE of sysexits.h; 1 would say that a check failed
REASON_LETTERS = 200


def told(error: BaseException, arguments: Sequence[str]) -> str:
    """Return the sentence for an unexpected exception, its traceback written to a file that the sentence names."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:REASON_LETTERS]
    where = write_report(error, arguments)
    kept = f"its traceback is in '{where}'; send that file" if where else "no report could be written"
    return f"this is a fault of tinygmp, and nothing was checked: {reason}; {kept}"


def write_report(error: BaseException, arguments: Sequence[str]) -> str:
    """Write the traceback and what ran where into a new temporary file and return its path, '' where none can be."""
    lines = (
        f"tinygmp {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"arguments: {list(arguments)!r}",
        "".join(traceback.format_exception(error)),
    )
    with contextlib.suppress(OSError):
        handle, path = tempfile.mkstemp(prefix="tinygmp-report-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write("\n".join(lines))
        return path
    return ""


def end_with(sentence: str) -> None:
    """Print the sentence and end the process; a closed standard error does not change the exit code."""
    with contextlib.suppress(OSError, ValueError):
        print(f"tinygmp: {sentence}", file=sys.stderr)
    sys.exit(SURPRISED)

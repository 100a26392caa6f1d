"""Run the test suite; with --strict a skipped test is a failure."""

import argparse
import os
import re
import subprocess
import sys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when any test is skipped")
    options, pytest_arguments = parser.parse_known_args()
    workers = str(min(os.cpu_count() or 1, 4))
    command = [sys.executable, "-m", "pytest", "-n", workers, "--dist", "loadscope", *pytest_arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1)
    assert process.stdout is not None
    skipped = 0
    for line in process.stdout:
        print(line, end="", flush=True)
        if found := re.search(r"(\d+) skipped", line):
            skipped = int(found[1])
    code = process.wait()
    if code == 0 and skipped and options.strict:
        print(f"strict: {skipped} tests were skipped, and every test must run here", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())

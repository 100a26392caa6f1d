"""Build the wheel and the source archive of a commit, the same bytes each time, and their SHA256SUMS.

Times inside are the commit's, owners are nobody. Give --out; what lies about in the working folder is not packed.
"""

import argparse
import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tinygmp.artifact import write_atomically

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=Path("dist"), help="folder of the archives (default: dist)"
    )
    parser.add_argument("--commit", default="HEAD", help="what to build (default: HEAD)")
    options = parser.parse_args()
    when = int(git("log", "-1", "--format=%ct", options.commit))
    with tempfile.TemporaryDirectory(prefix="tinygmp-release-") as name:
        source, made = Path(name, "source"), Path(name, "made")
        source.mkdir()
        archive = subprocess.run(
            ["git", "archive", options.commit], cwd=ROOT, capture_output=True, check=True
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
            packed.extractall(source, filter="data")
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", made, source]
        subprocess.run(
            command, check=True, env=os.environ | {"SOURCE_DATE_EPOCH": str(when)}, stdout=sys.stderr
        )
        files = {path.name: path.read_bytes() for path in sorted(made.iterdir())}
    files = {
        name: normalised(content, when) if name.endswith(".tar.gz") else content
        for name, content in files.items()
    }
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    for name, content in {**files, "SHA256SUMS": sums.encode()}.items():
        write_atomically(options.out / name, content)
    print(sums, end="")
    return 0


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def normalised(content: bytes, when: int) -> bytes:
    """Return a .tar.gz with its members in order, of one time and no owner."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=raw, mode="w") as new:
        for member in sorted(old.getmembers(), key=lambda each: each.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = when, 0, 0, "", ""
            member.pax_headers = {}
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=when, filename="") as stream:
        stream.write(raw.getvalue())
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main())

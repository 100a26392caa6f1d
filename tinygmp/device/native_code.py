"""C that runs on this machine beside Python: compiled once per version, kept in the user's cache, loaded by ctypes."""

import ctypes
import functools
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tinygmp.device.cache import cache_folder
from tinygmp.device.tools import host_compiler
from tinygmp.errors import BuildError

FOLDER = Path(__file__).parent / "firmware"


@functools.cache
def load_native(name: str) -> ctypes.CDLL:
    """Return the library made of one C file of firmware/; it is compiled when this version of it has not been yet."""
    source = FOLDER / name
    suffix = ".dll" if sys.platform == "win32" else ".so"
    path = cache_folder() / f"{source.stem}-{digest(source)}{suffix}"
    if not path.exists():
        compile_shared(source, path)
    return ctypes.CDLL(str(path))


def digest(source: Path) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()[:16]


def compile_shared(source: Path, path: Path) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
    os.close(handle)
    command = [*host_compiler(), "-O2", "-std=c99", "-shared", "-fPIC", str(source), "-o", temporary]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        os.unlink(temporary)
        raise BuildError(f"{source.name} does not compile on this machine: {done.stderr[:500]}")
    os.replace(temporary, path)

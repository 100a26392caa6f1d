"""The block counter of trace.c, built once for this machine and loaded into the process."""

import ctypes
import functools
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tinygmp.device.tools import host_compiler
from tinygmp.errors import BuildError

SOURCE = Path(__file__).parent / "firmware" / "trace.c"
ISA_THUMB, ISA_RISCV = 0, 1
REGISTER_READER = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Trace(ctypes.Structure):
    """struct trace of trace.c; addresses are in the simulated core's space."""

    _fields_ = (
        ("read_register", ctypes.c_void_p),
        ("flash", ctypes.c_void_p),
        ("flash_origin", ctypes.c_uint64),
        ("flash_bytes", ctypes.c_uint64),
        ("entry", ctypes.c_uint64),
        ("link_register", ctypes.c_int32),
        ("stack_register", ctypes.c_int32),
        ("isa", ctypes.c_int32),
        ("calls", ctypes.c_uint64),
        ("instructions", ctypes.c_uint64),
        ("cycles", ctypes.c_uint64),
        ("most_instructions", ctypes.c_uint64),
        ("most_cycles", ctypes.c_uint64),
        ("fewest_instructions", ctypes.c_uint64),
        ("total_instructions", ctypes.c_uint64),
        ("lowest_stack", ctypes.c_uint64),
        ("return_address", ctypes.c_uint64),
        ("call_instructions", ctypes.c_uint64),
        ("call_cycles", ctypes.c_uint64),
        ("branch_end", ctypes.c_uint64),
        ("outside", ctypes.c_uint64),
    )


@functools.cache
def tracer_library() -> ctypes.CDLL:
    """Return the loaded tracer; it is compiled when this version of it has not been yet."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    suffix = ".dll" if sys.platform == "win32" else ".so"
    path = cache_folder() / f"trace-{digest}{suffix}"
    if not path.exists():
        compile_shared(SOURCE, path)
    return ctypes.CDLL(str(path))


def cache_folder() -> Path:
    """Return the folder of compiled helpers, made when absent; a private temporary one where it cannot be made."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "tinygmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="tinygmp-cache-"))


def compile_shared(source: Path, path: Path) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
    os.close(handle)
    command = [*host_compiler(), "-O2", "-std=c99", "-shared", "-fPIC", str(source), "-o", temporary]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        os.unlink(temporary)
        raise BuildError(f"the instruction counter does not compile: {done.stderr[:500]}")
    os.replace(temporary, path)

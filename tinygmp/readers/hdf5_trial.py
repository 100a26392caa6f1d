"""Whether HDF5's library comes through a file at all: tried in a process of its own, for damage can hang or kill it."""

import subprocess
import sys

from tinygmp.errors import DataError

# Of processor time, which other work on the machine does not use up; an honest file takes a tenth.
TRIAL_S = 20
WALL = 20  # times as long, where no limit of processor time is known
BYTES_PER_S = 10_000_000  # more time for larger files
OUT_OF_TIME = -24  # SIGXCPU, as its exit code is told
LARGEST_ELEMENTS = 1 << 29  # what claims more is refused later, in words
READ_ALL = f"""
import io, sys
try:
    import resource, signal
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1]) + 5))
except ImportError:
    pass
import h5py
def read(name, node):
    if isinstance(node, h5py.Dataset) and not node.external and (node.size or 0) <= {LARGEST_ELEMENTS}:
        node[()]
with h5py.File(io.BytesIO(sys.stdin.buffer.read()), "r") as file:
    dict(file.attrs)
    file.visititems(read)
"""


def try_hdf5(content: bytes, source: str, trial_s: int = TRIAL_S) -> None:
    """Raise DataError, naming the source, for content that hangs or kills HDF5's library.

    What it refuses in an orderly way passes: the reader itself tells that.
    """
    if not sys.executable:  # embedded: there is no interpreter to start
        return
    limit_s = trial_s + len(content) // BYTES_PER_S
    command = [sys.executable, "-c", READ_ALL, str(limit_s)]
    try:
        code = subprocess.run(command, input=content, capture_output=True, timeout=WALL * limit_s).returncode
    except subprocess.TimeoutExpired:
        code = OUT_OF_TIME
    if code == OUT_OF_TIME:
        raise DataError(
            f"'{source}' is damaged: HDF5's library does not come to an end with it in {limit_s} s; save the model "
            "again"
        )
    if code < 0:
        raise DataError(
            f"'{source}' is damaged: HDF5's library dies of it (signal {-code}); save the model again"
        )

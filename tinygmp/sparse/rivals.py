"""What other people's ways of storing the same pruned int8 matrix cost, in bytes.

Containers, alignment and names are left out throughout, in the rivals' favour.
"""

import gzip
import lzma
import shutil
import subprocess
from collections.abc import Callable

import numpy as np

from tinygmp.errors import MissingToolError

DCSR_GROUP = 16
DCSR_DELTA_BITS = 4


def csr_bytes(q: np.ndarray, index_bytes: int) -> int:
    """Plain CSR: a column index for each value and a pointer for each row and one more, 2 or 4 B as nnz asks."""
    nnz = int(np.count_nonzero(q))
    pointer_bytes = 2 if nnz < 1 << 16 else 4
    return nnz * (1 + index_bytes) + (q.shape[0] + 1) * pointer_bytes


def tflite_sparse_bytes(q: np.ndarray) -> int:
    """TFLite's SparsityParameters with one compressed dimension: the narrowest of 8, 16 and 32-bit vectors."""
    nnz = int(np.count_nonzero(q))
    return nnz * (1 + unsigned_bytes(q.shape[1] - 1)) + (q.shape[0] + 1) * unsigned_bytes(nnz)


def sparse_initializer_bytes(q: np.ndarray) -> int:
    """ONNX sparse_initializer: an int64 linear index for each value."""
    return int(np.count_nonzero(q)) * (1 + 8)


def edgeml_bytes(q: np.ndarray) -> int:
    """EdgeML's C: float values aside, a 32-bit index for each value and a 0 at the end of each column."""
    return int(np.count_nonzero(q)) * (1 + 4) + q.shape[1] * 4


def dcsr_bytes(q: np.ndarray) -> int:
    """A lower estimate of delta-compressed CSR (Trommer, Waschneck, Kumar 2021, arXiv 2111.12345).

    Groups of 16 survivors of a row: deltas less their minimum in 4 bits, a byte for the minimum, and a bitmap of 16
    bits for each further bit of a delta, where any delta of the group has it; 2 B of row pointer. No padding of values
    is counted, and no flags that tell which bitmaps are there.
    """
    bits = 8 * (int(np.count_nonzero(q)) + 2 * (q.shape[0] + 1))
    for row in q:
        deltas = np.diff(np.flatnonzero(row), prepend=-1) - 1
        for start in range(0, len(deltas), DCSR_GROUP):
            group = deltas[start : start + DCSR_GROUP]
            extra = int(group.max() - group.min()).bit_length() - DCSR_DELTA_BITS
            bits += len(group) * DCSR_DELTA_BITS + 8 + DCSR_GROUP * max(extra, 0)
    return (bits + 7) // 8


def gzip_bytes(q: np.ndarray) -> int:
    """gzip -9 of the dense matrix."""
    return len(gzip.compress(q.tobytes(), 9, mtime=0))


def xz_bytes(q: np.ndarray) -> int:
    """LZMA -9e of the dense matrix, without the xz container."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
    return len(lzma.compress(q.tobytes(), lzma.FORMAT_RAW, filters=filters))


def zstd_bytes(q: np.ndarray) -> int:
    """zstd -19 of the dense matrix, by the command line tool; raises MissingToolError where there is none."""
    if not shutil.which("zstd"):
        raise MissingToolError("zstd is not installed; install it with: apt-get install zstd")
    command = ["zstd", "-19", "--no-check", "--single-thread", "-c"]
    return len(subprocess.run(command, input=q.tobytes(), capture_output=True, check=True).stdout)


def unsigned_bytes(largest: int) -> int:
    return 1 if largest < 1 << 8 else 2 if largest < 1 << 16 else 4


RIVALS: dict[str, Callable[[np.ndarray], int]] = {
    "CSR, 8-bit columns": lambda q: csr_bytes(q, 1) if q.shape[1] <= 256 else csr_bytes(q, 2),
    "CSR, 16-bit columns": lambda q: csr_bytes(q, 2),
    "dCSR, lower estimate": dcsr_bytes,
    "TFLite sparse": tflite_sparse_bytes,
    "ONNX sparse_initializer": sparse_initializer_bytes,
    "EdgeML, int8 values": edgeml_bytes,
    "gzip -9": gzip_bytes,
    "xz -9e": xz_bytes,
    "zstd -19": zstd_bytes,
}


def rivals() -> dict[str, Callable[[np.ndarray], int]]:
    """Return the rivals that can be measured here; zstd only where its tool is installed."""
    return {name: size for name, size in RIVALS.items() if size is not zstd_bytes or shutil.which("zstd")}

"""The C row readers alone: every weight they read equals Python's, for every shape and both sanitizers.

Rows are multiplied with one unit vector after another, so that each product is one decoded weight. Streams stand in
heap blocks of exactly their size, so that AddressSanitizer tells a reader that looks beyond.
"""

import re
import subprocess

import numpy as np
import pytest

from converters.to_c.readers import reader
from converters.to_c.runtime_text import joined_kernels
from tinygmp.device.host import SANITIZERS, STRICT
from tinygmp.device.toolchain import invoke
from tinygmp.device.tools import host_compiler
from tinygmp.errors import FormatError
from tinygmp.packed.random_model import random_weights
from tinygmp.sparse import encode
from tinygmp.sparse.tensor import PackedTensor

FORMATS = ("dense", "bitmask", "csr8", *(f"relative{width}" for width in range(2, 9)), "rice")

MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *exactly(const void *bytes, size_t size)
{
    void *copy = malloc(size);
    return memcpy(copy, bytes, size);
}

int main(void)
{
    int8_t x[512];
    uint16_t row, column;
%s
    return 0;
}
"""

MATRIX = """
    {{
        static const uint8_t index[] = {{ {index} }};
        static const int8_t values[] = {{ {values} }};
        uint8_t *{symbol}_index = exactly(index, {index_bytes});
        int8_t *{symbol}_values = exactly(values, {value_bytes});
        for (column = 0; column < {columns}; column++) {{
            {struct} {rows_variable};
            {init};
            memset(x, 0, sizeof x);
            x[column] = 1;
            for (row = 0; row < {rows}; row++) {{
                printf("%ld\\n", (long){dot});
            }}
        }}
        free({symbol}_index);
        free({symbol}_values);
    }}
"""


def corpus() -> list[np.ndarray]:
    """Empty, full, one survivor, empty rows, one row, one column, widths at the boundaries of 8 bits."""
    rng = np.random.default_rng(11)
    one, rows = np.zeros((7, 19), np.int8), random_weights(rng, 9, 21, 0.5)
    one[3, 11] = -127
    rows[::2] = 0
    corners = np.zeros((6, 40), np.int8)
    corners[0, 0], corners[-1, -1] = 127, -127
    shapes = [(1, 1), (1, 300), (40, 1), (3, 255), (3, 256), (3, 257), (16, 64), (20, 77)]
    dense = [random_weights(rng, *shape, kept) for shape in shapes for kept in (0.05, 0.3, 1.0)]
    return [np.zeros((5, 30), np.int8), one, rows, corners, *dense]


def held(q: np.ndarray, index_format: str) -> PackedTensor | None:
    try:
        return encode("m.t", q, 1.0, index_format)
    except FormatError:
        return None


def block(tensor: PackedTensor) -> str:
    """Return C that prints every weight of a tensor, column by column."""
    side = reader(tensor, "m_t", every_step=False)
    index = tensor.streams.get("index", np.zeros(1, np.uint8))
    values = tensor.streams["values"].view(np.int8)
    return MATRIX.format(
        symbol="m_t",
        index=", ".join(map(str, index)),
        values=", ".join(map(str, values)) or "0",
        index_bytes=len(index),
        value_bytes=len(values),
        rows=tensor.shape[0],
        columns=tensor.shape[1],
        struct=side.struct,
        rows_variable=side.rows,
        init=side.init,
        dot=side.dot("x"),
    )


@pytest.mark.parametrize("index_format", FORMATS)
def test_every_weight_that_c_reads_equals_python(index_format, tmp_path):
    tensors = [tensor for q in corpus() if (tensor := held(q, index_format)) is not None]
    assert len(tensors) >= 20
    kernel = reader(tensors[0], "m_t", every_step=False).kernel
    text = joined_kernels((kernel,)) + MAIN % "".join(block(tensor) for tensor in tensors)
    (tmp_path / "rows.c").write_text(text)
    checks = (f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all", "-g")
    invoke([*host_compiler(), "-O1", "-std=c99", *STRICT, *checks, "rows.c", "-o", "rows"], tmp_path, "rows")
    done = subprocess.run([tmp_path / "rows"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    obtained = np.array(done.stdout.split(), int)
    expected = np.concatenate([tensor.decode().T.ravel() for tensor in tensors])
    assert np.array_equal(obtained, expected)


def test_a_reader_that_looks_beyond_its_stream_is_caught(tmp_path):
    """The proof that the test above can fail: the last byte of a bitmask is missing."""
    tensor = held(np.ones((4, 16), np.int8), "bitmask")
    text = re.sub(r"exactly\(index, 8\)", "exactly(index, 7)", block(tensor))
    assert text != block(tensor)
    (tmp_path / "rows.c").write_text(joined_kernels(("tg_rows_bitmask.c",)) + MAIN % text)
    checks = (f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all")
    invoke([*host_compiler(), "-O1", "-std=c99", *checks, "rows.c", "-o", "rows"], tmp_path, "rows")
    done = subprocess.run([tmp_path / "rows"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr

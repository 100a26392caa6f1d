"""The C row readers alone: what they read equals Python, for every pair of formats, every shape and both sanitizers.

One program for each index kernel reads tensors from its standard input, each stream into a heap block of exactly its
size, so that AddressSanitizer tells a reader that looks beyond. Rows are multiplied with one unit vector after another,
so that each product is one decoded weight; large matrices with a few random vectors.
"""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from converters.to_c.readers import Reader, index_kernel, reader
from converters.to_c.runtime_text import joined_kernels
from tinygmp.device.host import SANITIZERS, STRICT
from tinygmp.device.toolchain import invoke
from tinygmp.device.tools import host_compiler
from tinygmp.errors import FormatError
from tinygmp.graph.random_weights import random_weights
from tinygmp.sparse import encode
from tinygmp.sparse.field_values import POWERS
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS
from tinygmp.sparse.tensor import PackedTensor

GROUP = 8  # columns are a multiple of this where a format needs whole groups
PATTERNS = {"1of4": (1, 4), "2of4": (2, 4), "4of8": (4, 8)}
LEVELS = {"int4": range(1, 8), "ternary": [1], "power2": POWERS}
KERNELS = sorted({index_kernel(name)[0] for name in INDEX_FORMATS})
LARGE = 5000  # weights from which random vectors replace unit vectors

MAIN = """
#include <stdio.h>
#include <stdlib.h>

static void *block(uint32_t size)
{
    void *bytes = malloc(size);
    if (fread(bytes, 1, size, stdin) != size) {
        exit(2);
    }
    return bytes;
}

static void put(int32_t product)
{
    fwrite(&product, sizeof product, 1, stdout);
}
%s
int main(void)
{
    static void (*const readers[])(uint16_t, uint16_t, uint16_t) = { %s };
    uint16_t head[4];
    while (fread(head, sizeof head, 1, stdin) == 1) {
        readers[head[0]](head[1], head[2], head[3]);
    }
    return 0;
}
"""

READER = """
static void {name}(uint16_t vectors, uint16_t rows, uint16_t columns)
{{
    uint32_t *sizes = block(12);
    uint8_t *m_t_index = block(sizes[0]);
    {values_type} *m_t_values = block(sizes[1]);
    int8_t *m_t_codebook = block(sizes[2]);
    {x_type} *x = block((uint32_t)vectors * columns * sizeof(*x));
    uint16_t vector, row;
    (void)m_t_index;
    for (vector = 0; vector < vectors; vector++) {{
        {struct} {rows};
        {init};
        for (row = 0; row < rows; row++) {{
            put({function}(&{rows}, x + (size_t)vector * columns, columns));
        }}
    }}
    free(sizes);
    free(m_t_index);
    free(m_t_values);
    free(m_t_codebook);
    free(x);
}}
"""


def corpus() -> list[np.ndarray]:
    """Empty, full, one survivor, empty rows, one row, one column, widths at the boundaries of 8 bits, larger ones."""
    rng = np.random.default_rng(11)
    one, rows = np.zeros((7, 19), np.int8), random_weights(rng, 9, 21, 0.5)
    one[3, 11] = -127
    rows[::2] = 0
    corners = np.zeros((6, 40), np.int8)
    corners[0, 0], corners[-1, -1] = 127, -127
    shapes = [(1, 1), (1, 300), (40, 1), (3, 255), (3, 256), (3, 257), (16, 64), (20, 77)]
    random = [random_weights(rng, *shape, kept) for shape in shapes for kept in (0.05, 0.3, 1.0)]
    large = [random_weights(rng, *shape, kept) for shape, kept in (((210, 250), 0.2), ((63, 1016), 0.01))]
    return [np.zeros((5, 30), np.int8), one, rows, corners, *random, *large]


def held(q: np.ndarray, index_format: str, value_format: str) -> PackedTensor | None:
    """Return weights like q that both formats hold, packed; None where the index cannot have such rows."""
    if index_format.startswith("block") or index_format in PATTERNS:
        q = np.pad(q, ((0, 0), (0, -q.shape[1] % GROUP)))
    if index_format in PATTERNS:
        n, m = PATTERNS[index_format]
        groups = q.reshape(-1, m).copy()
        groups[np.cumsum(groups != 0, axis=1) > n] = 0
        q = groups.reshape(q.shape)
    try:
        return encode("m.t", coarse(q, value_format), 1.0, index_format, value_format)
    except FormatError:  # rows too wide or too full for csr8
        return None


def coarse(q: np.ndarray, value_format: str) -> np.ndarray:
    """Return weights of the same mask in the values of a format; zeros keep one entry of a codebook."""
    if value_format.startswith("int8"):
        return q
    if value_format.startswith("codebook"):
        entries = np.random.default_rng(3).permutation(np.arange(-127, 0))[: int(value_format[8:]) - 1]
        entries[::2] *= -1
        return np.where(q == 0, 0, entries[q % len(entries)]).astype(np.int8)
    levels = np.array(LEVELS[value_format])
    return (np.sign(q) * levels[np.abs(q.astype(int)) % len(levels)]).astype(np.int8)


def function_text(side: Reader, name: str) -> str:
    values_type = "uint8_t" if "tg_values_int8.c" not in side.kernels and side.definition else "int8_t"
    return READER.format(
        name=name,
        values_type=values_type,
        struct=side.struct,
        rows=side.rows,
        init=side.init,
        function=side.function,
        x_type="int16_t" if "_16_" in side.function else "int8_t",
    )


def program(sides: list[Reader], folder: Path) -> Path:
    """Compile one program that holds every reader; the first word of a tensor selects it."""
    kernels = tuple(dict.fromkeys(kernel for side in sides for kernel in side.kernels))
    names = [f"reader{place}" for place in range(len(sides))]
    lines = "\n".join(dict.fromkeys(side.definition for side in sides))
    functions = "".join(map(function_text, sides, names))
    text = joined_kernels(kernels) + lines + "\n" + MAIN % (functions, ", ".join(names))
    (folder / "rows.c").write_text(text)
    checks = (f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=all", "-g")
    invoke([*host_compiler(), "-O1", "-std=c99", *STRICT, *checks, "rows.c", "-o", "rows"], folder, "rows")
    return folder / "rows"


def vectors_for(q: np.ndarray, wide: bool) -> np.ndarray:
    dtype, limit = (np.int16, 32767) if wide else (np.int8, 127)
    if q.size < LARGE:
        return np.eye(q.shape[1], dtype=dtype) * (-limit if wide else 1)
    return np.random.default_rng(q.size).integers(-limit, limit + 1, (3, q.shape[1])).astype(dtype)


def message(place: int, tensor: PackedTensor, x: np.ndarray, missing: int = 0) -> bytes:
    """Return a tensor as the program reads it, with the last bytes of its index missing."""
    streams = [tensor.streams.get(name, np.zeros(0, np.uint8)) for name in ("index", "values", "codebook")]
    streams[0] = streams[0][: len(streams[0]) - missing]
    head = np.array([place, len(x), *tensor.shape], np.uint16)
    sizes = np.array([len(stream) for stream in streams], np.uint32)
    return b"".join(part.tobytes() for part in (head, sizes, *streams, x))


def answer(built: Path, messages: list[bytes]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([built], input=b"".join(messages), capture_output=True, timeout=120, check=False)


def expect_equal(groups: list[list[PackedTensor]], share: bool, folder: Path, wide: bool = False) -> None:
    """Compare the products of every tensor, one reader for each group of the same formats."""
    sides = [reader(tensors[0], "m_t", every_step=False, share=share, wide=wide) for tensors in groups]
    messages, products = [], []
    for place, tensors in enumerate(groups):
        for tensor in tensors:
            q = tensor.decode()
            x = vectors_for(q, wide)
            messages.append(message(place, tensor, x))
            products.append((x.astype(np.int32) @ q.T.astype(np.int32)).ravel())
    done = answer(program(sides, folder), messages)
    assert (done.returncode, done.stderr) == (0, b"")
    assert np.array_equal(np.frombuffer(done.stdout, np.int32), np.concatenate(products))


@pytest.mark.parametrize("wide", [False, True], ids=["8", "16"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_every_weight_that_c_reads_equals_python(kernel, wide, tmp_path):
    groups = []
    for index in (name for name in INDEX_FORMATS if index_kernel(name)[0] == kernel):
        for value in VALUE_FORMATS:
            groups.append([tensor for q in corpus() if (tensor := held(q, index, value)) is not None])
            assert len(groups[-1]) >= 20
    expect_equal(groups, False, tmp_path, wide)


def test_kernels_that_share_their_decoder_read_the_same(tmp_path):
    """Plain int8 values with gaps have kernels of their own, but not where a model needs the gap decoder anyway."""
    groups = [
        [encode("m.t", q, 1.0, index) for q in corpus()] for index in ("rice", "relative2", "relative8")
    ]
    assert {reader(tensors[0], "t", share=True).kernels[1] for tensors in groups} == {"tg_values_int8.c"}
    expect_equal(groups, True, tmp_path)


@pytest.mark.needs_program("gcc")  # AddressSanitizer, which zig cc has not
@pytest.mark.parametrize(("index", "value"), [("bitmask", "int8"), ("rice", "int4"), ("2of4", "ternary")])
def test_a_reader_that_looks_beyond_its_stream_is_caught(index, value, tmp_path):
    """The proof that the test above can fail: the last byte of an index is missing."""
    tensor = held(np.ones((4, 16), np.int8), index, value)
    built = program([reader(tensor, "m_t", every_step=False)], tmp_path)
    x = vectors_for(tensor.decode(), wide=False)
    assert answer(built, [message(0, tensor, x)]).returncode == 0
    done = answer(built, [message(0, tensor, x, missing=1)])
    assert done.returncode != 0
    assert b"heap-buffer-overflow" in done.stderr

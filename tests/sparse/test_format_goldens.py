"""Exact bytes of every format, worked by hand from docs/formats.md."""

import numpy as np
import pytest

from tinygmp.sparse import encode
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS

# Survivors at 1, 4 and 8 of 10: the gaps are 1, 2, 3 and a last one of 1.
NARROW = np.array([[0, 3, 0, 0, -2], [0, 0, 0, 5, 0]], np.int8)
# Blocks and N of M need whole groups in a row.
WIDE = np.array([[0, 3, 0, 0, -2, 0, 0, 0], [0, 0, 0, 0, 0, 0, 5, 0]], np.int8)

INDEX_GOLDENS = {
    "dense": (NARROW, None, "00 03 00 00 fe 00 00 00 05 00"),
    "bitmask": (NARROW, "12 01", "03 fe 05"),
    "csr8": (NARROW, "02 01 04 01 03", "03 fe 05"),
    "csr16": (NARROW, "0200 0100 0400 0100 0300", "03 fe 05"),
    "relative2": (NARROW, "39 01", "03 fe 05"),  # 1, 2, 3 + 0, 1: the gap of 3 is an escape and a zero
    "relative3": (NARROW, "d1 02", "03 fe 05"),
    "relative4": (NARROW, "21 13", "03 fe 05"),
    "relative5": (NARROW, "41 8c 00", "03 fe 05"),
    "relative6": (NARROW, "81 30 04", "03 fe 05"),
    "relative7": (NARROW, "01 c1 20 00", "03 fe 05"),
    "relative8": (NARROW, "01 02 03 01", "03 fe 05"),
    "rice": (NARROW, "01 a6 02", "03 fe 05"),  # k = 1: 0 1, 10 0, 10 1, 0 1
    "huffman": (NARROW, "20 04 00 04 b6", "03 fe 05"),  # four codes of two bits: 01 10 11 01
    "block2": (WIDE, "00 7a 00", "00 03 fe 00 05 00"),  # blocks 0, 2, 7 of 8, k = 0: 0, 10, 11110, 0
    "block4": (WIDE, "00 04", "00 03 00 00 fe 00 00 00 00 00 05 00"),
    "block8": (WIDE, "00 00", "00 03 00 00 fe 00 00 00 00 00 00 00 00 00 05 00"),
    "1of4": (WIDE, "81", "03 fe 00 05"),
    "2of4": (WIDE, "44 84", "00 03 fe 00 00 00 00 05"),
    "4of8": (WIDE, "88 88 c8", "00 03 00 fe 00 00 00 05"),
}

VALUE_GOLDENS = {
    "int8": ([3, -2, 5], {"values": "03 fe 05"}),
    "int4": ([3, -2, 5], {"values": "e3 05"}),
    "ternary": ([1, -1, -1], {"values": "06"}),
    "power2": ([4, -1, 64], {"values": "82 06"}),
    "codebook4": ([3, -2, 5], {"values": "21", "codebook": "fe 03 05"}),
    "codebook8": ([3, -2, 5], {"values": "81 00", "codebook": "fe 03 05"}),
    "codebook16": ([3, -2, 5], {"values": "01 02", "codebook": "fe 03 05"}),
    "int8_rice": ([3, -2, 5], {"values": "02 01 f1 00"}),  # m = 2, k = 1, numbers 2, 1, 6: 10 0, 0 1, 1110 0
    "int8_huffman": (
        [3, -3, 3, 3],
        {"values": "03 11 01 01 08"},
    ),  # m = 3, s = 1, one code: 0 and a sign each
    "int8_ranked": ([3, -3, 3, 3], {"values": "10 02 02 02", "codebook": "03 fd"}),
}

DENSE_VALUE_GOLDENS = {
    "int4": ([0, -7, 7], "90 07"),
    "ternary": ([0, 1, -1], "34"),
    "power2": ([0, 1, -64], "07 0e"),
}


def as_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def test_every_format_has_a_golden():
    assert set(INDEX_GOLDENS) == set(INDEX_FORMATS)
    assert set(VALUE_GOLDENS) == set(VALUE_FORMATS)


@pytest.mark.parametrize("index_format", INDEX_GOLDENS)
def test_index_bytes(index_format):
    q, index, values = INDEX_GOLDENS[index_format]
    tensor = encode("t", q, 1.0, index_format)
    assert tensor.streams["values"].tobytes() == as_bytes(values)
    assert ("index" in tensor.streams) == (index is not None)
    if index is not None:
        assert tensor.streams["index"].tobytes() == as_bytes(index)
    assert np.array_equal(tensor.decode(), q)


@pytest.mark.parametrize("value_format", VALUE_GOLDENS)
def test_value_bytes(value_format):
    values, streams = VALUE_GOLDENS[value_format]
    q = np.array([values], np.int8)
    tensor = encode("t", q, 1.0, "bitmask", value_format)
    assert {name: data.tobytes() for name, data in tensor.streams.items() if name != "index"} == {
        name: as_bytes(text) for name, text in streams.items()
    }
    assert np.array_equal(tensor.decode(), q)


@pytest.mark.parametrize("value_format", DENSE_VALUE_GOLDENS)
def test_value_bytes_with_zeros_between(value_format):
    values, stream = DENSE_VALUE_GOLDENS[value_format]
    tensor = encode("t", np.array([values], np.int8), 1.0, "dense", value_format)
    assert tensor.streams["values"].tobytes() == as_bytes(stream)
    assert tensor.decode().tolist() == [values]
    assert tensor.nnz == 2

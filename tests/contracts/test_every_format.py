"""One suite for every index format and every value format of the registry."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.to_c.readers import reader
from converters.to_c.runtime_text import joined_kernels
from tinygmp.errors import FormatError
from tinygmp.sparse import encode
from tinygmp.sparse.narrow import narrow
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS

GROUP = 8  # columns are a multiple of this where a format needs whole groups
PATTERNS = {"1of4": (1, 4), "2of4": (2, 4), "4of8": (4, 8)}
EXACT_VALUES = {"int8", "int8_rice", "int8_huffman", "int8_ranked"}


def weights(seed: int, rows: int, columns: int, density: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    q = rng.integers(1, 128, (rows, columns)) * rng.choice([-1, 1], (rows, columns))
    return (q * (rng.random((rows, columns)) < density)).astype(np.int8)


def held_by(q: np.ndarray, index_format: str, value_format: str = "int8") -> np.ndarray:
    """Return the nearest weights that both formats can hold."""
    if index_format == "csr8":
        q = q[:, :255]
    if index_format.startswith("block") or index_format in PATTERNS:
        q = np.pad(q, ((0, 0), (0, -q.shape[1] % GROUP)))
    if index_format in PATTERNS:
        n, m = PATTERNS[index_format]
        groups = q.reshape(-1, m).copy()
        groups[np.cumsum(groups != 0, axis=1) > n] = 0
        q = groups.reshape(q.shape)
    return q if value_format in EXACT_VALUES else narrow_with_zero(q, value_format)


def narrow_with_zero(q: np.ndarray, value_format: str) -> np.ndarray:
    """Leave one codebook entry for the zeros that dense formats store."""
    if value_format.startswith("codebook"):
        kept = np.unique(q[q != 0])[: int(value_format.removeprefix("codebook")) - 1]
        return np.where(np.isin(q, kept), q, 0).astype(np.int8)
    return narrow(q.astype(float), value_format)[0]


def pairs() -> list[tuple[str, str]]:
    """Every index format with int8, and every value format over a sparse, a dense and a padded index."""
    crossed = [(index, value) for index in ("dense", "rice", "block4", "2of4") for value in VALUE_FORMATS]
    return sorted({*((index, "int8") for index in INDEX_FORMATS), *crossed})


every_pair = pytest.mark.parametrize(("index_format", "value_format"), pairs())
every_index = pytest.mark.parametrize("index_format", INDEX_FORMATS)


@every_pair
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 12),
    columns=st.integers(1, 70),
    density=st.sampled_from([0.0, 0.02, 0.1, 0.3, 0.5, 0.9, 1.0]),
)
def test_what_is_encoded_is_decoded(index_format, value_format, seed, rows, columns, density):
    q = held_by(weights(seed, rows, columns, density), index_format, value_format)
    tensor = encode("t", q, 0.5, index_format, value_format)
    tensor.check()
    assert np.array_equal(tensor.decode(), q)
    assert tensor.decode().dtype == np.int8
    assert tensor.nnz == np.count_nonzero(q)
    assert tensor.payload_bytes == sum(data.nbytes for data in tensor.streams.values())
    again = encode("t", tensor.decode(), 0.5, index_format, value_format)
    assert all(np.array_equal(again.streams[name], data) for name, data in tensor.streams.items())


@every_pair
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (3, 257), (7, 8)])
@pytest.mark.parametrize("case", ["all zero", "full", "first", "last", "empty rows"])
def test_edges(index_format, value_format, shape, case):
    q = np.zeros(shape, np.int8)
    marked = {"full": ..., "first": (0, 0), "last": (-1, -1), "empty rows": slice(1, None, 2)}
    if case != "all zero":
        q[marked[case]] = -1
    q = held_by(q, index_format, value_format)
    assert np.array_equal(encode("t", q, 1.0, index_format, value_format).decode(), q)


@every_index
@pytest.mark.parametrize("width", range(2, 9))
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_gaps_at_the_boundary_of_each_code_width(index_format, width, off):
    """One gap of 2**width - 1, one less and one more, before, between and after survivors."""
    gap = (1 << width) - 1 + off
    q = np.zeros((1, 3 * gap + 2), np.int8)
    q[0, [gap, 2 * gap + 1]] = (-127, 127)
    q = held_by(q, index_format)
    assert np.array_equal(encode("t", q, 1.0, index_format).decode(), q)


@pytest.mark.parametrize(("bits", "limit"), [(8, 256), (16, 65536)])
def test_csr_holds_columns_to_its_limit_and_refuses_one_more(bits, limit):
    q = np.zeros((2, limit), np.int8)
    q[1, -1] = 9
    assert np.array_equal(encode("t", q, 1.0, f"csr{bits}").decode(), q)
    with pytest.raises(FormatError, match=f"{limit + 1}; use a relative index|{limit + 1} and"):
        encode("t", np.ones((1, limit + 1), np.int8), 1.0, f"csr{bits}")
    with pytest.raises(FormatError, match="survivors a row"):
        encode("t", np.ones((1, limit), np.int8), 1.0, f"csr{bits}")


@every_index
def test_a_million_weights_in_well_under_a_second(index_format):
    q = held_by(weights(1, 4000, 250, 0.2), index_format)
    begin = time.process_time()
    tensor = encode("t", q, 1.0, index_format)
    assert time.process_time() - begin < 1
    assert np.array_equal(tensor.decode(), q)


def mutants(rng: np.random.Generator, streams: dict[str, np.ndarray]):
    """Yield damaged copies: a bit flipped, a byte forged, cut short, extended, emptied."""
    name = rng.choice(list(streams))
    data = streams[name].copy()
    kind = rng.integers(0, 5)
    if kind == 0 and len(data):
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    elif kind == 1 and len(data):
        data[rng.integers(min(len(data), 4))] = rng.choice([0, 1, 15, 16, 127, 128, 254, 255])
    elif kind == 2:
        data = data[: rng.integers(len(data) + 1)]
    elif kind == 3:
        data = np.append(data, rng.integers(0, 256, rng.integers(1, 4)).astype(np.uint8))
    else:
        data = data[:0]
    return {**streams, name: data}


@every_pair
def test_damage_is_told_and_never_crashes(index_format, value_format):
    """A damaged stream gives FormatError, or weights of the stated shape when it is itself well formed."""
    rng = np.random.default_rng(7)
    q = held_by(weights(2, 6, 40, 0.3), index_format, value_format)
    tensor = encode("t", q, 1.0, index_format, value_format)
    told = 0
    for _ in range(200):
        try:
            damaged = type(tensor)(
                "t", tensor.shape, index_format, value_format, 1.0, mutants(rng, dict(tensor.streams))
            )
            decoded = damaged.decode()
        except FormatError as error:
            told += "'t'" in str(error)
        else:
            assert decoded.shape == tensor.shape
            assert np.abs(decoded.astype(int)).max() <= 127
    assert told >= 40


@every_pair
@pytest.mark.parametrize("shape", [(5, 40), (7, 40), (8000, 8000), (1, 1)])
def test_a_forged_shape_is_told(index_format, value_format, shape):
    q = held_by(weights(2, 6, 40, 0.3), index_format, value_format)
    streams = encode("t", q, 1.0, index_format, value_format).streams
    kind = type(encode("t", q, 1.0, "dense"))
    with pytest.raises(FormatError):
        kind("t", shape, index_format, value_format, 1.0, streams).decode()


@pytest.mark.parametrize("value_format", VALUE_FORMATS)
@every_index
def test_every_pair_of_formats_has_a_c_reader(index_format, value_format):
    """The kernels that read it exist and define what the generated code calls."""
    q = held_by(weights(3, 4, 24, 0.4), index_format, value_format)
    side = reader(encode("t", q, 1.0, index_format, value_format), "m_t", every_step=False)
    text = joined_kernels(side.kernels)
    if side.definition:
        index, values = side.definition.removeprefix("TG_ROWS(").removesuffix(")").split(", ")
        assert f"}} tg_index_{index};" in text
        assert f"}} tg_values_{values};" in text
        assert side.function == f"tg_dot_{index}_{values}"
    else:
        assert f"{side.function}({side.struct} *rows" in text

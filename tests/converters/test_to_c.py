"""Generated C: equal to the reference bit for bit, exactly the payload's bytes, the same text every time."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converters.base import converter
from converters.to_c import runtime_text
from converters.to_c.arrays import constant_arrays
from converters.to_c.convert import convert
from converters.to_c.readers import reader
from converters.to_c.runtime_text import joined_kernels
from tests.graph_edits import with_fields, with_operator
from tinygmp.device.arm64_engine import TARGET as ARM64
from tinygmp.device.host import run_on_host
from tinygmp.device.tools import host_compiler, zig
from tinygmp.errors import UnsupportedError
from tinygmp.graph.ledger import ledger
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reencode import replace_tensors
from tinygmp.graph.reference.run import run
from tinygmp.graph.window_chain import chain_of
from tinygmp.sparse import encode
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS

GOLDEN = Path(__file__).parent / "golden"
RUNTIME = Path(runtime_text.__file__).parent / "runtime"
FORMATS = ("dense", "bitmask", "csr8", *(f"relative{width}" for width in range(2, 9)), "rice")
COMPOSED = (
    ("dense", "codebook8"),
    ("bitmask", "int4"),
    ("csr8", "power2"),
    ("csr16", "int8"),
    ("relative3", "ternary"),
    ("rice", "int8_rice"),
    ("huffman", "int8_huffman"),
    ("rice", "int8_ranked"),
    ("rice", "codebook16"),
    ("block2", "codebook4"),
    ("block4", "int8"),
    ("block8", "power2"),
    ("1of4", "int4"),
    ("2of4", "int8"),
    ("4of8", "ternary"),
)  # every index format and every value format at least once
LEVELS = {"int4": [1, 3, 7], "ternary": [1], "power2": [1, 8, 64], "codebook4": [5], "codebook8": [2, 5, 90]}


def extreme_windows(channels: int) -> np.ndarray:
    """Random, constant, saturated and alternating windows."""
    rng = np.random.default_rng(7)
    shape = (6, 40, channels)
    windows = [rng.integers(-32768, 32768, shape), rng.integers(-800, 800, shape)]
    windows += [np.full((1, 40, channels), value) for value in (0, 1, -1, 32767, -32768)]
    windows.append(np.where(np.arange(40)[:, None] % 2, 32767, -32768) * np.ones((1, 40, channels), int))
    return np.concatenate(windows).astype(np.int16)


def expect_equal(model, *defines: str) -> None:
    counts = extreme_windows(model.input.channels)
    obtained = run_on_host(convert(model), counts, sanitize=True, defines=defines)
    expected = run(model, counts)
    assert np.array_equal(obtained.logits, expected.logits)
    assert np.array_equal(obtained.classes, expected.classes)


@pytest.mark.parametrize("index_format", FORMATS)
def test_every_format_equals_the_reference(index_format):
    expect_equal(random_model(1, index_format=index_format, w_kept=0.3, u_kept=0.1))


def composed_model(seed: int, index_format: str, value_format: str, **sizes) -> PackedModel:
    """Return a random model whose weights take only values that the format holds, every tensor in that format."""
    model = random_model(seed, inputs=8, hidden=24, classes=3, index_format="bitmask", **sizes)
    levels = LEVELS.get(value_format, [1, 4, 7, 90])
    tensors = {}
    for tensor in model.tensors():
        q = tensor.decode().astype(int)
        if "of" in index_format:
            q[:, np.arange(q.shape[1]) % int(index_format[3]) >= int(index_format[0])] = 0
        q = np.sign(q) * np.array(levels)[np.abs(q) % len(levels)]
        tensors[tensor.name] = encode(
            tensor.name, q.astype(np.int8), tensor.scale, index_format, value_format
        )
    return replace_tensors(model, lambda tensor: tensors[tensor.name])


@pytest.mark.parametrize("profile", ["TG_SMALLEST", "TG_FASTEST"])
@pytest.mark.parametrize(("index_format", "value_format"), COMPOSED)
def test_every_pair_of_kernels_equals_the_reference(index_format, value_format, profile):
    model = composed_model(3, index_format, value_format, u_rank=8)
    expect_equal(model, f"TG_PROFILE={profile}")


def test_models_of_several_formats_share_decoders():
    """One Rice decoder in the text, for gaps of plain int8 values too."""
    plain, mixed = composed_model(1, "rice", "int8"), composed_model(1, "rice", "int8_rice")
    mixed = with_operator(mixed, "classifier", plain.node("classifier").operator)
    text = convert(mixed).files[f"{mixed.name}.c"].decode()
    assert text.count("tg_rice_next(tg_rice *numbers)") == 1
    assert "tg_rice_gap" not in text
    assert "TG_ROWS(rice, int8)" in text
    expect_equal(mixed)


@pytest.mark.parametrize(("index_format", "value_format"), COMPOSED)
def test_emitted_arrays_of_every_format_are_the_payload(index_format, value_format):
    model = composed_model(2, index_format, value_format)
    emitted = sum(array.values.nbytes for array in constant_arrays(chain_of(model)))
    assert emitted == ledger(model).payload_bytes - ledger(model).scalar_bytes


def test_every_format_has_its_kernels():
    assert {index for index, _ in COMPOSED} | {"relative2", *FORMATS} == set(INDEX_FORMATS)
    assert {value for _, value in COMPOSED} == set(VALUE_FORMATS)


@pytest.mark.parametrize(
    "shape",
    [
        {"inputs": 3, "hidden": 16, "classes": 6, "w_rank": 2, "u_rank": 8, "w_kept": 0.5, "u_kept": 0.5},
        {"inputs": 1, "hidden": 1, "classes": 2, "w_kept": 1.0, "u_kept": 0.0},
        {"inputs": 9, "hidden": 7, "classes": 32, "u_rank": 3},
        {"inputs": 16, "hidden": 200, "classes": 5, "u_kept": 0.02, "w_rank": 4},
        {"inputs": 9, "hidden": 40, "classes": 2, "w_kept": 0.0, "u_kept": 0.001},
    ],
    ids=["peer", "one unit", "32 classes", "200 units", "nearly empty"],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_shape_equals_the_reference(shape, seed):
    expect_equal(random_model(seed, **shape))


@pytest.mark.parametrize("profile", ["TG_SMALLEST", "TG_BALANCED"])
@pytest.mark.parametrize("index_format", ["bitmask", "csr8", "relative4", "rice"])
def test_every_build_equals_the_reference(profile, index_format):
    expect_equal(random_model(2, hidden=24, index_format=index_format, u_rank=6), f"TG_PROFILE={profile}")


@pytest.mark.parametrize("profile", ["TG_SMALLEST", "TG_FASTEST"])
@pytest.mark.parametrize(("gate_shift", "update_shift"), [(0, 8), (8, 0), (7, 7), (6, 6)])
def test_biases_of_every_size_equal_the_reference(profile, gate_shift, update_shift):
    model = random_model(5, hidden=12)
    model = with_fields(model, "rnn", bias_gate_shift=gate_shift, bias_update_shift=update_shift)
    expect_equal(model, f"TG_PROFILE={profile}")


def test_another_gate_table_is_refused():
    model = random_model(0, hidden=4)
    table = model.node("rnn").operator.table[::-1].copy()
    with pytest.raises(UnsupportedError, match="gate table"):
        convert(with_fields(model, "rnn", table=table))


@pytest.mark.parametrize("kernel", sorted(path.name for path in RUNTIME.glob("*.c")))
def test_every_kernel_compiles_alone(kernel, tmp_path):
    """Under the strictest warnings, NEON for the cores that have it; that a kernel alone is unused is no fault."""
    compiler = [*zig("cc"), "-target", ARM64] if kernel.startswith("tg_neon") else host_compiler()
    flags = [
        "-std=c99",
        "-pedantic",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Wshadow",
        "-Werror",
        "-Wno-unused",
    ]
    written = ["-c", RUNTIME / kernel, "-o", tmp_path / "kernel.o"]
    done = subprocess.run([*compiler, *flags, *written], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ranks", [(0, 0), (2, 5)])
@pytest.mark.parametrize("index_format", ["dense", "bitmask", "csr8", "relative5", "rice"])
def test_emitted_arrays_are_the_payload_without_its_scalars(index_format, ranks):
    model = random_model(2, index_format=index_format, w_rank=ranks[0], u_rank=ranks[1])
    book = ledger(model)
    assert (
        sum(array.values.nbytes for array in constant_arrays(chain_of(model)))
        == book.payload_bytes - book.scalar_bytes
    )


def test_the_text_holds_every_array_as_it_is():
    model = random_model(3)
    text = convert(model).files[f"{model.name}.c"].decode()
    for array in constant_arrays(chain_of(model)):
        body = re.search(rf"{array.symbol}\[(\d+)\] TG_FLASH = \{{(.*?)\}};", text, re.DOTALL)
        assert int(body[1]) == len(array.values)
        assert [
            int(number) for number in body[2].replace("\n", " ").split(",") if number.strip()
        ] == array.values.tolist()


def test_only_the_needed_kernels_are_emitted():
    text = convert(random_model(0, index_format="csr8")).files["random0.c"].decode()
    assert "tg_dot_csr8_int8" in text
    assert "tg_rows_rice" not in text
    assert "tg_bits" not in text


def test_kernels_are_joined_once_each_and_before_their_users():
    text = joined_kernels(("tg_rows_rice.c", "tg_rows_relative.c"))
    assert text.count("tg_bits_take(tg_bits *bits") == 1
    assert text.index("tg_bits_take(tg_bits *bits") < text.index("tg_rice_gap(tg_bits")
    assert '#include "tg_' not in text


def test_synthetic_models_say_so_in_every_file():
    model = random_model(0)
    files = convert(model).files
    assert b"SYNTHETIC" in files["random0.h"]
    assert b"RANDOM0_SYNTHETIC 1" in files["random0.h"]
    assert b"SYNTHETIC" in files["random0.c"]
    real = replace(model, provenance={**model.provenance, "synthetic": "no"})
    assert b"SYNTHETIC:" not in convert(real).files["random0.h"]
    assert b"RANDOM0_SYNTHETIC 0" in convert(real).files["random0.h"]


def test_hostile_labels_and_provenance_cannot_leave_their_comment():
    model = random_model(0, hidden=4)
    hostile = replace(
        model, labels=('a"b\\', "c\nd"), provenance={"data": "x */ int y; /*", "synthetic": "no"}
    )
    counts = extreme_windows(9)[:2]
    assert np.array_equal(run_on_host(convert(hostile), counts).logits, run(hostile, counts).logits)


@pytest.mark.parametrize("name", ["tiny.c", "tiny.h", "example_main.c"])
def test_golden_text(name):
    """The exact text of a small model; after a wanted change, write the new text over the golden file."""
    model = replace(
        random_model(4, inputs=2, hidden=3, w_kept=0.5, u_kept=0.34, index_format="rice", steps=8),
        name="tiny",
    )
    assert convert(model).files[name].decode() == (GOLDEN / name).read_text()


def test_what_the_kernels_cannot_read_is_refused():
    huge = encode("rnn.U", np.eye(300, dtype=np.int8), 1.0, "rice")
    with pytest.raises(UnsupportedError, match="16-bit positions"):
        reader(huge, "m_rnn_u")
    assert reader(encode("rnn.U", np.eye(300, dtype=np.int8), 1.0, "csr16"), "m_rnn_u").columns == 300
    wide = encode("rnn.U", np.ones((1, 65530), np.int8), 1.0, "bitmask")
    with pytest.raises(UnsupportedError, match="1 x 65530 weights in 'bitmask'"):
        reader(wide, "m_rnn_u")
    with pytest.raises(UnsupportedError, match="33 classes"):
        convert(random_model(0, classes=33))
    with pytest.raises(UnsupportedError, match="known: c, arm64, tflite, onnx, arduino"):
        converter("cobol")

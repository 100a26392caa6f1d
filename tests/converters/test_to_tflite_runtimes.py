"""Second opinions on the TFLite step cells: TFLite Micro, and TensorFlow in its own process."""

import subprocess
import sys

import numpy as np
import pytest

from converters.to_tflite.convert import convert
from converters.to_tflite.micro import run_micro
from converters.to_tflite.run import run_tflite
from tinygmp.errors import DataError, FileFormatError
from tinygmp.graph.operators.fastgrnn import STATE_LIMIT
from tinygmp.graph.random_model import random_model

F32, INT16X8 = "tiny_step_f32.tflite", "tiny_step_int16x8.tflite"

TENSORFLOW_RUN = """
import sys
import numpy as np
import tensorflow as tf
from converters.to_tflite.run import run_interpreter
model, counts, answer = sys.argv[1:]
result = run_interpreter(tf.lite.Interpreter, open(model, "rb").read(), np.load(counts))
np.save(answer, result.logits)
"""


@pytest.fixture(scope="module")
def files(network):
    return convert(network).files


@pytest.fixture
def micro():
    pytest.importorskip("tflite_micro", reason="install it with: pip install tflite-micro")
    return run_micro


@pytest.mark.parametrize(("file", "limit"), [(F32, 1e-5), (INT16X8, 0.01)])
def test_tflite_micro_answers_as_litert_does(files, walks, micro, file, limit):
    counts = walks(8)
    obtained, expected = micro(files[file], counts), run_tflite(files[file], counts)
    assert np.abs(obtained.result.logits - expected.logits).max() < limit * expected.logits.std()
    full_scale = 1.0 if file == F32 else STATE_LIMIT
    assert np.abs(obtained.result.state.astype(float) - expected.state).max() < limit * full_scale
    np.testing.assert_array_equal(obtained.result.classes, expected.classes)


def test_the_arena_of_a_har2_sized_cell_is_small(walks, micro):
    model = random_model(0)
    counts = walks(1, steps=3, channels=9)
    arenas = {name: micro(content, counts).arena_bytes for name, content in convert(model).files.items()}
    assert 3000 < arenas["random0_step_int16x8.tflite"] < 5000
    assert 3000 < arenas["random0_step_f32.tflite"] < 6000


def test_tflite_micro_refuses_what_it_cannot_run(files, walks, micro):
    with pytest.raises(DataError, match="got int16"):
        micro(files[F32], walks(1, channels=4))
    for damaged in (b"", files[F32][: len(files[F32]) // 2]):
        with pytest.raises(FileFormatError, match="refused the TFLite model"):
            micro(damaged, walks(1))


def test_tensorflow_answers_as_litert_does(full_rank_network, walks, tmp_path):
    pytest.importorskip("tensorflow", reason="install it with: pip install tensorflow-cpu")
    counts = walks(10)
    np.save(tmp_path / "counts.npy", counts)
    content = convert(full_rank_network).files[INT16X8]
    (tmp_path / "model.tflite").write_bytes(content)
    arguments = [tmp_path / "model.tflite", tmp_path / "counts.npy", tmp_path / "logits.npy"]
    command = [sys.executable, "-c", TENSORFLOW_RUN, *map(str, arguments)]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert completed.returncode == 0, completed.stderr[-2000:]
    expected = run_tflite(content, counts).logits
    assert np.abs(np.load(tmp_path / "logits.npy") - expected).max() < 0.01 * expected.std()

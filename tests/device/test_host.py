import dataclasses

import numpy as np
import pytest

from tinygmp.device.host import run_on_host
from tinygmp.errors import BuildError, DataError, SimulationError


def with_source(artifact, old: bytes, new: bytes):
    text = artifact.files["summing.c"]
    assert old in text
    return dataclasses.replace(artifact, files={**artifact.files, "summing.c": text.replace(old, new)})


def test_host_gives_the_reference_answers(summing, windows, summing_logits):
    result = run_on_host(summing, windows)
    np.testing.assert_array_equal(result.logits, summing_logits(windows))
    np.testing.assert_array_equal(result.classes, summing_logits(windows).argmax(axis=1))


def test_zig_serves_where_no_compiler_is(summing, windows, summing_logits, needs, monkeypatch):
    needs("ziglang")
    monkeypatch.setattr("tinygmp.device.tools.shutil.which", lambda name: None)
    np.testing.assert_array_equal(run_on_host(summing, windows).logits, summing_logits(windows))


def test_sanitizers_find_a_read_beyond_an_array(summing, windows, needs):
    needs("gcc")
    over = with_source(summing, b"i < 3; i++", b"i < 3 + (s->sum[0] != 1); i++")
    with pytest.raises(SimulationError, match=r"out of bounds|overflow"):
        run_on_host(over, windows, sanitize=True)


def test_sanitizers_pass_a_clean_model(summing, windows, summing_logits, needs):
    needs("gcc")
    np.testing.assert_array_equal(
        run_on_host(summing, windows, sanitize=True).logits, summing_logits(windows)
    )


def test_a_warning_is_an_error(summing, windows):
    narrow = with_source(summing, b"s->sum[0] += c[0]", b"int8_t x = s->sum[0]; s->sum[0] += x")
    with pytest.raises(BuildError, match="conversion"):
        run_on_host(narrow, windows)


@pytest.mark.parametrize("shape", [(2, 3), (0, 3, 2)])
def test_windows_of_another_shape_are_refused(summing, shape):
    with pytest.raises(DataError, match="windows must be int16"):
        run_on_host(summing, np.zeros(shape, np.int16))


def test_floats_are_refused(summing, windows):
    with pytest.raises(DataError, match="float32"):
        run_on_host(summing, windows.astype(np.float32))

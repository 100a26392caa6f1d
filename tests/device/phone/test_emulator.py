"""Counts as the plugin writes them, and the lab's own emulator where it is installed."""

import numpy as np
import pytest

from tinygmp.device.phone.cores import find_core
from tinygmp.device.phone.emulator import PhoneRun, read_counts, run_on_phone
from tinygmp.errors import MissingToolError, SimulationError


def test_counts_are_read(tmp_path):
    (tmp_path / "counts").write_text("total 10\ntotal 12\nblock 7f00 20\nblock 8000 2\n")
    assert read_counts(tmp_path / "counts") == ((10, 12), [(0x7F00, 20), (0x8000, 2)])


def test_figures_are_those_of_one_sample():
    kernels = {"xnn_f32_spmm_minmax_ukernel_32x1__neonfma": 60, "xnn_f32_dwconv2d_chw_ukernel_3x3p1": 20}
    run = PhoneRun("cortex-a76", (np.zeros((2, 3)),), (10, 20, 30, 40), kernels)
    assert run.instructions_per_sample == 50
    assert list(run.kernels_per_sample.values()) == [30, 10]
    assert run.sparse_kernels == ("xnn_f32_spmm_minmax_ukernel_32x1__neonfma",)


def test_without_the_emulator_the_message_tells_how_to_get_it(no_programs):
    with pytest.raises(MissingToolError, match=r"tinygmp doctor --install arm64$"):
        run_on_phone(b"", "tflite", [], find_core("arm64"))


@pytest.mark.needs_program("arm64")
def test_a_file_that_the_runtime_refuses_is_told_in_its_words():
    with pytest.raises(SimulationError, match=r"core 'cortex-a76': the runtime ended with 1: .*[Mm]odel"):
        run_on_phone(b"no model", "tflite", [np.zeros((1, 1), np.float32)], find_core("arm64"))

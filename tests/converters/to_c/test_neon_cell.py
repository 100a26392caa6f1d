"""A FastGRNN of 8 bits in vectors equals the reference bit for bit, of any size and at the ends of every scalar."""

import numpy as np
import pytest

from converters.to_c.neon.cell import panels
from converters.to_c.neon.convert import convert
from tests.converters.to_c.test_neon import assert_exact, in_emulator
from tests.graph_edits import with_fields
from tinygmp.data.windows import random_windows
from tinygmp.graph.model import PackedModel
from tinygmp.graph.random_model import random_model

SIZES = [
    {"hidden": 80},
    {"hidden": 1, "inputs": 1, "u_kept": 1.0},
    {"hidden": 17, "inputs": 16, "classes": 5},
    {"hidden": 12, "inputs": 33, "w_rank": 5, "u_rank": 3},
    {"hidden": 40, "inputs": 6, "w_rank": 4},
    {"hidden": 100, "inputs": 9, "u_rank": 17, "u_kept": 0.9, "w_kept": 0.9},
]
ENDS = {
    "biases": {"bias_gate_shift": 8, "bias_update_shift": 8},
    "no gain": {"zeta": 0, "nu": 16383},
    "all gain": {"zeta": 255, "zeta_shift": 3, "nu": 95},
    "far shift": {"zeta": 255, "zeta_shift": 16, "nu": 0},
    "large sums": {"w_shift": 10, "u_shift": 3},
}


def assert_window(model: PackedModel, steps: int = 24) -> None:
    counts = random_windows(model, 5).first[:, :steps]
    counts[0], counts[1] = -32768, 32767
    assert_exact(model, [counts])


@in_emulator
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_any_size_equals_the_reference(size):
    assert_window(random_model(seed=7, **size))


@in_emulator
@pytest.mark.parametrize("ends", ENDS)
def test_scalars_at_their_ends_equal_the_reference(ends):
    model = random_model(seed=8, hidden=24, w_kept=1.0, u_kept=1.0)
    cell = next(node.name for node in model.nodes if type(node.operator).__name__ == "FastGrnn")
    assert_window(with_fields(model, cell, **ENDS[ends]))


def test_the_panels_of_a_matrix_worked_by_hand():
    matrix = np.arange(9 * 17).reshape(9, 17) % 100
    made = panels(matrix).reshape(2, 2, 2, 4, 4, 4)  # block, chunk, group, quad, row, column
    assert made[0, 0, 0, 0, 1].tolist() == matrix[1, :4].tolist()
    assert made[0, 0, 1, 2, 3].tolist() == matrix[7, 8:12].tolist()
    assert made[1, 1, 0, 0, 0].tolist() == [matrix[8, 16], 0, 0, 0]
    assert np.count_nonzero(made) == np.count_nonzero(matrix)


def test_cells_of_16_bits_are_the_portable_c():
    model = random_model(3, hidden=10, state_bits=16)
    assert b"arm_neon.h" not in convert(model).files[f"{model.name}.c"]
    assert b"arm_neon.h" in convert(random_model(3, hidden=10)).files["random3.c"]

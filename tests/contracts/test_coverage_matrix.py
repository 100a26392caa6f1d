"""Operator x storage format x target: every cell tried, the missing ones named here, and nothing else missing."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from tinygmp.graph.kinds import KINDS
from tinygmp.sparse.registry import INDEX_FORMATS, VALUE_FORMATS

SCRIPT = Path(__file__).parents[2] / "scripts" / "coverage_matrix.py"
READ_BY_GRAPH_KERNELS = {"dense", "bitmask", "rice", "csr8", "csr16"}  # converters/to_c/operators/linear.py
WHOLE_GROUPS = ("block", "of")  # formats that hold whole groups of columns only
CELLS = ("fastgrnn", "gru", "lstm", "hidden_layer")
LINEAR = ("conv2d", "depthwise_conv2d", "fully_connected")


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("coverage_matrix", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["coverage_matrix"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["coverage_matrix"]


@pytest.fixture(scope="module")
def matrix(script):
    return script.coverage()


def reason(kind: str, storage: str, form: str) -> str:
    """Return why a cell is known to be missing, '' where it must be there."""
    index_format, _, value_format = storage.partition(", ")
    if kind in LINEAR and form == "c" and value_format != "int8":
        return "the C kernels of maps read int8 values"
    if kind in LINEAR and form == "c" and index_format not in READ_BY_GRAPH_KERNELS:
        return "the C kernels of maps read five index formats"
    if form == "storage" and any(word in index_format for word in WHOLE_GROUPS):
        return "the weights of a row are no whole groups"
    return ""


def test_every_cell_is_there_or_is_known_to_be_missing(script, matrix, capsys):
    script.show(matrix)
    print(capsys.readouterr().out)
    unknown = [cell for cell in script.missing(matrix) if not reason(*cell)]
    assert unknown == []


def test_no_known_hole_has_been_filled(script, matrix):
    holes = set(script.missing(matrix))
    filled = [
        (kind, storage, "c")
        for kind in LINEAR
        for storage, forms in matrix[kind].items()
        if "c" in forms and reason(kind, storage, "c") and (kind, storage, "c") not in holes
    ]
    assert filled == []


def test_the_matrix_names_every_operator_and_every_format(matrix):
    assert set(matrix) == set(KINDS)
    for kind in (*CELLS, *LINEAR):
        tried = {tuple(storage.split(", ")) for storage in matrix[kind]}
        assert {index for index, _ in tried} == set(INDEX_FORMATS)
        assert {value for _, value in tried} == set(VALUE_FORMATS)
    for kind in set(KINDS) - {*CELLS, *LINEAR}:
        assert set(matrix[kind]) == {"no weights"}


def test_the_report_is_that_of_the_code(matrix):
    saved = json.loads((SCRIPT.parents[1] / "docs" / "reports" / "coverage_matrix.json").read_text())
    assert saved["cells"] == matrix

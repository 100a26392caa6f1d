"""What taking a weight out is taken to do, worked by hand."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "scripts" / "experiments"


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(FOLDER))
    spec = importlib.util.spec_from_file_location("objective_curve", FOLDER / "objective_curve.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["objective_curve"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["objective_curve"]
    sys.path.remove(str(FOLDER))


def test_saliencies(script):
    weights, gradients = {"a": np.array([[1.0, -3.0], [2.0, 0.0]])}, {"a": np.array([[4.0, 0.0], [1.0, 3.0]])}
    found = {name: make(weights, gradients)["a"].tolist() for name, make in script.SALIENCIES.items()}
    assert found["magnitude"] == [[1, 9], [4, 0]]
    assert found["layer"] == [[2, 18], [8, 0]]
    assert found["weight"] == [[4, 0], [4, 0]]
    assert found["lamp"] == [[1 / 14, 1], [4 / 13, 0]]

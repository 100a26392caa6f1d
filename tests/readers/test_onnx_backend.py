"""ONNX's own test cases of every operator that the reader knows: answered within rounding, or refused in a sentence."""

import functools

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from tests.readers.onnx_cases import ANSWERED, REFUSED  # noqa: E402
from tinygmp.errors import TinyGmpError, UnsupportedError  # noqa: E402
from tinygmp.readers.onnx import load_onnx  # noqa: E402
from tinygmp.readers.onnx_call import attributes  # noqa: E402
from tinygmp.readers.onnx_constants import FOLDED, folded  # noqa: E402
from tinygmp.readers.onnx_operators import HANDLERS  # noqa: E402

WITHOUT_LAYER = {"Flatten", "Reshape", "Squeeze", "Softmax", "Dropout", "Identity"}
FOUR_DIGITS = {"averagepool_2d_ceil_last_window_starts_on_pad"}  # all that the case's answer holds
TWO_WAYS = {"Add", "Mul"}  # their second input may be a weight or computed


@functools.cache
def cases() -> dict:
    """Return (model, inputs, outputs) by name, of nodes that the reader knows or folds."""
    from onnx.backend.test.loader import load_model_tests

    found = {}
    with np.errstate(all="ignore"):
        tests = load_model_tests(kind="node")
    for case in tests:
        kinds = {node.op_type for node in case.model.graph.node}
        if kinds <= {*HANDLERS, *FOLDED, "Constant", "Shape"}:
            inputs, outputs = ([as_array(each) for each in part] for part in case.data_sets[0])
            found[case.name.removeprefix("test_")] = (case.model, inputs, outputs)
    return found


def as_array(given):
    return numpy_helper.to_array(given) if isinstance(given, onnx.TensorProto) else given


def kinds_of(name: str) -> set[str]:
    return {node.op_type for node in cases()[name][0].graph.node}


def channels_last(x: np.ndarray) -> np.ndarray:
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x.transpose(0, 2, 1)[:, None] if x.ndim == 3 else x


def answer(model, feeds: dict, path) -> np.ndarray:
    """Return what the float graph of a model computes, in its order of axes."""
    path.write_bytes(model.SerializeToString())
    graph = load_onnx(path, None, None)
    (found,) = graph.run(*(channels_last(x) for x in feeds.values())).values()
    return found


def bound(name: str):
    """Return a case with its later inputs as initialisers, what it is fed, and what it must answer."""
    stored, inputs, outputs = cases()[name.removesuffix("+")]
    model = onnx.ModelProto.FromString(stored.SerializeToString())
    kinds, names = kinds_of(name.removesuffix("+")), [each.name for each in model.graph.input]
    feeds = dict(zip(names, inputs, strict=False))
    if not (kinds <= {"Concat", *TWO_WAYS} and not name.endswith("+")):
        for each in names[1:]:
            model.graph.initializer.append(numpy_helper.from_array(feeds.pop(each), each))
    if kinds & WITHOUT_LAYER and isinstance(outputs[0], np.ndarray) and outputs[0].ndim:
        add_layer(model, outputs[0])
    return model, feeds, outputs[0]


def add_layer(model, written: np.ndarray) -> None:
    """Follow what has no weights, and would be left out, by a layer that changes nothing."""
    output, vector = model.graph.output[0], written.ndim == 2
    one = np.eye(written.shape[-1], dtype=np.float32) if vector else np.float32(1)
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(one), "one"))
    model.graph.node.append(helper.make_node("MatMul" if vector else "Mul", [output.name, "one"], ["after"]))
    output.name = "after"


@pytest.mark.parametrize("name", ANSWERED.split())
def test_cases_that_are_answered(name, tmp_path):
    model, feeds, expected = bound(name)
    found, expected = answer(model, feeds, tmp_path / "case.onnx"), channels_last(expected)
    rtol = 1e-3 if name in FOUR_DIGITS else 1e-5
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "reason"), [(name, reason) for reason, names in REFUSED.items() for name in names.split()]
)
def test_cases_that_are_refused(name, reason, tmp_path):
    model, feeds, _ = bound(name)
    with pytest.raises(TinyGmpError) as refusal:
        answer(model, feeds, tmp_path / "case.onnx")
    told = str(refusal.value)
    assert "case.onnx" in told, reason
    assert "damaged" not in told
    assert "\n" not in told


def test_every_case_is_in_one_of_the_lists():
    names = {name for name in cases() if kinds_of(name) <= {*HANDLERS, "Constant", "Shape"}}
    names = {name for name in names if kinds_of(name) & set(HANDLERS)}
    names |= {f"{name}+" for name in names if kinds_of(name) <= TWO_WAYS}
    listed = [*ANSWERED.split(), *(name for group in REFUSED.values() for name in group.split())]
    assert len(listed) == len({*listed})
    assert {*listed} == names


@pytest.mark.parametrize("kind", FOLDED)
def test_constants_fold_as_in_every_case(kind):
    """To the value and the type; types that numpy does not have are left alone."""
    tried = 0
    for name in (name for name in cases() if kinds_of(name) == {kind}):
        model, inputs, (expected, *_) = cases()[name]
        if not all(isinstance(part, np.ndarray) for part in (*inputs, expected)):
            continue  # sequences and options
        (node,), rest = model.graph.node, iter(inputs)
        found = folded(kind, attributes(node), [next(rest) if each else None for each in node.input])
        plain = all(part.dtype.isbuiltin == 1 for part in (*inputs, expected))
        assert (found is not None) == plain, name
        if found is not None:
            np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=name)
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape), name
        tried += 1
    assert tried


# Spellings that the cases above do not try: a node, its weights, the input's shape.
WEIGHTS = np.random.default_rng(0).normal(size=(1, 4, 4, 1)).astype(np.float32)
SPELLINGS = {
    "a factor a channel": ("Mul", [WEIGHTS[0, :, :1]], (2, 4, 3, 3), {}),
    "a constant that comes first": ("Add", [None, WEIGHTS[0, :, :1]], (2, 4, 3, 3), {}),
    "one number for all": ("Add", [np.float32([[0.5]])], (2, 4, 3, 3), {}),
    "a number a channel of a series": ("Add", [WEIGHTS[0, :, :1, 0]], (2, 4, 5), {}),
    "a number an element of a vector": ("Mul", [WEIGHTS[0, :, 0, 0]], (2, 4), {}),
    "a pad by its axes": ("Pad", [np.array([1, 2]), None, np.array([-1])], (1, 2, 3, 3), {}),
    "a mean over rows and columns": ("ReduceMean", [np.array([-1, -2])], (2, 4, 3, 5), {"keepdims": 0}),
    "a mean over all that has extent": ("ReduceMean", [np.array([3])], (2, 4, 1, 5), {}),
    "a border that counts, as wide as SAME": (
        "AveragePool",
        [],
        (1, 2, 5, 5),
        {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER", "count_include_pad": 1},
    ),
    "a mean as large as the map, at every position": (
        "AveragePool",
        [],
        (1, 2, 3, 3),
        {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"},
    ),
    "rows and columns in one": ("Reshape", [np.array([0, 0, -1])], (2, 3, 4, 5), {}),
    "a squeeze of one column": ("Squeeze", [np.array([3])], (2, 3, 4, 1), {}),
}
WRONG = {
    "a number a column": ("Mul", [WEIGHTS[0, 0, :, 0]], (2, 4, 4, 4), {}),
    "a number a row": ("Add", [WEIGHTS[0, 0]], (2, 4, 4, 4), {}),
    "weights that come first": ("MatMul", [None, WEIGHTS[0, :, :, 0]], (4, 4), {}),
    "a matrix by the last axis of a map": ("MatMul", [WEIGHTS[0, :, :, 0]], (1, 1, 4), {}),
    "a mean over rows": ("ReduceMean", [np.array([2])], (2, 4, 3, 5), {}),
    "a pad of channels by its axes": ("Pad", [np.array([1, 1]), None, np.array([1])], (1, 2, 3, 3), {}),
    "samples in one": ("Reshape", [np.array([1, -1])], (2, 6), {}),
    "a clamp of nothing": ("Clip", [np.float32(3), np.float32(2)], (2, 6), {}),
}


def spelled(kind: str, weights: list, shape: tuple[int, ...], at: dict):
    """Return a model of one node and what it is fed; a first weight of None puts the constant before the value."""
    names = ["x", *(f"w{place}" if part is not None else "" for place, part in enumerate(weights))]
    if weights and weights[0] is None:
        names = [names[2], "x"]
    graph = helper.make_graph(
        [helper.make_node(kind, names, ["y"], **at)],
        "spelling",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(part, f"w{place}")
            for place, part in enumerate(weights)
            if part is not None
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    (expected,) = ReferenceEvaluator(model).run(None, {"x": x})
    if kind in WITHOUT_LAYER:
        add_layer(model, expected)
    return model, {"x": x}, expected


@pytest.mark.parametrize("name", SPELLINGS)
def test_other_spellings_that_are_answered(name, tmp_path):
    model, feeds, expected = spelled(*SPELLINGS[name])
    found, expected = answer(model, feeds, tmp_path / "case.onnx"), channels_last(expected)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", WRONG)
def test_other_spellings_that_are_refused(name, tmp_path):
    model, feeds, _ = spelled(*WRONG[name])
    with pytest.raises(TinyGmpError) as refusal:
        answer(model, feeds, tmp_path / "case.onnx")
    assert "damaged" not in str(refusal.value)


def test_operations_of_other_domains_and_computed_weights_are_refused(tmp_path):
    model, feeds, _ = spelled("Relu", [], (2, 4), {})
    model.graph.node[0].domain = "com.example"
    with pytest.raises(UnsupportedError, match=r"domain 'com\.example'"):
        answer(model, feeds, tmp_path / "case.onnx")
    model, feeds, _ = spelled("Relu", [], (2, 4), {})
    model.graph.node[0].op_type = "Clip"
    model.graph.node[0].input.append("x")
    with pytest.raises(UnsupportedError, match="a computed value"):
        answer(model, feeds, tmp_path / "case.onnx")

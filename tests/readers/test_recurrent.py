"""GRU and LSTM networks of Keras, PyTorch and ONNX, in each one's order of gates, answer as their own runtimes do."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from tinygmp.errors import UnsupportedError
from tinygmp.projects.pack_file import PackWish, pack_file
from tinygmp.readers.keras_h5 import load_keras
from tinygmp.readers.onnx import load_onnx
from tinygmp.readers.torch_export import exported

X = np.random.default_rng(0).normal(size=(6, 20, 3)).astype(np.float32)
MADE = {"gru": nn.GRU, "lstm": nn.LSTM}


class Stack(nn.Module):
    """Two layers; its answer comes of the last step's outputs, or of the last outputs that the cells hand out."""

    def __init__(self, kind: str, by_outputs: bool, layers: int = 2, **options) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cells = MADE[kind](
            3, 8, num_layers=layers, batch_first=options.pop("batch_first", True), **options
        )
        self.last, self.by_outputs = nn.Linear(8 * (2 if options.get("bidirectional") else 1), 4), by_outputs

    def forward(self, x):
        outputs, states = self.cells(x)
        if self.by_outputs:
            return self.last(outputs[:, -1])
        return self.last((states[0] if isinstance(states, tuple) else states)[-1])


both = pytest.mark.parametrize("kind", MADE)


@both
@pytest.mark.parametrize("by_outputs", [True, False])
def test_torch(kind, by_outputs):
    module = Stack(kind, by_outputs).eval()
    with torch.no_grad():
        expected = module(torch.tensor(X)).numpy()
    np.testing.assert_allclose(exported(module, [(20, 3)]).logits(X), expected, atol=1e-5)


@both
@pytest.mark.parametrize("by_outputs", [True, False])
@pytest.mark.parametrize("dynamo", [True, False], ids=["new exporter", "old exporter"])
def test_onnx(kind, by_outputs, dynamo, tmp_path):
    path = tmp_path / "net.onnx"
    torch.onnx.export(
        Stack(kind, by_outputs).eval(), (torch.tensor(X[:1]),), str(path), dynamo=dynamo, verbose=False
    )
    session = onnxruntime.InferenceSession(str(path))
    name = session.get_inputs()[0].name
    expected = np.concatenate([session.run(None, {name: x[None]})[0] for x in X])
    np.testing.assert_allclose(load_onnx(path, None, None).logits(X), expected, atol=1e-5)


@pytest.mark.parametrize("steps", [20, None])
@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_keras(steps, ending, tmp_path):
    keras = pytest.importorskip("keras", reason="install it with: pip install tensorflow")
    layers = keras.layers
    for cells in (
        [layers.GRU(8)],
        [layers.LSTM(8, use_bias=False)],
        [layers.LSTM(8, return_sequences=True), layers.Dropout(0.2), layers.GRU(6)],
    ):
        model = keras.Sequential([layers.Input((steps, 3)), *cells, layers.Dense(5, "relu"), layers.Dense(4)])
        model.save(tmp_path / f"net.{ending}")
        found = load_keras(tmp_path / f"net.{ending}", None).logits(X)
        np.testing.assert_allclose(found, model.predict(X, verbose=0), atol=1e-5)


def test_what_is_another_cell_is_refused(tmp_path):
    for options, told in (
        ({"bidirectional": True}, "two directions"),
        ({"batch_first": False}, "steps before the batch"),
    ):
        with pytest.raises(UnsupportedError, match=told):
            exported(Stack("gru", True, **options).eval(), [(20, 3)])
    keras = pytest.importorskip("keras", reason="install it with: pip install tensorflow")
    for layer, told in (
        (keras.layers.GRU(4, reset_after=False), "reset gate acts before the state's product"),
        (keras.layers.LSTM(4, activation="relu"), "activations relu and sigmoid, not tanh and sigmoid"),
        (keras.layers.LSTM(4, return_sequences=True), "a layer of every step that is no recurrent cell"),
    ):
        keras.Sequential([keras.layers.Input((20, 3)), layer, keras.layers.Dense(2)]).save(
            tmp_path / "net.keras"
        )
        with pytest.raises(UnsupportedError, match=told):
            load_keras(tmp_path / "net.keras", None)


def test_one_command_packs_them(tmp_path):
    module = Stack("lstm", True).eval()
    module.last.weight.data *= 6
    torch.export.save(torch.export.export(module, (torch.tensor(X[:1]),)), tmp_path / "net.pt2")
    rng = np.random.default_rng(2)
    np.save(
        tmp_path / "windows.npy",
        (3 + 2 * np.cumsum(rng.normal(0, 0.4, (120, 20, 3)), axis=1)).astype(np.float32),
    )
    from tinygmp.readers.edgeml import Normalisation

    wish = PackWish(counts_per_unit=(500.0,), normalisation=Normalisation(np.array([3.0]), np.array([2.0])))
    packed = pack_file(tmp_path / "net.pt2", tmp_path / "windows.npy", wish)
    assert packed.fidelity.output_error < 0.05
    assert [type(node.operator).__name__ for node in packed.model.nodes[1:3]] == ["Lstm", "Lstm"]

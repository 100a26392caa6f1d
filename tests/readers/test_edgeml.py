"""EdgeML's folders: its equations in torch's and TensorFlow's code, and what is refused."""

import numpy as np
import pytest

from tests.readers.edgeml_folder import write_folder
from tinygmp.errors import DataError, UnsupportedError
from tinygmp.readers.edgeml import load_edgeml, load_normalisation


def edgeml_logits(folder, windows):
    """Return what EdgeML's FastGRNNCell and classifier compute (edgeml_pytorch/graph/rnn.py), float64."""
    load = {path.stem: np.load(path).astype(np.float64) for path in folder.glob("*.npy")}
    w = load["W"] if "W" in load else load["W1"] @ load["W2"]
    u = load["U"] if "U" in load else load["U1"] @ load["U2"]
    h = np.zeros((len(windows), len(u)))

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    for step in range(windows.shape[1]):
        pre = windows[:, step] @ w + h @ u
        z, c = sigmoid(pre + load["Bg"]), np.tanh(pre + load["Bh"])
        h = z * h + (sigmoid(load["zeta"]) * (1 - z) + sigmoid(load["nu"])) * c
    return h @ load["FC"] + load["FCbias"]


@pytest.mark.parametrize("ranks", [None, (2, 8)])
def test_the_graph_computes_what_edgeml_computes(tmp_path, ranks):
    write_folder(tmp_path, ranks=ranks)
    windows = np.random.default_rng(0).normal(size=(5, 20, 3)).astype(np.float32)
    np.testing.assert_allclose(
        load_edgeml(tmp_path).logits(windows), edgeml_logits(tmp_path, windows), atol=1e-4
    )


def test_the_papers_names_of_the_biases_are_read_too(tmp_path):
    write_folder(tmp_path)
    for old, new in (("Bg", "B_g"), ("Bh", "B_h")):
        (tmp_path / f"{old}.npy").rename(tmp_path / f"{new}.npy")
    assert load_edgeml(tmp_path).output_shape == (6,)


def test_normalisation_is_one_a_channel(tmp_path):
    np.save(tmp_path / "mean.npy", np.array([1.0, 10.0, 3.0, 20.0]))  # two steps of two channels
    np.save(tmp_path / "std.npy", np.array([2.0, 0.0, 2.0, 4.0]))  # a channel that stood still in one step
    found = load_normalisation(tmp_path, 2)
    np.testing.assert_array_equal(found.mean, [2.0, 15.0])
    np.testing.assert_array_equal(found.std, [2.0, 2.5])
    assert found.spread == pytest.approx(5 / 2.5)
    with pytest.raises(DataError, match=r"mean \(4,\) and std \(4,\) do not fit 3 channels"):
        load_normalisation(tmp_path, 3)


def test_what_is_no_fastgrnn_is_refused(tmp_path):
    write_folder(tmp_path)
    np.save(tmp_path / "zeta.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"zeta\.npy' is \(3,\), expected one number"):
        load_edgeml(tmp_path)
    (tmp_path / "zeta.npy").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"zeta\.npy' is no array of numbers"):
        load_edgeml(tmp_path)
    (tmp_path / "zeta.npy").unlink()
    with pytest.raises(DataError, match=r"has no zeta\.npy; save the whole folder"):
        load_edgeml(tmp_path)
    np.save(tmp_path / "Bf.npy", np.zeros(3))
    with pytest.raises(UnsupportedError, match="holds a LSTM cell of EdgeML; only FastGRNN"):
        load_edgeml(tmp_path)

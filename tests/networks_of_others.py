"""Files of others that documented commands name: networks with a clear answer, and samples for them."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image


def write_keras(name: str, pictures: str) -> None:
    """Write a small Keras network and a folder of pictures for it."""
    keras = pytest.importorskip("keras", reason="install it with: pip install tensorflow")
    clear = keras.initializers.Constant([8.0, 0.0, -8.0])
    layers = [
        keras.layers.Conv2D(4, 3),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3, bias_initializer=clear),
    ]
    keras.Sequential([keras.layers.Input((12, 12, 3)), *layers]).save(name)
    write_pictures(Path(pictures), 24)


def write_pictures(folder: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for index in range(count):
        pixels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")


def write_keywords() -> None:
    """Write keywords.onnx, features.npz and words.txt."""
    rng = np.random.default_rng(0)
    weights = {"w": rng.normal(size=(2, 8)).astype(np.float32), "b": np.array([9, -9], np.float32)}
    node = helper.make_node("Gemm", ["x", *weights], ["y"], transB=1)
    ends = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, size))
        for name, size in (("x", 8), ("y", 2))
    )
    arrays = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph([node], "words", *([end] for end in ends), arrays)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), "keywords.onnx")
    np.savez("features.npz", x=rng.normal(size=(40, 8)), labels=np.zeros(40, int))
    Path("words.txt").write_text("yes\nno\n")

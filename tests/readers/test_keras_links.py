"""A Keras file is read from itself alone: no link is followed, no size believed."""

import json

import pytest

from tinygmp.errors import DataError
from tinygmp.readers.load import load_graph

h5py = pytest.importorskip("h5py")


def written(path, weights):
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"config": {"name": "m", "layers": []}})
        weights(file)
    return path


def test_a_link_into_another_file_is_refused(tmp_path):
    written(tmp_path / "secret.h5", lambda file: file.create_dataset("model_weights/a/kernel:0", data=[1.0]))
    path = written(
        tmp_path / "links.h5",
        lambda file: file.__setitem__("model_weights", h5py.ExternalLink("secret.h5", "/model_weights")),
    )
    with pytest.raises(DataError, match=r"links\.h5'.*'model_weights' is a link to another place"):
        load_graph(path)


def test_weights_that_lie_in_another_file_are_refused(tmp_path):
    (tmp_path / "raw.bin").write_bytes(b"\0" * 64)
    path = written(
        tmp_path / "outside.h5",
        lambda file: file.create_dataset(
            "model_weights/a/kernel:0", (16,), "<f4", external=[(str(tmp_path / "raw.bin"), 0, 64)]
        ),
    )
    with pytest.raises(DataError, match=r"'/model_weights/a/kernel:0' lies in another file"):
        load_graph(path)


def test_a_size_that_nothing_stands_behind_is_refused(tmp_path):
    path = written(
        tmp_path / "claims.h5",
        lambda file: file.create_dataset("model_weights/a/kernel:0", (1 << 40,), "<f4", chunks=(1024,)),
    )
    with pytest.raises(DataError, match=r"says 1,099,511,627,776 numbers, the limit is"):
        load_graph(path)

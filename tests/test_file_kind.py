"""What a file is, told by its content and not by its name."""

import zipfile

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from safetensors.numpy import save_file

from tests.readers.edgeml_folder import write_folder
from tinygmp.errors import ConfigError
from tinygmp.file_kind import BY_ENDING, kind_of_path
from tinygmp.graph.file import save_model
from tinygmp.shipped import open_model


@pytest.fixture
def files(tmp_path, model):
    """One file of every kind, all with names that say nothing."""
    h5py = pytest.importorskip("h5py")
    save_model(model, tmp_path / "packed")
    with h5py.File(tmp_path / "keras", "w") as file:
        file.attrs["model_config"] = "{}"
    with zipfile.ZipFile(tmp_path / "keras archive", "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", "{}")
    torch.save({"w": torch.zeros(2)}, tmp_path / "torch")
    torch.save({"w": torch.zeros(2)}, tmp_path / "torch old", _use_new_zipfile_serialization=False)
    torch.export.save(
        torch.export.export(torch.nn.Linear(2, 1), (torch.zeros(1, 2),)), tmp_path / "program.pt2"
    )
    save_file({"w": np.zeros(2)}, tmp_path / "safetensors")
    with open(tmp_path / "arrays", "wb") as stream:
        np.savez(stream, w=np.zeros(2))
    with open(tmp_path / "arrays one", "wb") as stream:
        np.save(stream, np.zeros(2))
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [], [])
    onnx.save(helper.make_model(graph), str(tmp_path / "onnx"))
    (tmp_path / "tflite").write_bytes(b"\x1c\0\0\0TFL3rest")
    (tmp_path / "elf").write_bytes(b"\x7fELF\x01rest")
    (tmp_path / "unknown").write_bytes(b"a letter")
    write_folder(tmp_path / "edgeml")
    (tmp_path / "c").mkdir()
    return tmp_path


def test_one_byte_is_no_kind(tmp_path):
    (tmp_path / "one").write_bytes(b"\x08")
    assert kind_of_path(tmp_path / "one") == "unknown"


def test_content_tells(files):
    for path in files.iterdir():
        expected = "torch" if path.suffix == ".pt2" else path.name.split()[0]
        assert kind_of_path(path) == expected, path.name


@pytest.mark.parametrize("ending", BY_ENDING)
def test_a_damaged_file_is_of_its_endings_kind(tmp_path, ending):
    path = tmp_path / f"model{ending}"
    path.write_bytes(b"")
    assert kind_of_path(path) == BY_ENDING[ending]


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        kind_of_path(tmp_path / "net.onnx")


def test_a_command_that_wants_a_packed_model_names_what_it_got_and_the_command_for_it(files):
    with pytest.raises(ConfigError, match=r"is an ONNX file in floats; .*: tinygmp pack onnx --calibrate"):
        open_model(str(files / "onnx"))
    with pytest.raises(ConfigError, match=r"is a built program \(ELF\), no model; give the \.tgmp"):
        open_model(str(files / "elf"))

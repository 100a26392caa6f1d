import pytest

from tinygmp import shipped as pretrained
from tinygmp.errors import ConfigError, FileFormatError
from tinygmp.graph.file import save_model


def test_a_path_is_taken_as_it_is(model, tmp_path, monkeypatch):
    path = save_model(model, tmp_path / "mine.tgmp")
    assert pretrained.open_model(str(path)).name == "random4"
    monkeypatch.chdir(tmp_path)
    assert pretrained.open_model("mine.tgmp").nnz == model.nnz


def test_a_name_is_looked_up_among_the_shipped(model, tmp_path, monkeypatch):
    (tmp_path / "pretrained").mkdir()
    save_model(model, tmp_path / "pretrained" / "demo.tgmp")
    monkeypatch.setattr(pretrained, "model_folders", lambda: (tmp_path / "pretrained",))
    assert pretrained.shipped_names() == ("demo",)
    assert pretrained.open_model("demo").name == "random4"
    with pytest.raises(ConfigError, match=r"'other' is neither .* shipped: demo"):
        pretrained.open_model("other")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"gone\.tgmp"):
        pretrained.open_model(str(tmp_path / "gone.tgmp"))

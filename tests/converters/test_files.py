import pytest

from converters.base import TARGETS
from converters.files import convert, make_artifacts, write_together
from tinygmp.artifact import Artifact
from tinygmp.errors import ConfigError, OutputError, UnsupportedError


def artifact(target: str, **files: str) -> Artifact:
    contents = {name.replace("_dot_", "."): text.encode() for name, text in files.items()}
    return Artifact(target, "demo", contents, next(iter(contents)))


def test_all_targets_lie_in_one_folder(model, tmp_path):
    told = []
    converted = convert(
        model, ["all"], tmp_path / "out", lambda what, done, total: told.append((done, total))
    )
    assert [one.artifact.target for one in converted] == list(TARGETS)
    for one in converted:
        assert one.paths[0].name == one.artifact.entry_point
        for path in one.paths:
            assert path.read_bytes() == one.artifact.files[path.name]
    assert sorted(path for one in converted for path in one.paths) == sorted((tmp_path / "out").iterdir())
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_targets_are_taken_once_and_in_order(model):
    assert [one.target for one in make_artifacts(model, ["c", "c"])] == ["c"]


def test_unknown_and_no_target_are_refused_before_anything_is_written(model, tmp_path):
    with pytest.raises(UnsupportedError, match="cobol"):
        convert(model, ["c", "cobol"], tmp_path / "out")
    with pytest.raises(ConfigError, match="no target"):
        convert(model, [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_older_files_are_replaced_and_others_left_alone(tmp_path):
    (tmp_path / "demo.c").write_text("old")
    (tmp_path / "mine.c").write_text("mine")
    write_together([artifact("c", demo_dot_c="new")], tmp_path)
    assert (tmp_path / "demo.c").read_text() == "new"
    assert (tmp_path / "mine.c").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2


def test_two_targets_may_not_write_one_file_differently(tmp_path):
    same = [artifact("c", demo_dot_c="x"), artifact("onnx", demo_dot_c="x")]
    write_together(same, tmp_path / "same")
    assert (tmp_path / "same" / "demo.c").read_text() == "x"
    with pytest.raises(ConfigError, match=r"'demo\.c'"):
        write_together([artifact("c", demo_dot_c="x"), artifact("onnx", demo_dot_c="y")], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_made_for_a_failed_write_is_removed_again(tmp_path, monkeypatch):
    import os

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match=r"out': No space left on device; give --out"):
        write_together([artifact("c", demo_dot_c="x")], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_as_it_was(tmp_path):
    (tmp_path / "demo.c").mkdir()
    with pytest.raises(OutputError):
        write_together([artifact("c", demo_dot_c="x", another_dot_h="y")], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["demo.c"]

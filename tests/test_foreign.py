"""The boundary of files of others: what is told, and what is refused before it is read."""

import io
import os
import zipfile

import numpy as np
import pytest

from tinygmp import foreign
from tinygmp.errors import ConfigError, DataError, UnsupportedError
from tinygmp.foreign import read_arrays, reading, reads


@pytest.mark.parametrize(
    "surprise",
    [TypeError("a bytes-like"), ZeroDivisionError("by zero"), StopIteration(), RuntimeError("no name"), MemoryError(),
     RecursionError("deep"), AssertionError(), UnicodeDecodeError("utf-8", b"x", 0, 1, "bad")],
)  # fmt: skip
def test_any_surprise_becomes_one_sentence_with_file_place_and_remedy(tmp_path, surprise):
    path = tmp_path / "odd.bin"
    path.write_bytes(b"x")
    with pytest.raises(DataError) as told, reading(path, "a thing", "make it again"):
        raise surprise
    assert "odd.bin" in str(told.value)
    assert type(surprise).__name__ in str(told.value)
    assert str(told.value).endswith("make it again")
    assert "\n" not in str(told.value)


def test_the_place_is_the_function_of_tinygmp_that_was_reading(tmp_path):
    path = tmp_path / "odd.npz"
    path.write_bytes(b"no zip at all")
    with pytest.raises(DataError, match=r"odd\.npz.*in foreign\.check_archive; write it"):
        read_arrays(path)


def test_own_errors_pass_as_they_are(tmp_path):
    with pytest.raises(UnsupportedError, match=r"^layer 'a'$"), reading(tmp_path, "a thing", "again"):
        raise UnsupportedError("layer 'a'")


def test_a_reader_is_bounded_by_a_line_above_it(tmp_path):
    @reads("a thing", "make it again", ConfigError)
    def read(number, path):
        return 1 // number

    assert read(1, tmp_path) == 1
    with pytest.raises(
        ConfigError, match=r"a thing of another make: ZeroDivisionError .*in test_foreign\.read; make"
    ):
        read(0, tmp_path)


def test_an_absent_file_is_not_called_damaged(tmp_path):
    with pytest.raises(DataError, match=r"^cannot read '.*gone\.npz': No such file or directory; write"):
        read_arrays(tmp_path / "gone.npz")


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"12345")
    with pytest.raises(DataError, match="has 5 B, the limit is 4"), reading(path, "a", "b", most_bytes=4):
        raise AssertionError("it was read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="a device or a pipe"):
        read_arrays(tmp_path / "pipe")


def forged(shape: tuple[int, ...], held: bytes = b"\0" * 16) -> bytes:
    """An .npy file whose header claims another shape than it holds."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue() + held


def test_an_array_that_claims_a_tebibyte_is_refused_before_it_is_made(tmp_path):
    path = tmp_path / "claims.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", forged((1 << 20, 1 << 18)))
    with pytest.raises(DataError, match=r"'x\.npy' says 274,877,906,944 elements and holds"):
        read_arrays(path)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(foreign, "LARGEST_UNPACKED_BYTES", 1000)
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, x=np.zeros(100_000))
    with pytest.raises(DataError, match="would unpack to 800,128 B, the limit is 1,000"):
        read_arrays(path)


def test_objects_are_not_unpickled(tmp_path):
    class Runs:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "objects.npz"
    np.savez(path, x=np.array([Runs()], dtype=object))
    with pytest.raises(DataError, match="objects"):
        read_arrays(path)
    assert not (tmp_path / "ran").exists()


def test_honest_arrays_come_back(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(6).reshape(2, 3), label=np.array(["a"]))
    assert read_arrays(tmp_path / "a.npz")["x"].tolist() == [[0, 1, 2], [3, 4, 5]]

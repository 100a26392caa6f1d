"""UCI HAR archives: good ones are read, damaged ones are named."""

import shutil
import zipfile

import numpy as np
import pytest

from har.archive import ROOT, pinned_members, read_archive
from har.dataset import load_har
from tinygmp.errors import DataError


def test_all_members_that_are_needed_are_pinned():
    members = pinned_members()
    assert len(members) == 22
    assert all(len(checksum) == 64 for checksum in members.values())
    assert sum("Inertial Signals" in member for member in members) == 18


def test_a_zip_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("README.txt", "hello")
    with pytest.raises(DataError, match=r"member 'UCI HAR Dataset/train/.*' is missing.*download"):
        read_archive(tmp_path / "other.zip")


def test_not_a_zip_at_all(tmp_path):
    (tmp_path / "text.zip").write_text("not a zip")
    with pytest.raises(DataError, match="not a complete zip"):
        read_archive(tmp_path / "text.zip")


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match="holds neither"):
        read_archive(tmp_path)


def test_a_member_of_another_version_is_named(tmp_path):
    first = next(iter(pinned_members()))
    with zipfile.ZipFile(tmp_path / "har.zip", "w") as archive:
        archive.writestr(f"{ROOT}/{first}", "1 2 3\n")
    with pytest.raises(DataError, match=f"member '{first}' is damaged or another version"):
        read_archive(tmp_path / "har.zip")


def test_a_path_that_does_not_exist():
    with pytest.raises(DataError, match="does not exist"):
        load_har("/no/such/place")


@pytest.mark.real_data
def test_the_real_archive(data_root):
    calls = []
    data = read_archive(data_root / "uci_har", lambda *call: calls.append(call))
    assert (len(data.train), len(data.test)) == (7352, 2947)
    assert len(np.unique(data.train.people)) == 21
    assert len(np.unique(data.test.people)) == 9
    assert not set(data.train.people) & set(data.test.people)
    assert not data.synthetic
    # total acceleration holds gravity, body acceleration does not
    assert np.linalg.norm(data.train.windows[:, :, 6:9].mean(axis=(0, 1))) > 0.7
    assert np.abs(data.train.windows[:, :, 0:3].mean()) < 0.01
    assert calls[-1][1] == calls[-1][2] == 22


@pytest.mark.real_data
def test_a_truncated_real_archive_is_refused(data_root, tmp_path):
    source = next((data_root / "uci_har").glob("*.zip"))
    cut = tmp_path / "cut.zip"
    with source.open("rb") as whole, cut.open("wb") as part:
        part.write(whole.read(source.stat().st_size // 2))
    with pytest.raises(DataError, match="not a complete zip"):
        read_archive(cut)


@pytest.mark.real_data
def test_one_flipped_byte_in_the_real_archive_is_named(data_root, tmp_path):
    damaged = tmp_path / "damaged.zip"
    shutil.copy(next((data_root / "uci_har").glob("*.zip")), damaged)
    with zipfile.ZipFile(damaged) as archive:
        member = archive.getinfo(f"{ROOT}/train/Inertial Signals/body_acc_x_train.txt")
    with damaged.open("r+b") as stream:
        stream.seek(member.header_offset + 5000)
        byte = stream.read(1)
        stream.seek(member.header_offset + 5000)
        stream.write(bytes([byte[0] ^ 1]))
    with pytest.raises(DataError, match="body_acc_x_train"):
        read_archive(damaged)


@pytest.mark.real_data
def test_the_zip_inside_a_zip_of_the_official_download(data_root, tmp_path):
    source = next((data_root / "uci_har").glob("*.zip"))
    with zipfile.ZipFile(tmp_path / "outer.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.write(source, "UCI HAR Dataset.zip")
    assert len(read_archive(tmp_path / "outer.zip").test) == 2947


def test_a_member_that_would_unpack_to_far_too_much_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("har.archive.LARGEST_BYTES", 1000)
    first = next(iter(pinned_members()))
    with zipfile.ZipFile(tmp_path / "har.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{ROOT}/{first}", "0 " * 50_000)
    with pytest.raises(DataError, match=r"would unpack to 100,000 bytes, expected at most 1,000"):
        read_archive(tmp_path / "har.zip")

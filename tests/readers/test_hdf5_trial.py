"""A file that HDF5's library cannot come through does not take tinygmp with it; damaged/endless.h5 came of fuzzing."""

from pathlib import Path

import pytest

from tinygmp.errors import DataError
from tinygmp.readers import hdf5_trial
from tinygmp.readers.hdf5_trial import try_hdf5

pytest.importorskip("h5py")
ENDLESS = Path(__file__).parent / "damaged" / "endless.h5"


def test_a_file_that_never_ends_is_refused_in_time():
    with pytest.raises(
        DataError, match=r"'mine\.h5' is damaged: HDF5's library does not come to an end with it in"
    ):
        try_hdf5(ENDLESS.read_bytes(), "mine.h5", trial_s=3)


def test_a_library_that_dies_is_told(monkeypatch):
    monkeypatch.setattr(hdf5_trial, "READ_ALL", "import os; os.abort()")
    with pytest.raises(DataError, match=r"'mine\.h5' is damaged: HDF5's library dies of it \(signal 6\)"):
        try_hdf5(b"", "mine.h5")


def test_what_the_library_refuses_is_left_to_the_reader():
    try_hdf5(b"no HDF5 at all", "mine.h5")

"""The picture of a user's data: a row a class, a column for channels of one unit; and its kin of blocks."""

import struct

import numpy as np
import pytest

from tinygmp.data.look import look_at
from tinygmp.errors import ConfigError
from tinygmp.projects.data_picture import draw_data, write_picture
from tinygmp.report.sparkline import sparkline


def test_a_picture_of_each_class_and_unit(recordings, tmp_path):
    found = look_at(recordings)
    content = write_picture(found, tmp_path / "data.png").read_bytes()
    assert content == draw_data(found)
    width, height = struct.unpack(">II", content[16:24])
    assert (width, height) == (2 * 4.6 * 130, int((3 * 1.5 + 0.7) * 130))
    with pytest.raises(ConfigError, match=r"must end in \.png"):
        write_picture(found, tmp_path / "data.jpg")


def test_blocks_are_as_high_as_values():
    assert sparkline(np.arange(8.0), 8, 0, 7) == "▁▂▃▄▅▆▇█"
    assert sparkline(np.arange(80.0), 4, 0, 79) == "▁▃▆█"
    assert sparkline(np.zeros(3), 8, 0, 0) == "▁▁▁"

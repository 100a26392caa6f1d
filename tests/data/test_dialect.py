"""Text files of columns as programs and countries write them: encodings, separators, decimal commas, preambles."""

import codecs

import numpy as np
import pytest

from tinygmp.data.table import read_table
from tinygmp.errors import DataError

PLAIN = "t,ax,ay\n0.00,1.5,-2\n0.02,1.25,3\n"
GERMAN = PLAIN.replace(",", ";").replace(".", ",")


def numbers(path):
    table = read_table(path)
    assert list(table.columns) == ["t", "ax", "ay"]
    assert table.rows[-1] - table.rows[0] == 1
    return table.numbers(["t", "ax", "ay"]).tolist()


@pytest.mark.parametrize(
    "text",
    [
        PLAIN, GERMAN, PLAIN.replace(",", "\t"), PLAIN.replace(",", "\t").replace(".", ","), PLAIN.replace(",", "|"),
        PLAIN.replace(",", " "), "sep=;\n" + GERMAN, "# sensor 7\n# 50 Hz\n" + PLAIN, PLAIN.replace("\n", "\r\n"),
        '"t","ax","ay"\n"0.00","1.5","-2"\n"0.02","1.25","3"\n',
        '"t";"ax";"ay"\n"0,00";"1,5";"-2"\n"0,02";"1,25";"3"\n',
        '"t","ax","ay"\n"0,00","1,5","-2"\n"0,02","1,25","3"\n',
        "t;ax;ay\n0,00;,15e1;-2\n2,0e-2;1,25;3,0\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_one_table_in_every_dress(tmp_path, text, encoding):
    path = tmp_path / "1.csv"
    path.write_bytes(text.encode(encoding))
    assert numbers(path) == np.array([[0.0, 1.5, -2.0], [0.02, 1.25, 3.0]], np.float32).tolist()


def test_names_in_an_older_encoding(tmp_path):
    path = tmp_path / "1.csv"
    path.write_bytes("Zeit;Drehung in °/s;Größe\n0,1;0,2;3\n0,2;0,3;4\n".encode("cp1252"))
    assert list(read_table(path).columns) == ["Zeit", "Drehung in °/s", "Größe"]
    assert read_table(path).decimal_commas


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path):
    path = tmp_path / "1.csv"
    path.write_bytes(b"a,b\n1,2\n3,\x01\n")
    with pytest.raises(DataError, match=r"line 3 holds the byte 0x01.*UTF-8"):
        read_table(path)
    path.write_bytes(codecs.BOM_UTF16_LE + b"\x00\xd8")
    with pytest.raises(DataError, match=r"no.* text file in UTF-8 or UTF-16"):
        read_table(path)


def test_empty_cells_are_filled_on_request_only(tmp_path):
    path = tmp_path / "1.csv"
    path.write_text("a,b\n1,2\n,NaN\n3,\n4,5\nn/a,6\n")
    table = read_table(path)
    assert table.first_hole(["a", "b"]) == (f"'{path}' row 3, column 'a': an empty cell", 4)
    assert table.numbers(["b"], 2).ravel().tolist() == [2, 3, 4, 5, 6]
    for names, most in ((["a"], 0), (["b"], 1), (["a"], 9)):  # the last cell of a has one neighbour only
        with pytest.raises(DataError, match="fill_gap_rows"):
            table.numbers(names, most)
    assert table.numbers(["a"], None).ravel().tolist() == [1, 2, 3, 4, 4]

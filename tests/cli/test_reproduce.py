"""`tinygmp reproduce`: the rows are listed, and what is missing is told before any training."""

import json

from tinygmp.recipes.recipe import recipe_rows


def test_rows_are_listed(tinygmp):
    assert json.loads(tinygmp("reproduce", "--json").out)["rows"] == recipe_rows()
    assert "fastgrnn-ranks-9-8" in tinygmp("reproduce").out


def test_an_unknown_row_and_missing_data_are_told(tinygmp, tmp_path):
    unknown = tinygmp("reproduce", "resnet-1000")
    assert unknown.code == 2
    assert "row 'resnet-1000' is unknown" in unknown.err
    without_data = tinygmp("reproduce", "fastgrnn-dense", "--out", tmp_path / "out")
    assert without_data.code == 2
    assert "needs data" in without_data.err
    assert not (tmp_path / "out").exists()

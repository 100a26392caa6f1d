import json
from dataclasses import replace

import numpy as np
import pytest

from tinygmp.errors import FileFormatError, OutputError, RangeError
from tinygmp.report.record import DenseResult, from_json, read_report, to_json, write_report


def test_json_holds_what_readers_rely_on(report):
    plain = json.loads(to_json(report))
    assert {"name", "synthetic", "sha256"} <= plain["data"].keys()
    assert plain["dense"]["accuracy"] == 95.5
    assert {"accuracy", "sparsity", "nnz"} <= plain["pruned"].keys()
    assert {"accuracy", "payload_bytes", "limit_bytes", "by_part"} <= plain["packed"].keys()
    for target in ("c", "tflite", "onnx"):
        assert {"accuracy", "mismatches", "file_bytes"} <= plain["artifacts"][target].keys()
    assert set(plain["artifacts"]["tflite"]["variants"]) == {"f32", "int16x8"}
    assert {
        "board", "flash_bytes", "ram_bytes", "stack_bytes", "instructions_per_step", "mismatches", "measured_by", "fits"
    } <= plain["devices"][0].keys()  # fmt: skip
    assert {"commit", "recipe", "seed", "versions", "seconds_by_stage"} <= plain["provenance"].keys()


def test_a_report_comes_back_equal(report, tmp_path):
    assert from_json(to_json(report)) == report
    assert read_report(write_report(report, tmp_path / "deep" / "report.json")) == report
    bare = replace(report, shipped=None, sweep=(), devices=(), artifacts={})
    assert from_json(to_json(bare)) == bare


def test_numpy_scalars_are_written_as_numbers(report):
    measured = replace(report, dense=replace(report.dense, accuracy=np.float64(95.25)))
    assert json.loads(to_json(measured))["dense"]["accuracy"] == 95.25


@pytest.mark.parametrize(
    ("field", "value"),
    [("accuracy", 101.0), ("accuracy", -1.0), ("accuracy", float("nan")), ("parameters", -1)],
)
def test_a_figure_that_cannot_be_is_refused(field, value):
    with pytest.raises(RangeError, match=rf"DenseResult\.{field}"):
        replace(DenseResult(95.0), **{field: value})


def test_a_board_passes_only_when_it_fits_and_answers_alike(report):
    assert [device.passed for device in report.devices] == [True, False, False]
    assert not report.passed


def test_a_report_passes_only_when_every_form_agrees(report):
    exact = {"c": report.artifacts["c"]}
    assert replace(report, devices=report.devices[:1], artifacts=exact).passed
    assert not replace(report, devices=report.devices[:1]).passed  # its int16x8 form differs
    only_a_form = {"tflite": replace(report.artifacts["tflite"], agrees=True)}
    assert not replace(report, devices=(), artifacts=only_a_form).passed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda plain: plain.pop("packed"), r"report.json.packed: is missing"),
        (lambda plain: plain["packed"].update(payload_bytes="many"), r"packed.payload_bytes: expected int"),
        (lambda plain: plain["dense"].update(accuracy=900), r"dense: .*outside 0..100"),
        (lambda plain: plain["data"].update(synthetic=0), r"data.synthetic: expected bool"),
        (lambda plain: plain.update(devices={}), r"devices: expected list"),
        (lambda plain: plain["devices"][1].pop("board"), r"devices\[1\].board: is missing"),
        (lambda plain: plain.update(extra=1), r"extra: is unknown"),
        (lambda plain: plain.update(version=2), r"version 2"),
    ],
)
def test_a_report_that_does_not_fit_is_named(report, change, told):
    plain = json.loads(to_json(report))
    change(plain)
    with pytest.raises(FileFormatError, match=told):
        from_json(json.dumps(plain))


def test_damaged_and_missing_files_are_refused(report, tmp_path):
    (tmp_path / "cut.json").write_text(to_json(report)[:200])
    with pytest.raises(FileFormatError, match="not valid JSON"):
        read_report(tmp_path / "cut.json")
    with pytest.raises(FileFormatError, match=r"cannot read report .*none\.json"):
        read_report(tmp_path / "none.json")
    with pytest.raises(FileFormatError, match="version list"):
        from_json("[]")


def test_nothing_half_written_is_left(report, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError):
        write_report(report, tmp_path / "taken" / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]

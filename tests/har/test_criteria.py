import pytest

from har.criteria import CurvePlan, mean_and_deviation, read_rows, sparsity_curve, write_rows
from har.synthetic import synthetic_data
from tinygmp.errors import ConfigError, DataError

PLAN = CurvePlan(
    criteria=("global", "random"),
    sparsities=(0.5, 0.8),
    seeds=(0, 1),
    hidden=6,
    dense_epochs=1,
    epochs=1,
    windows=200,
)
TOTAL = 6 * 9 + 6 * 6 + 2 * 6


def test_curve_trains_every_group_once_and_stores_it(tmp_path):
    data = synthetic_data(0, windows_each=4)
    lines = []
    rows = sparsity_curve(PLAN, data, tmp_path, lines.append)
    assert len(rows) == 2 + 2 * 2 * 4
    for row in rows:
        assert row.nnz == TOTAL - round(row.sparsity * TOTAL)
        assert 0 <= row.last <= row.best <= 100
    lines.clear()
    assert sparsity_curve(PLAN, data, tmp_path, lines.append) == read_rows(tmp_path / "runs.csv")
    assert lines == []
    with pytest.raises(ConfigError, match="use a new folder"):
        sparsity_curve(CurvePlan(seeds=(5,)), data, tmp_path)


def test_means_and_deviations_by_hand(tmp_path):
    data = synthetic_data(0, windows_each=4)
    plan = CurvePlan(criteria=(), sparsities=(0.5,), seeds=(0, 1), hidden=4, dense_epochs=1, windows=150)
    rows = sparsity_curve(plan, data, tmp_path)
    mean, deviation, best = mean_and_deviation(rows)[("dense", "dense", 0, 0.0)]
    assert mean == (rows[0].last + rows[1].last) / 2
    assert deviation == pytest.approx(abs(rows[0].last - rows[1].last) / 2**0.5)
    assert best >= mean


def test_tables_round_trip_and_foreign_ones_are_refused(tmp_path):
    write_rows(tmp_path / "empty.csv", [])
    assert read_rows(tmp_path / "empty.csv") == []
    (tmp_path / "foreign.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="no table of runs"):
        read_rows(tmp_path / "foreign.csv")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"criteria": ("taylor",)}, "'taylor' is unknown"),
        ({"sparsities": (1.5,)}, "outside"),
        ({"schedules": ("often",)}, "schedules are one-shot, gradual"),
        ({"seeds": ()}, "need a value"),
    ],
)
def test_impossible_plans_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        CurvePlan(**change)

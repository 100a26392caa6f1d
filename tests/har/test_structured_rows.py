from har.structured_rows import ROWS, markdown, structured_rows
from har.synthetic import synthetic_data


def test_rows_have_the_papers_parameter_counts_and_resume(tmp_path):
    data = synthetic_data(0, windows_each=4)
    lines = []
    rows = structured_rows(data, tmp_path, range(2), 1, 1, lines.append, windows=100)
    assert [row.row for row in rows] == ["fastgrnn-dense", *ROWS]
    assert [row.parameters for row in rows[1:]] == [2405, 2245, 2156]
    assert [row.expected_parameters for row in rows[1:]] == [2405, 2245, 2156]
    assert all(len(row.best) == 2 and min(row.best) >= 0 for row in rows)
    table = markdown(rows).splitlines()
    assert table[3].startswith("| fastgrnn-ranks-9-8 | 95.89 |")
    assert table[3].endswith("| 2,405 | 2,405 |")

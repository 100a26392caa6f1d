"""The report as Markdown: its tables are GitHub's, and nothing from outside breaks them."""

from dataclasses import replace

from tinygmp.report.markdown import escaped, to_markdown


def table_rows(text: str) -> list[list[str]]:
    return [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]


def test_tables_hold_the_figures_and_every_row_is_as_wide_as_its_head(report):
    text = to_markdown(report)
    rows = table_rows(text)
    assert ["packed, integer", "96.17 %", "–", "728", "1,386 B", "1,203 B", "1,011 B"] in rows
    assert "SYNTHETIC" not in text
    for block in text.split("\n\n"):
        if block.startswith("| "):
            assert len({len(row) for row in table_rows(block)}) == 1


def test_failed_verdicts_are_bold_and_passed_ones_are_not(report):
    verdicts = {row[0]: row[1] for row in table_rows(to_markdown(report)) if len(row) == 10}
    assert verdicts["nucleo-l432kc"] == "pass"
    assert verdicts["ch32v003"] == "**does not fit**"


def test_the_payload_is_given_by_layer_where_the_report_knows_it(report):
    by_layer = {"rnn.U": {"index": 401, "values": 728}}
    text = to_markdown(replace(report, packed=replace(report.packed, by_layer=by_layer)))
    assert ["rnn.U", "values", "728"] in table_rows(text)


def test_names_from_outside_are_escaped_and_synthetic_data_is_told(report):
    hostile = replace(report, name="a|b\n# c", data=replace(report.data, synthetic=True))
    text = to_markdown(hostile)
    assert text.startswith("# a\\|b \\# c\n\n> **SYNTHETIC DATA")
    assert escaped("`x`") == "\\`x\\`"

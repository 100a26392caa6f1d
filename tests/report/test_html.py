import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tinygmp.report.html import seconds, to_html, write_html

VOID = {"meta", "link", "br", "img", "path", "use", "line", "rect"}


class Page(HTMLParser):
    """Tags in balance, ids, addresses and the text of every table cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href"):
                self.addresses.append(value)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_the_page_is_whole_and_needs_nothing_from_outside(report):
    page = Page(to_html(report))
    assert page.open == []
    assert page.tags.count("svg") == 4
    assert len(page.ids) == len(set(page.ids))
    assert not {"link", "img", "iframe", "object"} & set(page.tags)
    assert page.tags.count("script") == 1  # its own, which sorts tables
    assert {address[:1] for address in page.addresses} <= {"#"}
    assert {address[1:] for address in page.addresses} <= set(page.ids)


def test_tables_hold_the_figures(report):
    rows = Page(to_html(report)).rows
    assert ["packed, integer", "96.17 %", "–", "728", "1,386 B", "1,203 B", "1,011 B"] in rows
    assert ["tflite, int16x8", "differs", "96.10 %", "5", "2,947", "0.7 sd", "11,900 B", "LiteRT"] in rows
    verdicts = {row[0]: row[1] for row in rows if len(row) == 10}
    assert verdicts == {
        "board": "verdict", "nucleo-l432kc": "pass", "ch32v003": "does not fit", "blue-pill": "answers differ"
    }  # fmt: skip


def test_plots_name_their_points(report):
    text = to_html(report)
    for label in ("this run", "shipped", "80 %", "dense, float: 95.50 %", "rnn.U", "91.9 %", "401 B"):
        assert f">{label}" in text or label in re.sub(r"\s+", " ", text), label


def test_the_banner_stands_exactly_on_synthetic_reports(report):
    assert "SYNTHETIC" not in to_html(report)
    text = to_html(replace(report, data=replace(report.data, synthetic=True)))
    assert '<div class="banner" role="alert">SYNTHETIC DATA' in text
    assert "<title>SYNTHETIC: HAR-2" in text


def test_names_from_outside_are_escaped(report):
    evil = "<script>alert('x')</script>"
    matrices = {evil: next(iter(report.pruned.by_matrix.values()))}
    hostile = replace(
        report,
        name=evil,
        data=replace(report.data, name=evil),
        pruned=replace(report.pruned, by_matrix=matrices),
        packed=replace(report.packed, by_part={evil: 3}),
        devices=(replace(report.devices[0], board=evil),),
    )
    assert Page(to_html(hostile)).tags.count("script") == 1


def test_a_bare_report_is_shown_too(report):
    bare = replace(report, shipped=None, sweep=(), devices=(), artifacts={})
    text = to_html(bare)
    assert "Devices</h2>" not in text
    assert Page(text).tags.count("svg") == 4


def test_the_same_report_gives_the_same_page(report, tmp_path):
    assert to_html(report) == write_html(report, tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("value", "shown"), [(8.24, "8.2 s"), (59.9, "59.9 s"), (185.2, "3 min 05 s"), (3600, "60 min 00 s")]
)
def test_durations_read_as_people_say_them(value, shown):
    assert seconds(value) == shown

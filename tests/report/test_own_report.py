"""The report of a user's own data: words of its real grouping, answers, curves, variants, in every dress."""

from dataclasses import replace

import pytest
from rich.console import Console

from tinygmp.report.html import to_html
from tinygmp.report.markdown import to_markdown
from tinygmp.report.plots import accuracy_against_bytes, accuracy_limits, byte_limits
from tinygmp.report.record import from_json, to_json
from tinygmp.report.rows import answer_cells, group_rows, left_out_rows
from tinygmp.report.terminal import print_report
from tinygmp.report.treemap import fitting


def terminal(report):
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_report(report, console)
    return console.export_text()


@pytest.mark.parametrize("show", [to_html, to_markdown, terminal])
def test_every_dress_says_what_is_so(own_report, show):
    text = show(own_report).replace("\\", "")
    assert "of whom no window was trained on" not in text
    assert "3 people of it were trained on too" in " ".join(text.split())
    assert "85.00 % ± 7.07 points" in text
    assert "Windows of none of the classes that are taken for one (false accepts): jump 25.0 %." in " ".join(
        text.split()
    )
    assert "90.0 % of 10" in text  # of class walk
    assert "nothing chosen" in text.lower() or "arduino-uno" in text
    assert "<i>" not in show(own_report) or show is not to_html


def test_the_page_has_matrix_people_curves_and_a_plot_for_each_board(own_report):
    page = to_html(own_report)
    assert page.count("<svg") == 4 + 1 + 2
    assert "weights are pruned" in page
    assert "sit &lt;i&gt;" in page
    assert "By recording and class" in page
    assert page.index(">anna<") < page.index(">ben<")
    assert "36 recordings" in page
    assert "people</td>" not in page


def test_a_report_without_them_is_shown_as_before(report):
    page = to_html(report)
    assert page.count("<svg") == 4
    for absent in ("Answers</h2>", "Training</h2>", "Variants on", "Left out"):
        assert absent not in page


def test_it_comes_back_from_json(own_report):
    assert from_json(to_json(own_report)) == own_report


def test_rows_by_class_and_by_person(own_report):
    walk, sit = answer_cells(own_report.answers)
    assert (walk.shares, walk.right, sit.right) == ((0.9, 0.1), "90.0 % of 10", "80.0 % of 10")
    assert [row.cells for row in group_rows(own_report.answers)] == [
        ("anna", "80.0 % of 10", "100.0 % of 5", "60.0 % of 5"), ("ben", "90.0 % of 10", "80.0 % of 5", "100.0 % of 5"),
    ]  # fmt: skip
    assert [row.cells[0] for row in left_out_rows(own_report.left_out)] == ["ben", "anna"]


def test_the_axes_of_one_dot(own_report):
    low, high = accuracy_limits([97.2, 94.4])
    assert 90 < low < 94
    assert 97.2 < high < 101
    assert accuracy_limits([100.0])[1] <= 101
    assert byte_limits([525]) == (0, 736)
    assert byte_limits([900, 2000]) == (900 - 176, 2000 + 176)
    assert "this run" in accuracy_against_bytes(own_report)


def test_labels_stay_inside_their_boxes():
    assert fitting("values", "183 B", 50, 60) == "values\n183 B"
    assert fitting("classifier.weights values", "26 B", 22, 25) == "classifier.weights\nvalues\n26 B"
    assert fitting("classifier.weights values", "26 B", 15, 25) == "26 B"
    assert fitting("values", "183 B", 50, 4) == ""
    assert fitting("values", "183,000 B", 3, 90) == ""


def test_names_that_look_like_formulas_are_drawn_as_they_are(own_report):
    odd = replace(own_report.fits[0], board="$x_{$")
    assert "$x_{$" in to_html(replace(own_report, fits=(odd,)))

import io
from dataclasses import replace

from rich.console import Console

from tinygmp.report.terminal import print_report


def printed(report, width: int = 170, colour: bool = False) -> str:
    stream = io.StringIO()
    system = "truecolor" if colour else None
    print_report(report, Console(file=stream, width=width, force_terminal=colour, color_system=system))
    return stream.getvalue()


def test_tables_hold_the_figures(report):
    text = printed(report)
    for line in (
        "packed, integer",
        "96.17 %",
        "1,386 B",
        "tflite, int16x8",
        "does not fit",
        "answers differ",
    ):
        assert line in text
    assert "SYNTHETIC" not in text


def test_banner_comes_first(report):
    text = printed(replace(report, data=replace(report.data, synthetic=True)))
    assert "SYNTHETIC DATA" in text
    assert text.index("SYNTHETIC") < text.index("packed, integer")


def test_a_narrow_terminal_loses_no_character(report):
    text = printed(report, width=60)
    assert "…" not in text


def test_verdicts_are_coloured_on_a_terminal_only(report):
    assert "\x1b[32mpass" in printed(report, colour=True)
    assert "\x1b[" not in printed(report)

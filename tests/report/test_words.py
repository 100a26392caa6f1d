"""What a report says of its data is what they are: people kept apart, shared people, recordings, windows."""

from dataclasses import replace

import pytest

from tinygmp.report.facts import LeftOut, Unknown
from tinygmp.report.record import DataFacts
from tinygmp.report.words import extent, left_out_sentence, split_sentence, unknown_sentences

SPLIT = {"train": 4, "validation": 1, "test": 1}


@pytest.mark.parametrize(
    ("grouped_by", "shared", "size", "told"),
    [
        ("people", 0, "60 windows of 6 people", "The test is of 1 person, of whom no window was trained on."),
        ("recordings", 1, "60 windows of 6 recordings", "1 person of it was trained on too"),
        ("recordings", None, "60 windows of 6 recordings", "nothing tells whose they are"),
        ("windows", None, "60 windows", "windows of the same recording or person were trained on"),
        ("groups", None, "60 windows of 6 groups", "name people or recordings, of which no window was trained on."),
    ],
)  # fmt: skip
def test_words_follow_the_grouping(grouped_by, shared, size, told):
    data = DataFacts("own", False, "", SPLIT, {"train": 40, "validation": 10, "test": 10}, grouped_by, shared)
    assert extent(data) == size
    assert told in split_sentence(data)


def test_the_score_of_strangers_has_its_spread_and_its_worst(report):
    assert left_out_sentence(report) == ""
    found = LeftOut("people", {"anna": 90.0, "ben": 70.0, "cem": 80.0}, 80.0, 10.0)
    told = left_out_sentence(replace(report, left_out=found))
    assert "without each person in turn" in told
    assert "80.00 % ± 10.00 points (standard deviation over 3), the worst 70.00 % on ben" in told


def test_who_was_unknown_is_said():
    found = Unknown(0.95, 0.081, {"jump": 0.25}, 1311)
    first, second = unknown_sentences(found)
    assert "farther than 1,311" in first
    assert "refuses 8.1 % (false rejects)" in first
    assert second == "Windows of none of the classes that are taken for one (false accepts): jump 25.0 %."
    assert "an estimate): jump 25.0 %" in unknown_sentences(replace(found, kept_unseen=True))[1]
    assert "give --unknown" in unknown_sentences(replace(found, false_accept_shares={}))[1]

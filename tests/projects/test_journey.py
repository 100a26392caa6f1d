"""Stretches of work add up to one."""

from tinygmp.projects.journey import Journey


def test_stretches_follow_each_other_even_when_one_was_done_before():
    told = []
    journey = Journey(lambda what, done, total: told.append((what, done, total)), 10)
    for what, length, steps in (("a", 3, (0, 1, 2, 3)), ("b", 4, (0,)), ("c", 3, (0, 2, 3))):
        for done in steps:
            journey(what, done, length)
    assert told == [
        ("a", 0, 10), ("a", 1, 10), ("a", 2, 10), ("a", 3, 10), ("b", 3, 10), ("c", 7, 10), ("c", 9, 10), ("c", 10, 10),
    ]  # fmt: skip

"""No recording and no person is in two parts, and every part has every class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygmp.data.recordings import Labelled, OwnData
from tinygmp.data.split import split
from tinygmp.errors import DataError


def data_of(pairs, classes=2, test=None):
    """Return a data set of one window for each pair of group and label; a window holds its number."""
    labels = np.array([label for _, label in pairs])
    groups = np.array([group for group, _ in pairs])
    windows = np.arange(len(pairs), dtype=np.float32).reshape(-1, 1, 1)
    return OwnData(("x",), tuple("abcdef"[:classes]), Labelled(windows, labels, groups), test, "")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=80),
    st.floats(0.05, 0.4),
    st.floats(0.05, 0.4),
)
def test_groups_stay_whole_and_nothing_is_lost(pairs, held_out, test):
    pairs = [(f"g{group}", label) for group, label in pairs]
    data = data_of(pairs, 3)
    try:
        parts = split(data, held_out, test)
    except DataError:
        of_label = [{group for group, label in pairs if label == number} for number in range(3)]
        assert not (of_label[0] == of_label[1] == of_label[2] and len(of_label[0]) >= 3)
        return
    every = [parts.train, parts.held_out, parts.test]
    assert sorted(np.concatenate([part.windows.ravel() for part in every])) == list(range(len(pairs)))
    assert len(set(np.concatenate([np.unique(part.groups) for part in every]))) == sum(
        len(set(part.groups)) for part in every
    )
    assert all(set(part.labels) == {0, 1, 2} for part in every)


def test_shares_count_groups_and_the_order_is_fixed():
    people = data_of([(f"p{person}", label) for person in range(10) for label in (0, 1)])
    parts = split(people, 0.2, 0.3)
    assert [len(set(part.groups)) for part in (parts.train, parts.held_out, parts.test)] == [5, 2, 3]
    again = split(people, 0.2, 0.3)
    assert np.array_equal(parts.test.windows, again.test.windows)
    files = data_of([(f"{label}/{take}", label) for label in (0, 1) for take in range(3)])
    assert [len(part) for part in vars(split(files, 0.2, 0.2)).values()] == [2, 2, 2]


def test_too_few_recordings_are_told_with_the_class():
    files = data_of([("a1", 0), ("a2", 0), ("a3", 0), ("b1", 1), ("b2", 1)])
    with pytest.raises(DataError, match="class 'b' has 2 recordings or people, at least 3"):
        split(files, 0.2, 0.2)


def test_given_test_windows_stay_and_must_be_of_others():
    test = Labelled(np.zeros((2, 1, 1), np.float32), np.array([0, 1]), np.array(["t", "t"]))
    pairs = [(f"p{person}", label) for person in range(4) for label in (0, 1)]
    parts = split(data_of(pairs, test=test), 0.25, 0.25)
    assert parts.test is test
    assert (len(parts.train), len(parts.held_out)) == (6, 2)
    with pytest.raises(DataError, match="'t' is in 'groups' and in 'test_groups'"):
        split(data_of([*pairs, ("t", 0)], test=test), 0.25, 0.25)

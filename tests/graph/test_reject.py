"""'None of these': the reference by hand, what a file keeps, what is refused, and every byte counted."""

from dataclasses import replace

import numpy as np
import pytest

from tinygmp.data.windows import random_windows
from tinygmp.errors import ConfigError
from tinygmp.graph.file import content_hash, from_bytes, to_bytes, version_of
from tinygmp.graph.ledger import ledger
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run
from tinygmp.graph.reject import NONE, Reject

PLAIN = random_model(seed=3, hidden=8)


def rejecting(limit=100, centroids=None):
    zeros = np.zeros((len(PLAIN.labels), 8), np.int8)
    return replace(PLAIN, reject=Reject(zeros if centroids is None else centroids, limit))


def test_distances_and_answers_by_hand():
    reject = Reject(np.array([[1, -2], [127, -127]], np.int8), 10)
    top = np.array([[1, -2], [5, 4], [5, 5], [-127, 127]], np.int8)
    classes = np.array([0, 0, 0, 1])
    assert reject.distances(top, classes).tolist() == [0, 10, 11, 508]
    assert reject.answers(top, classes).tolist() == [0, 0, NONE, NONE]


def test_the_reference_answers_none_beyond_the_limit():
    counts = random_windows(PLAIN, 32).first
    plain = run(PLAIN, counts)
    distances = np.abs(plain.states["top"].astype(int)).sum(axis=1)
    model = rejecting(int(np.median(distances)))
    found = run(model, counts)
    assert np.array_equal(found.classes, plain.classes)
    assert np.array_equal(found.logits, plain.logits)
    assert np.array_equal(found.answers == NONE, distances > model.reject.limit)
    assert np.array_equal(plain.answers, plain.classes)


def test_a_file_keeps_it_under_a_version_that_earlier_readers_refuse():
    model = rejecting(7)
    again = from_bytes(to_bytes(model), "here")
    assert (version_of(PLAIN), version_of(model), again.reject.limit) == (4, 6, 7)
    assert to_bytes(again) == to_bytes(model)
    assert content_hash(model) != content_hash(PLAIN)
    assert ledger(model).payload_bytes == ledger(PLAIN).payload_bytes + 8 * len(PLAIN.labels) + 4


@pytest.mark.parametrize(
    ("reject", "told"),
    [
        (Reject(np.zeros((1, 8), np.int8), 3), "expected int8 (2, 8)"),
        (Reject(np.zeros((2, 8), np.int16), 3), "centroids are int16"),
        (Reject(np.zeros((2, 8), np.int8), -1), "limit -1 is outside"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(reject, told):
    with pytest.raises(ConfigError) as raised:
        replace(PLAIN, reject=reject)
    assert told in str(raised.value)


def test_a_graph_without_states_has_nothing_to_tell_it_from():
    with pytest.raises(ConfigError, match="only a network of windows"):
        replace(random_graph(0), reject=Reject(np.zeros((2, 8), np.int8), 3))

"""The frontier never sees a test person, keeps its byte limits' nonzeros, and goes on where it was stopped."""

from dataclasses import replace

import numpy as np
import pytest

from har.frontier import Course, Size, everybody, narrowed, packed, taught, train_student, train_teacher
from har.recipe import load_recipe
from har.synthetic import synthetic_data
from tinygmp.graph.ledger import ledger

COURSE = Course(teachers=1, teacher_hidden=8, teacher_epochs=2, views=2, epochs=4, fine_tuning_epochs=1)
SIZE = Size("tiny", 400, hidden=16, nonzeros=60)


@pytest.fixture(scope="module")
def data():
    found = synthetic_data(0)
    return replace(found, train=found.train.where(np.arange(len(found.train)) % 8 == 0))


def test_everybody_trains_and_no_test_person_is_within_reach(data):
    prepared = everybody(data)
    assert set(prepared.train.people) == set(data.train.people)
    assert len(prepared.test) == len(prepared.validation) == 0


def test_from_teacher_to_packed_model(data, tmp_path):
    prepared, recipe = everybody(data), load_recipe("default")
    teacher = train_teacher(prepared, recipe, COURSE, 3, lambda epoch: None, tmp_path / "teacher.checkpoint")
    batches = taught(prepared, recipe, COURSE, [teacher])
    checkpoint = tmp_path / "student.checkpoint"
    student = train_student(prepared, recipe, COURSE, batches, SIZE, 1, lambda epoch: None, checkpoint)
    assert sum(int((weight != 0).sum()) for weight in student.prunable().values()) == SIZE.nonzeros
    again = train_student(prepared, recipe, COURSE, batches, SIZE, 1, lambda epoch: None, checkpoint)
    assert all(
        (one == other).all() for one, other in zip(student.parameters(), again.parameters(), strict=True)
    )
    model = packed(narrowed(student, prepared, COURSE, batches, SIZE, 1), prepared, data, SIZE, 1)
    assert model.nnz <= SIZE.nonzeros
    assert ledger(model).payload_bytes <= SIZE.most_bytes
    assert model.provenance["synthetic"] == "yes"

"""What answers are worth: per cent, mismatches and differences, worked by hand or with a forged file."""

from dataclasses import replace

import numpy as np
import pytest

from converters.agreement import SAME_BITS, Tolerance
from converters.base import converter
from tinygmp.artifact import Artifact
from tinygmp.data.images import random_images
from tinygmp.data.source import random_samples
from tinygmp.data.windows import random_windows
from tinygmp.errors import UnsupportedError
from tinygmp.graph.random_graph import random_graph
from tinygmp.graph.random_image_model import random_image_model
from tinygmp.graph.random_model import random_model
from tinygmp.graph.reference.run import run
from tinygmp.verify.forms import STEP_FORMS, forms_of
from tinygmp.verify.judge import judge
from tinygmp.verify.runtimes import Answers

CHAIN = random_image_model(5, 20, 4, ((6, 1), (8, 2), (200, 1)), 7, 0.25, "rice")
ANY = Tolerance(1.0, 1e9)


@pytest.fixture(scope="module")
def windows(model):
    found = random_windows(model, 24)
    return replace(found, labels=run(model, found.first).classes)


def test_accuracy_is_per_cent_of_labels(model, windows):
    labels = windows.labels.copy()
    labels[:6] = 1 - labels[:6]
    found = judge(model, replace(windows, labels=labels))
    assert found.accuracy(found.expected.classes) == 75.0
    assert np.array_equal(found.expected.classes, windows.labels)
    assert judge(model, replace(windows, labels=None)).accuracy(windows.labels) is None


def test_top_five_counts_the_five_largest_and_says_nothing_of_few_classes():
    images = random_images(CHAIN, 2)
    found = judge(CHAIN, replace(images, labels=np.array([4, 5])))
    logits = np.array([[9, 8, 7, 6, 5, 4, 3]] * 2)
    assert found.top5(logits) == 50
    assert found.top5(logits[:, :5]) is None


def test_one_logit_that_is_off_by_one_is_a_mismatch_of_exact_forms_only():
    images = random_images(CHAIN, 5)
    found = judge(CHAIN, images)
    wrong = found.expected.logits.copy()
    wrong[2, 1] += 1 if wrong[2, 1] < found.expected.logits[2].max() - 1 else -1
    answers = Answers({CHAIN.outputs[0]: wrong})
    exact, loose = (found.variant(answers, limit, 10, [], "by hand") for limit in (SAME_BITS, ANY))
    assert (exact.agrees, exact.mismatches, exact.worst_units) == (False, 1, 1)
    assert (loose.agrees, loose.mismatches, loose.worst_units) == (True, 0, 1)
    assert exact.worst_logit_difference == pytest.approx(1 / found.expected.logits.std())


def test_a_real_logit_beyond_the_integers_is_no_disagreement():
    images = random_images(CHAIN, 3)
    found = judge(CHAIN, images)
    far = np.where(found.expected.logits == 127, 500.0, found.expected.logits)
    assert found.variant(Answers({CHAIN.outputs[0]: far}), ANY, 10, [], "by hand").worst_units == 0


def test_every_output_counts_in_its_own_deviations():
    model = next(graph for graph in map(random_graph, range(100)) if len(graph.outputs) > 1)
    found = judge(model, random_samples(model, 4))
    outputs = {name: array.astype(float) for name, array in found.expected.outputs.items()}
    last = model.outputs[-1]
    expected = outputs[last].copy()
    outputs[last].flat[expected.argmin()] += 3
    result = found.variant(Answers(outputs), SAME_BITS, 10, [], "by hand")
    assert (result.mismatches, result.worst_units) == (1, 0)  # units are those of the first output
    assert result.worst_logit_difference == pytest.approx(3 / expected.std())


def test_times_are_the_median_and_the_quartiles():
    found = judge(CHAIN, random_images(CHAIN, 2))
    answers = Answers({CHAIN.outputs[0]: found.expected.logits})
    result = found.variant(answers, SAME_BITS, 10, [0.001, 0.002, 0.003, 0.004, 0.009], "by hand")
    assert (result.milliseconds, result.milliseconds_spread) == (pytest.approx(3), pytest.approx(2))


def test_one_wrong_constant_in_the_c_code_is_found(model, windows):
    honest = converter("c")(model)
    source = honest.files["random4.c"].decode()
    start = source.index("random4_rnn_u_values")
    first = source.index("{", start) + 1
    number = source[first:].split(",", 1)[0]
    wrong = source[:first] + f"\n    {-int(number)}" + source[first + len(number) :]
    forged = Artifact("c", honest.name, {**honest.files, "random4.c": wrong.encode()}, honest.entry_point)
    found = judge(model, replace(windows, labels=None))
    assert found.c(honest).agrees
    result = found.c(forged)
    assert not result.agrees
    assert result.mismatches > 0
    assert result.worst_logit_difference > 0
    assert result.accuracy is None


def test_a_foreign_tflite_file_of_the_same_shape_is_found(model, windows):
    other = converter("tflite")(random_model(seed=5, hidden=12))
    found = judge(model, windows)
    for form in STEP_FORMS["tflite"]:
        assert not found.form(form, form.content(other)).agrees


def test_an_unknown_target_has_no_runtime(model):
    with pytest.raises(UnsupportedError, match="'rom' has no runtime"):
        forms_of(model, "rom")

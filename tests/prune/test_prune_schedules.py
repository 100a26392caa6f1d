import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygmp.errors import ConfigError
from tinygmp.prune.schedule import GradualSchedule, OneShotSchedule
from tinygmp.train.phases import AlternatingSchedule, RewoundLearningRate


def test_hand_worked_linear_and_cubic():
    linear = GradualSchedule(0.8, 2, 6, "linear")
    assert [round(linear.sparsity_at(e), 6) for e in range(8)] == [0, 0, 0, 0.2, 0.4, 0.6, 0.8, 0.8]
    cubic = GradualSchedule(0.8, 0, 2)
    assert math.isclose(cubic.sparsity_at(1), 0.8 * (1 - 1 / 8))


def test_frequency_holds_the_sparsity_between_steps_and_ends_at_the_target():
    schedule = GradualSchedule(0.9, 0, 5, "linear", frequency=2)
    assert [round(schedule.sparsity_at(e), 6) for e in range(7)] == [0, 0, 0.36, 0.36, 0.72, 0.9, 0.9]
    assert [e for e in range(8) if schedule.prunes_at(e)] == [0, 2, 4, 5]


@given(
    st.floats(0, 0.999),
    st.integers(0, 30),
    st.integers(0, 30),
    st.sampled_from(["cubic", "linear"]),
    st.integers(1, 9),
)
def test_gradual_is_monotone_and_reaches_the_target_exactly(final, start, length, shape, frequency):
    schedule = GradualSchedule(final, start, start + length, shape, frequency)
    steps = [schedule.sparsity_at(epoch) for epoch in range(start + length + 5)]
    assert all(a <= b for a, b in pairwise(steps))
    assert steps[-1] == final
    changes = [e for e in range(1, len(steps)) if steps[e] != steps[e - 1]]
    assert all(schedule.prunes_at(epoch) for epoch in changes)


def test_one_shot_prunes_once():
    schedule = OneShotSchedule(0.9, 3)
    assert [schedule.sparsity_at(e) for e in (2, 3, 9)] == [0, 0.9, 0.9]
    assert [e for e in range(9) if schedule.prunes_at(e)] == [3]


def test_alternating_phases_end_sparse():
    schedule = AlternatingSchedule(0.9, warmup_epochs=2, phase_epochs=2, final_epochs=3, end_epoch=12)
    assert "".join("s" if schedule.is_sparse(e) else "d" for e in range(12)) == "ddssddssdsss"
    assert [e for e in range(12) if schedule.prunes_at(e)] == [2, 4, 6, 8, 9]
    assert schedule.sparsity_at(4) == 0.0
    assert schedule.sparsity_at(11) == 0.9


def test_rewound_rate_repeats_the_end_of_the_original():
    rewound = RewoundLearningRate(lambda epoch: 1 - epoch / 10, total_epochs=10, rewind_to=6)
    assert rewound.epochs == 4
    assert [round(rewound(e), 6) for e in range(5)] == [0.4, 0.3, 0.2, 0.1, 0.0]
    assert rewound(50) == 0.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GradualSchedule(1.0, 0, 5), r"outside \[0, 1\)"),
        (lambda: GradualSchedule(0.5, 6, 5), "0 <= start <= end"),
        (lambda: GradualSchedule(0.5, 0, 5, frequency=0), "frequency 0"),
        (lambda: GradualSchedule(0.5, 0, 5, "quartic"), "'quartic' is unknown"),
        (lambda: GradualSchedule(0.5, 0, 5, initial_sparsity=0.6), "must not fall"),
        (lambda: OneShotSchedule(0.5, -1), "below 0"),
        (lambda: AlternatingSchedule(0.5, 5, 0, 5, 20), "at least 0, 1 and 1"),
        (lambda: AlternatingSchedule(0.5, 9, 2, 5, 10), "exceed"),
        (lambda: RewoundLearningRate(float, 10, 10), r"outside 0\.\.9"),
    ],
)
def test_impossible_schedules_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()

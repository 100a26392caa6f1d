"""The front and the choice, against a plain definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygmp.errors import ConfigError
from tinygmp.projects.front import choose, pareto_front
from tinygmp.report.fits import Variant


def variant(flash, accuracy, fits=True):
    return Variant("some", 8, 0.5, 10, "int8", "csr8", accuracy, 100.0, flash // 2, flash, 100, fits)


some = st.lists(
    st.builds(variant, st.integers(1, 30), st.integers(0, 20), st.booleans()), min_size=1, max_size=25
)


def beats(one, other):
    """Tell whether `one` is at least as good in both and better in one."""
    as_good = one.flash_bytes <= other.flash_bytes and one.accuracy >= other.accuracy
    return as_good and (one.flash_bytes, one.accuracy) != (other.flash_bytes, other.accuracy)


@given(some)
def test_the_front_is_what_no_other_beats(variants):
    front = pareto_front(variants)
    unbeaten = {
        (one.flash_bytes, one.accuracy)
        for one in variants
        if not any(beats(other, one) for other in variants)
    }
    assert {(one.flash_bytes, one.accuracy) for one in front} == unbeaten
    assert [one.flash_bytes for one in front] == sorted({one.flash_bytes for one in front})


@given(some, st.integers(0, 20), st.integers(0, 5))
def test_what_is_chosen_fits_keeps_accuracy_and_is_best(variants, dense, drop):
    good = [one for one in variants if one.fits and one.accuracy >= dense - drop]
    small, accurate = (choose(variants, dense, drop, prefer).variant for prefer in ("smallest", "accurate"))
    assert (small is None) == (accurate is None) == (not good)
    if good:
        assert small in good
        assert accurate in good
        assert small.flash_bytes == min(one.flash_bytes for one in good)
        assert accurate.accuracy == max(one.accuracy for one in good)


def test_why_nothing_was_chosen_tells_the_nearest_misses():
    why = choose([variant(100, 90), variant(900, 97, fits=False)], 98, 2, "smallest").why
    assert "the best that fits has 90.00 %: --max-drop 8.00" in why
    assert "the smallest that keeps 96.00 % takes 900 B flash" in why
    why = choose([variant(900, 90, fits=False)], 98, 2, "smallest").why
    assert "none fits, the smallest takes 900 B flash and 100 B RAM" in why
    assert "none keeps 96.00 %" in why
    with pytest.raises(ConfigError, match="no variant"):
        choose([], 90, 1, "smallest")


def test_lucky_rounding_does_not_count():
    lucky = Variant("lucky", 8, 0.5, 10, "4", "dense int4", 99.0, 70.0, 50, 100, 100, True)
    sound = Variant("sound", 8, 0.5, 10, "8", "csr8 int8", 95.0, 95.4, 60, 120, 100, True)
    assert lucky.kept == 70
    assert choose([lucky, sound], 96, 1, "accurate").variant is sound
    assert [one.name for one in pareto_front([lucky, sound])] == ["lucky", "sound"]

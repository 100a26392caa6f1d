import threading

import pytest

from tinygmp.errors import BuildError, MissingToolError
from tinygmp.progress import Steps
from tinygmp.side_by_side import run_side_by_side


def test_results_keep_their_order_whatever_ends_first():
    second_was_told = threading.Event()
    told = []

    def tell(what, done, total):
        told.append((what, done, total))
        second_was_told.set()

    steps = Steps(tell, 2)
    jobs = {"first": lambda: second_was_told.wait(10) and 1, "second": lambda: 2}
    assert run_side_by_side(jobs, steps, "built for") == ({"first": 1, "second": 2}, {})
    assert told == [("built for second", 1, 2), ("built for first", 2, 2)]


def test_an_absent_tool_stops_only_its_own_job():
    def absent():
        raise MissingToolError("'avr-gcc' is missing: apt-get install gcc-avr")

    steps = Steps(lambda *told: None, 2)
    results, missing = run_side_by_side({"uno": absent, "pico": lambda: 3}, steps, "")
    assert results == {"pico": 3}
    assert missing == {"uno": "'avr-gcc' is missing: apt-get install gcc-avr"}
    assert steps.done == 2


def test_any_other_error_is_raised():
    def broken():
        raise BuildError("does not compile")

    with pytest.raises(BuildError, match="does not compile"):
        run_side_by_side({"uno": broken, "pico": lambda: 3}, Steps(lambda *told: None, 2), "")

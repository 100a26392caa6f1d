"""The sampling rate of recordings by their own times: one for all, or they are refused."""

from collections.abc import Sequence

import numpy as np

from tinygmp.data.recording import Recording
from tinygmp.errors import DataError

ORDER_REMEDY = 'sort them, or set time_column = "" in the recipe where the times are wrong'
SAME_RATE = 0.1  # sensors of one kind keep their rate within a few per cent


def odd_rates(recordings: Sequence[Recording]) -> str:
    """Return the first recording of another rate than most, and how many there are; '' where all have one."""
    timed = [(one, one.times.step) for one in recordings if one.times and one.times.step]
    steps = [step for _, step in timed if step]
    usual = usual_step(steps) if steps else 0.0
    odd = [(one, step) for one, step in timed if step and abs(step / usual - 1) > SAME_RATE]
    if not odd:
        return ""
    one, step = odd[0]
    more = f" ({len(odd)} are odd)" if len(odd) > 1 else ""
    return (
        f"{one.where}: {spoken_rate(one, step)}, {len(steps) - len(odd)} of {len(steps)} recordings have "
        f"{spoken_rate(one, usual)}{more}"
    )


def out_of_order(recordings: Sequence[Recording]) -> str:
    """Return the first recording whose rows are not in the order of their times; '' where all are."""
    found = [one for one in recordings if one.times and one.times.disordered]
    if not found or not found[0].times:
        return ""
    more = f" ({len(found)} such)" if len(found) > 1 else ""
    return f"{found[0].where}: its rows are not in the order of '{found[0].times.column}'{more}"


def check_times(recordings: Sequence[Recording]) -> None:
    """Raise DataError for rows out of order, and for recordings of different rates."""
    if disordered := out_of_order(recordings):
        raise DataError(f"{disordered}; {ORDER_REMEDY}")
    check_rates(recordings)


def check_rates(recordings: Sequence[Recording]) -> None:
    """Raise DataError where files were recorded at different rates: one model has one."""
    if odd := odd_rates(recordings):
        raise DataError(
            f'{odd}; resample or delete them, or set time_column = "" in the recipe where the times are wrong'
        )


def usual_step(steps: Sequence[float]) -> float:
    """Return the step that most recordings have, nearly; the longer one where as many have another."""
    return max(steps, key=lambda step: (sum(abs(other / step - 1) <= SAME_RATE for other in steps), step))


def spoken_rate(recording: Recording, step: float) -> str:
    """Return a step as the samples a second that it means, or as it is where its unit is not known."""
    times = recording.times
    if times and times.per_second:
        return f"{times.per_second / step:.4g} samples a second"
    return f"a row every {step:.4g} of '{times.column if times else ''}'"


def rate_of(recordings: Sequence[Recording]) -> float | None:
    """Return samples a second as most recordings tell, None where none does."""
    rates = [one.times.rate_hz for one in recordings if one.times]
    known = [rate for rate in rates if rate]
    return float(np.median(known)) if known else None


def usual_rate(recordings: Sequence[Recording]) -> float | None:
    """Return the samples a second of most recordings, also where some have others."""
    steps = [one.times.step for one in recordings if one.times and one.times.step]
    if not steps:
        return None
    usual = usual_step(steps)
    return rate_of([one for one in recordings if one.times and one.times.step == usual])

"""One recording: rows taken in one go, and the pieces into which gaps tear it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinygmp.data.times import Gap, Times

NEGLIGIBLE_ROWS = 3  # so many missing rows in a run are left as they are unless filling is asked for


@dataclass(frozen=True)
class Recording:
    """Rows recorded in one go: float32 [rows, channels], their class, whom they belong to, and a name for errors.

    rows: the file's own row numbers; times: None without a time column.
    """

    values: np.ndarray
    label: str
    group: str
    where: str
    rows: Sequence[int] = ()
    times: Times | None = None

    def long_gaps(self, fill_gap_rows: int) -> tuple[Gap, ...]:
        """Return the gaps that tear: falling times, and more missing rows than are filled or negligible."""
        most = max(fill_gap_rows, NEGLIGIBLE_ROWS)
        gaps = self.times.gaps if self.times else ()
        return tuple(gap for gap in gaps if not gap.missing or gap.missing > most)

    def pieces(self, fill_gap_rows: int) -> tuple[np.ndarray, ...]:
        """Return the values between long gaps; gaps of up to `fill_gap_rows` rows are filled with a straight line."""
        ends = [gap.at for gap in self.long_gaps(fill_gap_rows)]
        gaps = self.times.gaps if self.times else ()
        filled = {gap.at: gap.missing for gap in gaps if gap.missing <= fill_gap_rows}
        return tuple(
            fill(self.values, start, end, filled)
            for start, end in zip([0, *ends], [*ends, len(self.values)], strict=True)
        )


def fill(values: np.ndarray, start: int, end: int, missing: dict[int, int]) -> np.ndarray:
    """Return rows start..end with so many rows inserted before each row, on a straight line between its neighbours."""
    inserted = np.array([missing.get(row, 0) if row > start else 0 for row in range(start, end)])
    if not inserted.any():
        return values[start:end]
    places = np.arange(end - start) + np.cumsum(inserted)
    every = np.arange(places[-1] + 1)
    lines = [np.interp(every, places, values[start:end, channel]) for channel in range(values.shape[1])]
    return np.stack(lines, axis=1).astype(np.float32)

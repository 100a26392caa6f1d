"""What a HAR data set is, wherever it came from."""

from dataclasses import dataclass

import numpy as np

from har.labels import har2_labels
from tinygmp.errors import DataError

STEPS, CHANNELS = 128, 9


@dataclass(frozen=True)
class Split:
    """Windows in g and rad/s float32 [windows, 128, 9], activities 1..6 and people, both [windows]."""

    windows: np.ndarray
    activities: np.ndarray
    people: np.ndarray

    def __post_init__(self) -> None:
        if self.windows.shape[1:] != (STEPS, CHANNELS) or not (
            len(self.windows) == len(self.activities) == len(self.people)
        ):
            raise DataError(
                f"HAR windows {self.windows.shape}, activities {self.activities.shape}, people {self.people.shape}: "
                f"expected [n, {STEPS}, {CHANNELS}], [n], [n]"
            )

    @property
    def labels(self) -> np.ndarray:
        """HAR-2 classes 0 and 1, int64 [windows]."""
        return har2_labels(self.activities)

    def of_people(self, people: np.ndarray) -> "Split":
        return self.where(np.isin(self.people, people))

    def where(self, chosen: np.ndarray) -> "Split":
        return Split(self.windows[chosen], self.activities[chosen], self.people[chosen])

    def __len__(self) -> int:
        return len(self.windows)


@dataclass(frozen=True)
class HarData:
    """Training and test people, and where they come from; sha256 is over the member files' checksums."""

    name: str
    synthetic: bool
    sha256: str
    train: Split
    test: Split


def held_out_people(train: Split, count: int, fold: int = 0) -> np.ndarray:
    """Return `count` of the training people, the fold-th group of a fixed random order.

    Raises DataError when that leaves fewer than two people to train on or the fold does not exist.
    """
    people = np.unique(train.people)
    if not 0 <= count <= len(people) - 2:
        raise DataError(
            f"cannot hold out {count} of {len(people)} people; at least 2 must remain for training"
        )
    order = np.random.default_rng(123).permutation(people)
    chosen = order[fold * count : (fold + 1) * count]
    if len(chosen) < count:
        raise DataError(f"fold {fold} of {count} held-out people does not exist among {len(people)} people")
    return chosen

"""What a HAR data set is, wherever it came from."""

from dataclasses import dataclass, replace

import numpy as np

from har.labels import har2_labels
from tinygmp.errors import DataError

STEPS, CHANNELS = 128, 9
SENSOR_CHANNELS = 6  # what a six-axis sensor gives: angular rate and total acceleration, the last of the nine


@dataclass(frozen=True)
class Split:
    """Windows in g and rad/s float32 [windows, 128, 9 or 6], activities 1..6 and people, both [windows].

    Six channels are the last six of the nine: body acceleration is left out.
    """

    windows: np.ndarray
    activities: np.ndarray
    people: np.ndarray

    def __post_init__(self) -> None:
        if self.windows.shape[1:] not in ((STEPS, CHANNELS), (STEPS, SENSOR_CHANNELS)) or not (
            len(self.windows) == len(self.activities) == len(self.people)
        ):
            raise DataError(
                f"HAR windows {self.windows.shape}, activities {self.activities.shape}, people {self.people.shape}: "
                f"expected [n, {STEPS}, {CHANNELS} or {SENSOR_CHANNELS}], [n], [n]"
            )

    @property
    def labels(self) -> np.ndarray:
        """HAR-2 classes 0 and 1, int64 [windows]."""
        return har2_labels(self.activities)

    def of_people(self, people: np.ndarray) -> "Split":
        return self.where(np.isin(self.people, people))

    def where(self, chosen: np.ndarray) -> "Split":
        return Split(self.windows[chosen], self.activities[chosen], self.people[chosen])

    @property
    def channels(self) -> int:
        return int(self.windows.shape[-1])

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


def without_body_acceleration(data: HarData) -> HarData:
    """Return the six channels that a sensor gives without any filter: angular rate and total acceleration."""

    def six(split: Split) -> Split:
        return replace(split, windows=split.windows[..., CHANNELS - SENSOR_CHANNELS :])

    return replace(data, name=f"{data.name}, six channels", train=six(data.train), test=six(data.test))


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

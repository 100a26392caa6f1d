"""What a report of a run of one's own data says beyond its figures: answers by class and person, how it trained.

Accuracies are per cent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinygmp.report.checked import Checked


@dataclass(frozen=True)
class Score(Checked):
    """Windows of one person and one class: how many, and how many were answered right."""

    windows: int
    correct: int


@dataclass(frozen=True)
class Answers:
    """Test windows as the packed model answered them.

    confusion: by true class and class answered; by_group: of a person or recording, by class.
    """

    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    by_group: Mapping[str, tuple[Score, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class EpochFigures(Checked):
    """One epoch of a training; validation_accuracy is measured in some epochs only."""

    epoch: int
    loss: float
    nnz: int
    validation_accuracy: float | None = None


@dataclass(frozen=True)
class Curve:
    """A training by epochs; pruned_from, pruned_to: the epochs that remove weights, None of a dense one."""

    epochs: tuple[EpochFigures, ...]
    pruned_from: int | None = None
    pruned_to: int | None = None


@dataclass(frozen=True)
class LeftOut(Checked):
    """The packed model trained again without each person, or group of recordings, and tested on that one.

    accuracies: by who was left out; mean_accuracy and spread over them (the spread is the standard deviation).
    """

    what: str
    accuracies: Mapping[str, float]
    mean_accuracy: float
    spread: float


@dataclass(frozen=True)
class Unknown(Checked):
    """How well 'none of these' is told, as shares of windows in 0..1.

    passing_share: of known held-out windows that were to pass; false_reject_share: of known test windows that do not;
    false_accept_shares: of windows that are none of the classes and are taken for one, by where they come from;
    kept_unseen: each is a class kept from a training of its own by the recipe, and what that network says.
    """

    passing_share: float
    false_reject_share: float
    false_accept_shares: Mapping[str, float]
    threshold: int
    kept_unseen: bool = False

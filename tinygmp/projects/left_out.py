"""Train a recipe again without each person in turn, and score on that one: what strangers may expect, how surely."""

from dataclasses import dataclass, replace

import numpy as np

from tinygmp.data.split import Parts
from tinygmp.errors import DataError
from tinygmp.projects.prepared import Prepared, scaling_of
from tinygmp.projects.training import Trainer, pack
from tinygmp.report.facts import LeftOut

MOST_FOLDS = 20  # of more groups several are left out at once
ORDER_SEED = 123


@dataclass(frozen=True)
class Fold:
    """Groups that are left out together, by a name for them."""

    name: str
    groups: tuple[str, ...]


def folds_of(prepared: Prepared) -> list[Fold]:
    """Return who is left out: each person or recording alone, or, of more than 20, as many at once as make 20 turns.

    Windows that the user set apart for testing take no part. Raises DataError where a turn would leave a class without
    windows to train on.
    """
    windows = prepared.data.windows
    names = [str(name) for name in np.unique(windows.groups)]
    if len(names) > MOST_FOLDS:
        order = np.random.default_rng(ORDER_SEED).permutation(names)
        turns = [sorted(map(str, part)) for part in np.array_split(order, MOST_FOLDS)]
        folds = [Fold(named(part), tuple(part)) for part in turns]
    else:
        folds = [Fold(name, (name,)) for name in names]
    for fold in folds:
        kept = windows.labels[~np.isin(windows.groups, fold.groups)]
        if missing := set(range(len(prepared.data.classes))) - set(kept.tolist()):
            raise DataError(
                f"without '{fold.name}' no window of class '{prepared.data.classes[min(missing)]}' is left to train "
                "on; leave --leave-one-out away, or record it with others"
            )
    return folds


def named(groups: list[str]) -> str:
    return groups[0] if len(groups) == 1 else f"{groups[0]} and {len(groups) - 1} more"


def score_left_out(trainer: Trainer, what: str, folds: list[Fold]) -> LeftOut:
    """Return the packed model's accuracy on each fold, trained without it; `what` names the groups, in the plural."""
    accuracies = {}
    for fold in folds:
        prepared = without(trainer.prepared, fold)
        turn = replace(trainer, prepared=prepared)
        network = turn.train(
            f"without {fold.name}", turn.fresh(), turn.settings(dense=False), start=repr(fold.groups)
        )
        accuracies[fold.name] = prepared.accuracy(pack(prepared, network.graph), prepared.parts.test)
    scores = np.array(list(accuracies.values()))
    spread = float(scores.std(ddof=1)) if len(scores) > 1 else 0.0
    return LeftOut(what, accuracies, float(scores.mean()), spread)


def without(prepared: Prepared, fold: Fold) -> Prepared:
    """Return the data with all windows in training but those of a fold, which are the test."""
    windows = prepared.data.windows
    left = np.isin(windows.groups, fold.groups)
    train, test = windows.where(~left), windows.where(left)
    return replace(
        prepared,
        parts=Parts(train, test, test),
        scaling=scaling_of(prepared.data, train, prepared.opened.recipe.sensor),
    )

"""Who trains, who is held out to choose by, and who tests: whole recordings or people, never parts of one."""

from dataclasses import dataclass

import numpy as np

from tinygmp.data.recordings import Labelled, OwnData
from tinygmp.errors import DataError

ORDER_SEED = 123


@dataclass(frozen=True)
class Parts:
    """Windows by what they are for; no group is in two of them."""

    train: Labelled
    held_out: Labelled
    test: Labelled


def split(data: OwnData, held_out_share: float, test_share: float) -> Parts:
    """Return the parts: of each class's groups the given shares, at least one, in a fixed random order.

    Test windows that the user gave stay the test part. Raises DataError when a class has too few groups.
    """
    groups = data.windows.groups
    shares = {"held-out": held_out_share} | ({} if data.test is not None else {"test": test_share})
    chosen = choose_groups(data, shares)
    held_out = np.isin(groups, chosen["held-out"])
    if data.test is not None:
        check_apart(data.windows, data.test)
        return Parts(data.windows.where(~held_out), data.windows.where(held_out), data.test)
    test = np.isin(groups, chosen["test"])
    windows = data.windows
    return Parts(windows.where(~held_out & ~test), windows.where(held_out), windows.where(test))


def choose_groups(data: OwnData, shares: dict[str, float]) -> dict[str, list[str]]:
    """Return the groups of each part; those of the rarest class are chosen first, since they bind most."""
    names = np.unique(data.windows.groups)
    order = [str(name) for name in np.random.default_rng(ORDER_SEED).permutation(names)]
    of_class = [
        {str(name) for name in np.unique(data.windows.groups[data.windows.labels == number])}
        for number in range(len(data.classes))
    ]
    chosen: dict[str, list[str]] = {part: [] for part in shares}
    for number in sorted(range(len(data.classes)), key=lambda number: (len(of_class[number]), number)):
        have = of_class[number]
        if len(have) < len(shares) + 1:
            raise too_few(data.classes[number], len(have), len(shares) + 1)
        for part, share in shares.items():
            waiting = sum(not have.intersection(chosen[other]) for other in shares if other != part)
            missing = max(1, round(share * len(have))) - len(have.intersection(chosen[part]))
            for name in (name for name in order if name in have):
                taken = {one for took in chosen.values() for one in took}
                if missing > 0 and name not in taken and spares(have, of_class, taken | {name}, waiting):
                    chosen[part].append(name)
                    missing -= 1
    check_complete(data, of_class, chosen)
    return chosen


def spares(have: set[str], of_class: list[set[str]], taken: set[str], waiting: int) -> bool:
    """Tell whether taking so many leaves each class one group to train on, and this one those that parts wait for."""
    return len(have - taken) > waiting and all(other - taken for other in of_class)


def check_complete(data: OwnData, of_class: list[set[str]], chosen: dict[str, list[str]]) -> None:
    """Raise DataError for a class that a part, or training, would lack."""
    taken = {name for names in chosen.values() for name in names}
    for number, have in enumerate(of_class):
        if not have - taken or any(not have.intersection(names) for names in chosen.values()):
            raise too_few(data.classes[number], len(have), len(chosen) + 1)


def too_few(name: str, found: int, wanted: int) -> DataError:
    return DataError(
        f"class '{name}' has {found} {'recording' if found == 1 else 'recordings'} or people, at least {wanted} are "
        "needed: training, choosing and testing each need their own; record more, or cut a long recording into "
        "several files"
    )


def check_apart(windows: Labelled, test: Labelled) -> None:
    """Raise DataError when a person or recording is in training and in test."""
    if both := sorted(set(windows.groups) & set(test.groups)):
        raise DataError(f"group '{both[0]}' is in 'groups' and in 'test_groups'; test people must be others")

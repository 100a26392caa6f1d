"""Recordings whose values are in another unit than the others': m/s2 among g, degrees among radians, thousandths."""

import re
from collections.abc import Sequence

import numpy as np

from tinygmp.data.recording import Recording

APART = 3.5  # factor between files that no two people and no two takes of one class have
TIGHT = 1.6  # how far from a known factor the two kinds of files may lie
KNOWN = {9.80665: "m/s2 among g", 180 / np.pi: "degrees among radians", 1e3: "thousandths among whole units",
         1e6: "millionths among whole units"}  # fmt: skip
SURE = 20.0  # a factor that is told even where no conversion of units explains it


def unit_findings(channels: Sequence[str], recordings: Sequence[Recording]) -> list[str]:
    """Return a sentence for each group of channels that some recordings of a class have much larger than the others."""
    told = []
    for family, members in families(channels).items():
        odd = [
            one for label in labels_of(recordings) for one in odd_among(members, of_class(recordings, label))
        ]
        if not odd and is_acceleration(members, family):
            odd = odd_among(members, recordings)
        if not odd:
            continue
        first, factor = odd[0]
        larger = max(factor, 1 / factor)
        told.append(
            f"{first.where}: {family} {'is' if len(members) == 1 else 'are'} {larger:.3g} times as "
            f"{'large' if factor > 1 else 'small'} as in the others ({len(odd)} of {len(recordings)} recordings are "
            f"so): {remedy(factor)}, or record again: one model takes one unit"
        )
    return told


def families(channels: Sequence[str]) -> dict[str, list[int]]:
    """Return the channels that share a unit, by how they are called together: ax, ay, az."""
    found: dict[str, list[int]] = {}
    for index, name in enumerate(channels):
        found.setdefault(re.sub(r"[xyz](?=[^a-z]*$)", "", name.lower()), []).append(index)
    return {", ".join(channels[index] for index in members): members for members in found.values()}


def is_acceleration(members: Sequence[int], family: str) -> bool:
    """Tell whether channels are an acceleration in three axes: gravity is most of it, whatever the class."""
    return len(members) == 3 and re.match(r"a|.*acc", family.lower()) is not None


def labels_of(recordings: Sequence[Recording]) -> list[str]:
    return sorted({recording.label for recording in recordings})


def of_class(recordings: Sequence[Recording], label: str) -> list[Recording]:
    return [recording for recording in recordings if recording.label == label]


def odd_among(members: Sequence[int], recordings: Sequence[Recording]) -> list[tuple[Recording, float]]:
    """Return the recordings of the rarer of two kinds by size, and how many times larger than the others they are.

    Two kinds there are where the sizes leave a hole, and the kinds' medians lie a known conversion of units apart. With
    as many of each, those with larger values are told.
    """
    sizes = np.array([size_of(recording.values[:, members]) for recording in recordings])
    if len(sizes) < 2 or (sizes <= 0).any():
        return []
    order = np.argsort(sizes)
    ratios = sizes[order][1:] / sizes[order][:-1]
    cut = int(ratios.argmax()) + 1
    small, large = order[:cut], order[cut:]
    factor = float(np.median(sizes[large]) / np.median(sizes[small]))
    if ratios.max() < APART or not (conversion(factor) or factor > SURE**2):
        return []
    odd, factor = (large, factor) if len(large) <= len(small) else (small, 1 / factor)
    return [(recordings[index], factor) for index in sorted(odd)]


def size_of(values: np.ndarray) -> float:
    """Return the typical length of a vector of channels."""
    return float(np.median(np.linalg.norm(values.astype(np.float64), axis=1)))


def conversion(factor: float) -> float | None:
    """Return the factor between two usual units that lies near, None where none does."""
    return next((known for known in KNOWN if 1 / TIGHT < factor / known < TIGHT), None)


def remedy(factor: float) -> str:
    """Return which units may be mixed and what brings them together, of values that are so many times the others'."""
    known = conversion(max(factor, 1 / factor))
    if known is None:
        return "raw counts among units? give all in one"
    return f"{KNOWN[known]}? {'divide' if factor > 1 else 'multiply'} by {known:.6g}"

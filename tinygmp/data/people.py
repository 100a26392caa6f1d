"""Whether the places and names of recordings tell people apart, and what a user must know of that."""

import re
from collections.abc import Sequence
from pathlib import Path

from tinygmp.data.recording_files import class_of, group_of, name_parts
from tinygmp.data.recordings import GroupBy
from tinygmp.errors import DataError

NEEDED = 3  # training, choosing and testing each need a group of every class
ENOUGH = 6  # people, so that test and choice are not one person each
TAKES = re.compile(
    r"(take|rec|recording|trial|run|rep|session|file|sample|data|log|test|train|no|nr)?\d*", re.IGNORECASE
)
PERSON = re.compile(r"(p|s|u|person|subject|subj|user|participant|proband|id)[ _-]?\d+", re.IGNORECASE)


def proposed_grouping(folder: Path, files: Sequence[Path]) -> tuple[GroupBy, GroupBy | None]:
    """Return how to keep people together, and how names tell them: the same, unless they are too few to keep apart."""
    told = told_people(folder, files)
    if told is None:
        return "recording", None
    return (told if fewest_of_a_class(folder, files, told) >= NEEDED else "recording"), told


def told_people(folder: Path, files: Sequence[Path]) -> GroupBy | None:
    """Return what tells people apart: the folders within classes, or how files' names begin or end."""
    if all(len(file.relative_to(folder).parts) > 2 for file in files):
        return "folder"
    kinds: tuple[GroupBy, ...] = ("file-prefix", "file-suffix")
    for kind in kinds:
        classes: dict[str, set[str]] = {}
        for file in files:
            classes.setdefault(group_of(folder, file, kind), set()).add(class_of(folder, file))
        several = len(classes) < len(files) and all(len(seen) > 1 for seen in classes.values())
        alone = len(classes) == 1 and not PERSON.fullmatch(
            next(iter(classes))
        )  # 'rec_01', 'rec_02' ... of anybody
        numbered = kind == "file-suffix" or all(len(name_parts(file)) == 1 for file in files)
        takes = all(TAKES.fullmatch(name) and (numbered or not name.isdecimal()) for name in classes)
        if several and not alone and not takes:
            return kind
    return None


def fewest_of_a_class(folder: Path, files: Sequence[Path], kind: GroupBy) -> int:
    """Return the number of people in the class that has the fewest."""
    people: dict[str, set[str]] = {}
    for file in files:
        people.setdefault(class_of(folder, file), set()).add(group_of(folder, file, kind))
    return min(len(names) for names in people.values())


def people_findings(folder: Path, files: Sequence[Path], kept: GroupBy, told: GroupBy | None) -> list[str]:
    """Return what a user must know of who is in training and who in test."""
    if told is None:
        return [
            "neither folders nor file names tell people apart: the same person may be in training and in test, which "
            "flatters the accuracy; put recordings into <class>/<person>/, or begin their names with the person "
            '(anna_01.csv), and set group_by to "folder" or "file-prefix"'
        ]
    names = sorted({group_of(folder, file, told) for file in files})
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    people = "person" if len(names) == 1 else "people"
    where = {
        "folder": "folders",
        "file-prefix": "beginnings of file names",
        "file-suffix": "ends of file names",
    }[told]
    if kept != told:
        return [
            f"{where} tell {len(names)} {people} ({shown}), fewer than {NEEDED} for a class: they cannot be kept "
            "apart, the same people are in training and in test, and the accuracy holds for them only; record more "
            "people"
        ]
    if len(names) < ENOUGH:
        return [
            f"{where} tell only {len(names)} {people} ({shown}): the test is of {max(1, round(0.2 * len(names)))} of "
            f"them, which says little of others; record {ENOUGH} or more, and look at the score that leaves each "
            "person out once"
        ]
    return []


def check_not_turned(folder: Path, files: Sequence[Path]) -> None:
    """Raise DataError for folders of people that hold folders of classes."""
    outer = {class_of(folder, file) for file in files}
    inner = {part for file in files for part in file.relative_to(folder).parts[1:-1]}
    if (
        inner
        and all(PERSON.fullmatch(name) for name in outer)
        and not any(PERSON.fullmatch(name) for name in inner)
    ):
        raise DataError(
            f"'{folder}' holds folders of people ({', '.join(sorted(outer)[:4])} ...) with folders of classes in them "
            f"({', '.join(sorted(inner)[:4])}); turn them round: {folder}/<class>/<person>/<recording>.csv"
        )

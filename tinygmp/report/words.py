"""Sentences of a report that depend on what the data really are: people kept apart, recordings, or single windows."""

from tinygmp.report.facts import Unknown
from tinygmp.report.record import DataFacts, Report

ONE = {"people": "person", "recordings": "recording", "groups": "group", "windows": "window"}
ALONE = 1


def counted(count: int, what: str) -> str:
    """Return '1 person', '3 people'."""
    return f"{count:,} {ONE.get(what, what) if count == ALONE else what}"


def extent(data: DataFacts) -> str:
    """Return how much data there are: windows, and what they are of, each counted once in the split it belongs to."""
    windows = sum(data.windows.values())
    if data.grouped_by == "windows":
        return f"{windows:,} windows"
    return f"{windows:,} windows of {counted(sum(data.people.values()), data.grouped_by)}"


def split_sentence(data: DataFacts) -> str:
    """Return who is in training and in test, as it is."""
    test = counted(data.people.get("test", 0), data.grouped_by)
    if data.grouped_by == "people":
        return f"The test is of {test}, of whom no window was trained on."
    if data.shared_people:
        known = counted(data.shared_people, "people")
        return (
            f"The test is of {test}; {known} of it {'was' if data.shared_people == ALONE else 'were'} trained on too, "
            "in other recordings, so the accuracy holds for these people, not for strangers."
        )
    if data.grouped_by == "groups":
        return (
            f"The test is of {test}, as the data's own 'groups' name people or recordings, of which no window was "
            "trained on."
        )
    if data.grouped_by == "windows":
        return (
            "The test is of single windows: windows of the same recording or person were trained on, which flatters "
            "the accuracy."
        )
    return (
        f"The test is of {test}, of which no window was trained on; nothing tells whose they are, so the same people "
        "may be in training and in test, which flatters the accuracy."
    )


def left_out_sentence(report: Report) -> str:
    """Return the score of training without each person or recording, with its spread; '' where nobody asked for it."""
    found = report.left_out
    if found is None:
        return ""
    worst = min(found.accuracies, key=lambda name: found.accuracies[name])
    one = ONE.get(found.what, found.what)
    return (
        f"Trained without each {one} in turn and tested on that one: {found.mean_accuracy:.2f} % ± {found.spread:.2f} "
        f"points (standard deviation over {len(found.accuracies)}), the worst {found.accuracies[worst]:.2f} % on "
        f"{worst}."
    )


def unknown_sentences(found: Unknown) -> tuple[str, ...]:
    """Return how often 'none of these' is answered rightly and wrongly."""
    told = (
        f"'None of these' is answered to states farther than {found.threshold:,} from those of training, which lets "
        f"{100 * found.passing_share:g} % of known held-out windows pass; of known test windows it refuses "
        f"{100 * found.false_reject_share:.1f} % (false rejects)."
    )
    if not found.false_accept_shares:
        return (
            told,
            "How many windows of other things it takes for a class was not measured: give --unknown PATH.",
        )
    each = ", ".join(f"{name} {100 * share:.1f} %" for name, share in found.false_accept_shares.items())
    if found.kept_unseen:
        return (
            told,
            "With each class kept from a training of its own, by the recipe, its windows are taken for another "
            "class (false "
            f"accepts, an estimate): {each}.",
        )
    return (told, f"Windows of none of the classes that are taken for one (false accepts): {each}.")

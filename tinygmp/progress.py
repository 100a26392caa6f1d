"""How long work tells where it stands."""

from collections.abc import Callable

OnStep = Callable[[str, int, int], None]  # what is being done, steps done, of how many


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


class Steps:
    """Counts the steps of one piece of work and tells of each as it begins and ends."""

    def __init__(self, on_step: OnStep, total: int) -> None:
        self.on_step = on_step
        self.total = total
        self.done = 0
        self.what = ""

    def begin(self, what: str) -> None:
        self.what = what
        self.on_step(what, self.done, self.total)

    def end(self, what: str = "") -> None:
        self.done += 1
        self.on_step(what or self.what, self.done, self.total)

"""Several trainings as one piece of work, so that a bar's estimate is that of the whole."""

from tinygmp.progress import OnStep


class Journey:
    """Tells of stretches of work, each from 0 to its length, as parts of `total`."""

    def __init__(self, on_step: OnStep, total: int) -> None:
        self.on_step, self.total = on_step, total
        self.before = 0
        self.length = 0

    def __call__(self, what: str, done: int, length: int) -> None:
        """Take one step of a stretch; a stretch begins with `done` 0."""
        if done == 0:
            self.before += self.length
            self.length = length
        self.on_step(what, self.before + done, max(self.total, self.before + length))

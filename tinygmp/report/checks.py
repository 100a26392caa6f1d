"""Checks that passed or failed, as the formats of continuous integration know them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Result = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One check: what was checked (`group` and `name`), how it ended, and one sentence on it.

    `rule` names the kind of check, `place` the file that it is about; `figures` are numbers to keep beside it.
    """

    group: str
    name: str
    rule: str
    result: Result
    sentence: str
    place: str
    details: tuple[str, ...] = ()
    figures: Mapping[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join((self.sentence, *self.details))

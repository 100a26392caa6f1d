"""What pruning spares besides weights: flops, or the time on a core."""

from dataclasses import dataclass

from tinygmp.cost.model import cost_model
from tinygmp.errors import ConfigError

BYTES, FLOPS, TIME = "bytes", "flops", "time:"
OBJECTIVES = (BYTES, FLOPS, f"{TIME}CORE")


@dataclass(frozen=True)
class Goal:
    """What pruning is to spare. objective: one of OBJECTIVES; budget: how much of it stays at most, in multiply-adds or
    instructions, None where a sparsity tells how many weights go. Raises ConfigError for an unknown objective, a budget
    that is not above 0, or one of bytes.
    """

    objective: str = BYTES
    budget: float | None = None

    def __post_init__(self) -> None:
        if self.objective.startswith(TIME):
            cost_model(self.objective.removeprefix(TIME))
        elif self.objective not in (BYTES, FLOPS):
            raise ConfigError(f"objective '{self.objective}' is unknown; known: {', '.join(OBJECTIVES)}")
        if self.budget is not None and (self.objective == BYTES or self.budget <= 0):
            raise ConfigError(
                f"budget {self.budget:g} of {self.objective}: give a number above 0, of flops or time:CORE; bytes "
                "follow from --sparsity"
            )


PLAIN = Goal()

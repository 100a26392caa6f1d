"""DeviceReport: what one artifact costs on one board, whether it says what the reference says, and how we know."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Parity:
    """The answers of a core against the reference's, over some windows.

    `first_differing_step` counts from 0 in the first window whose logits differ; None when none does.
    """

    windows: int
    class_mismatches: int
    logit_mismatches: int  # windows with at least one different logit
    worst_logit_difference: int
    first_differing_window: int | None = None
    first_differing_step: int | None = None

    @property
    def exact(self) -> bool:
        return self.class_mismatches == 0 and self.logit_mismatches == 0


@dataclass(frozen=True)
class DeviceReport:
    """Flash, RAM, stack and work of a program on a board; None where nothing here measures it.

    `instructions_per_step` and `cycles_per_step` are means over all steps run, `worst_...` the largest of one step;
    `cycles_method` says how exact the cycles are. `milliseconds_per_step` comes from cycles and the board's clock.
    """

    board: str
    title: str
    core: str
    compiler: str
    flash_bytes: int
    flash_limit_bytes: int
    weights_bytes: int
    engine_bytes: int
    ram_bytes: int
    ram_limit_bytes: int
    stack_bytes: int | None
    fits: bool
    budget: str
    measured_by: str
    parity: Parity | None = None
    instructions_per_step: float | None = None
    worst_instructions_per_step: int | None = None
    cycles_per_step: float | None = None
    worst_cycles_per_step: int | None = None
    cycles_method: str = ""
    clock_hz: int = 0

    @property
    def windows(self) -> int:
        return self.parity.windows if self.parity else 0

    @property
    def class_mismatches(self) -> int | None:
        return self.parity.class_mismatches if self.parity else None

    @property
    def logit_mismatches(self) -> int | None:
        return self.parity.logit_mismatches if self.parity else None

    @property
    def milliseconds_per_step(self) -> float | None:
        """Mean time of a step at the board's clock, only where cycles are known."""
        return None if self.cycles_per_step is None else 1e3 * self.cycles_per_step / self.clock_hz

    def share_of_period(self, period_ms: float) -> float | None:
        """Return the part of a sampling period that the worst step takes; above 1 the core cannot keep up."""
        if self.worst_cycles_per_step is None:
            return None
        return 1e3 * self.worst_cycles_per_step / self.clock_hz / period_ms

    def microjoules_per_step(self, current_ma: float, volts: float) -> float | None:
        """Return the energy of a mean step from the active current that the user measured or read up."""
        milliseconds = self.milliseconds_per_step
        return None if milliseconds is None else milliseconds * current_ma * volts

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; 'mismatches' counts windows whose class or logits differ."""
        table = asdict(self)
        parity = table.pop("parity") or {"windows": 0}
        table.update(parity)
        table["mismatches"] = None if self.parity is None else max(
            self.parity.class_mismatches, self.parity.logit_mismatches
        )  # fmt: skip
        table["milliseconds_per_step"] = self.milliseconds_per_step
        table["worst_milliseconds_per_step"] = self.share_of_period(1.0)
        return table

"""Check a model on a real board: the example firmware behind a serial line answers like the reference, or not."""

from dataclasses import dataclass

from tinygmp.data.samples import Samples
from tinygmp.device.lab import count_mismatches
from tinygmp.device.report import Parity
from tinygmp.device.serial_run import BAUD, run_over_serial
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run
from tinygmp.progress import OnStep, Steps, silent

WINDOWS_PER_BOARD = 64


@dataclass(frozen=True)
class PortVerification:
    """Parity of a board's answers, microseconds a step by its own clock, free RAM in bytes (None if unknown)."""

    model: str
    data: str
    synthetic: bool
    port: str
    parity: Parity
    mean_step_us: float
    longest_step_us: int
    free_ram_bytes: int | None

    @property
    def passed(self) -> bool:
        """True when every class and every logit equals the integer reference's."""
        return self.parity.exact


def verify_port(
    model: PackedModel,
    windows: Samples,
    port: str,
    windows_per_board: int = WINDOWS_PER_BOARD,
    baud: int = BAUD,
    on_step: OnStep = silent,
) -> PortVerification:
    """Stream `windows_per_board` windows, spread evenly, to the board behind `port` and compare with the reference.

    Raises ConfigError for a port that cannot be opened or firmware of another model's size, SimulationError when the
    board keeps silent or speaks another protocol, MissingToolError where there are no serial ports.
    """
    counts = windows.spread(windows_per_board).first
    steps = Steps(on_step, 2)
    steps.begin(f"running the reference on {len(counts):,} windows")
    expected = run(model, counts)
    steps.end()
    steps.begin(f"streaming {len(counts):,} windows to {port}")
    found = run_over_serial(port, counts, baud)
    steps.end()
    return PortVerification(
        model=model.name,
        data=windows.name,
        synthetic=windows.synthetic,
        port=port,
        parity=count_mismatches(found.result, expected.logits, expected.classes),
        mean_step_us=found.mean_step_us,
        longest_step_us=found.longest_step_us,
        free_ram_bytes=found.free_ram_bytes,
    )

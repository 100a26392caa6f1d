"""What `tinygmp fit` tried and chose for a board, as fit.json holds it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tinygmp.errors import FileFormatError
from tinygmp.foreign import reads
from tinygmp.report.facts import Unknown
from tinygmp.report.plain import from_plain

FIT = "fit.json"


@dataclass(frozen=True)
class Variant:
    """One packed model on a board. accuracy: per cent of held-out windows, by the integer reference.

    float_accuracy: of the network before packing. Coarse rounding may be lucky on held-out windows and on no others, so
    `kept`, the lower of both, is what counts.
    sparsity: fraction of zeros of the trained matrices; bits: '8', '4' or 'mixed'; formats: index and value formats in
    use. flash_bytes and ram_bytes (the stack counted) are the whole program's.
    """

    name: str
    hidden: int
    sparsity: float
    nnz: int
    bits: str
    formats: str
    accuracy: float
    float_accuracy: float
    payload_bytes: int
    flash_bytes: int
    ram_bytes: int
    fits: bool

    @property
    def kept(self) -> float:
        """The accuracy that a choice may count on, per cent."""
        return min(self.accuracy, self.float_accuracy)


@dataclass(frozen=True)
class FitFacts:
    """What `fit` found. test_accuracy: of the choice, per cent, scored after it was made; None without one."""

    name: str
    synthetic: bool
    board: str
    dense_accuracy: float
    max_drop: float
    held_out_windows: int
    variants: tuple[Variant, ...]
    front: tuple[str, ...]
    chosen: str | None
    why: str
    test_accuracy: float | None
    model: str | None
    plot: str | None
    missing: Mapping[str, str]
    unknown: Unknown | None = None


def read_fits(folder: Path) -> tuple[FitFacts, ...]:
    """Return what `fit` found for each board of a run's folder, by name; raises FileFormatError for a damaged file."""
    return tuple(read_fit(path) for path in sorted(folder.glob(f"fit/*/{FIT}")))


@reads("a fit.json", "run `tinygmp fit` again", FileFormatError)
def read_fit(path: Path) -> FitFacts:
    return from_plain(FitFacts, json.loads(path.read_text(encoding="utf-8")), str(path))

"""How packing chooses: ranges of activations, storage formats, and how sums become outputs."""

from dataclasses import dataclass

from tinygmp.errors import ConfigError
from tinygmp.pack.storage import SMALLEST, Storage
from tinygmp.quant.rounding_multiply import ROUNDINGS

METHODS = ("minmax", "percentile", "mse")


@dataclass(frozen=True)
class Calibration:
    """How ranges of activations are chosen, and whether biases make up for the mean error of the integers.

    method: 'minmax' covers every value seen, 'percentile' that share of them, 'mse' tries several ranges of a recurrent
    cell and takes the one whose logits err least; without a cell it is 'minmax'. percentile: 90 to 100, used by
    'percentile'. bias_correction: shift the biases by the mean difference of the sums (Nagel et al. 2019, section 4.2);
    None: always in graphs without a cell, never in graphs with one, where it helps coarse weights only.
    """

    method: str = "mse"
    percentile: float = 99.99
    bias_correction: bool | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"calibration '{self.method}' is unknown; known: {', '.join(METHODS)}")
        if not 90 <= self.percentile <= 100:
            raise ConfigError(f"calibration percentile {self.percentile} is outside 90..100")

    @property
    def share(self) -> float:
        """Percentile of the values that the ranges cover."""
        return self.percentile if self.method == "percentile" else 100.0


MINIMAL_ERROR = Calibration()


@dataclass(frozen=True)
class PackSettings:
    """rounding: of sums that become int8: 'fp32' as LiteRT's default, 'gemmlowp' as TFLite Micro.

    See tinygmp/quant/rounding_multiply.py; a cell has its own arithmetic (docs/arithmetic.md). state_bits: 8 or 16, of
    a cell's state where it enters U and of the vectors between low-rank factors. finer: means over maps have a range of
    their own, 10 to 13 B each, and matrices a scale for each output, 5 B each; of graphs without a state.
    sums: a matrix that gives the answer gives its int32 sums as they are; of graphs without a state.
    """

    storage: Storage = SMALLEST
    calibration: Calibration = MINIMAL_ERROR
    rounding: str = "fp32"
    state_bits: int = 8
    finer: bool = False
    sums: bool = False

    def __post_init__(self) -> None:
        if self.rounding not in ROUNDINGS:
            raise ConfigError(f"rounding '{self.rounding}' is unknown; known: {', '.join(ROUNDINGS)}")


USUAL = PackSettings()

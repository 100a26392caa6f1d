"""How closely a converted model agrees with the integer reference, and how closely it must.

The reference multiplies the state's top byte and reads a 33-entry gate table; float back ends do neither, so they
can only agree within what that amounts to over a window. The limits stand here and nowhere else; which form has which,
tinygmp/verify/forms.py tells.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinygmp.errors import DataError
from tinygmp.graph.model import PackedModel
from tinygmp.graph.reference.run import run


@dataclass(frozen=True)
class Tolerance:
    """Largest fraction of windows with another class, and largest logit difference in standard deviations.

    The standard deviation is that of the reference's logits over all windows and classes.
    """

    mismatch_fraction: float
    logit_deviation: float


SAME_BITS = Tolerance(0.0, 0.0)
# Cells, trained networks, windows of 128 steps: on HAR-2 at most 7 of 2,947 other classes (0.24 %), worst logit 0.15.
REAL_CELL = Tolerance(0.01, 0.5)
# Runtimes that round int8 by another rule than the model, and float ones that do not round activations at all.
# MobileNet-V1 0.25 with 1,000 classes, where many images lie near a tie, on 500 images of the ImageNet sample:
# int8 at most 6.4 % other classes and 0.22 deviations, real at most 10.2 % and 0.55.
INT8_GRAPH = Tolerance(0.10, 1.0)
REAL_GRAPH = Tolerance(0.15, 3.0)
# TFLite's int16 in place of int32 sums, all else equal: half a unit of 1/32767 of the largest sum.
SUMS_AS_INT16 = Tolerance(0.01, 0.05)
# Operators that TFLite's kernels compute in floats: units by which their outputs may differ where all else is equal.
SPARED_UNITS: Mapping[str, int] = {"Softmax": 1}


@dataclass(frozen=True)
class Agreement:
    """What a converted model answered beside the reference, over all windows."""

    form: str
    windows: int
    mismatches: int  # windows whose class differs
    worst_logit: float  # largest logit difference, in standard deviations of the reference's logits
    typical_logit: float  # root mean square of the same

    def within(self, limit: Tolerance) -> bool:
        """True when both limits hold; a fraction of a window counts as one, so that few windows can be judged."""
        allowed = math.ceil(limit.mismatch_fraction * self.windows)
        return self.mismatches <= allowed and self.worst_logit <= limit.logit_deviation


def compare(form: str, model: PackedModel, counts: np.ndarray, logits: np.ndarray) -> Agreement:
    """Compare real logits [windows, classes] with the reference's on the same int16 counts.

    Raises DataError when the logits have another shape.
    """
    reference = run(model, counts)
    expected = reference.logits * model.output.scale
    if logits.shape != expected.shape:
        raise DataError(
            f"{form}: logits have shape {logits.shape}, the reference's have {expected.shape}; run the same windows"
        )
    return agree(form, logits, expected, logits.argmax(axis=1), reference.classes)


def agree(
    form: str,
    logits: np.ndarray,
    expected: np.ndarray,
    classes: np.ndarray,
    expected_classes: np.ndarray,
    bitwise: bool = False,
) -> Agreement:
    """Compare real logits [inputs, classes] and classes [inputs] with the expected ones.

    bitwise: an input with any other logit counts as a mismatch, not only one with another class.
    """
    return summed_up(form, deviations(logits, expected), classes != expected_classes, bitwise)


def deviations(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return how far each element is off, in standard deviations of the expected ones."""
    return np.abs(found - expected) / (float(expected.std()) or 1.0)


def summed_up(form: str, difference: np.ndarray, wrong: np.ndarray, bitwise: bool) -> Agreement:
    """Return the agreement of differences [inputs, elements] in deviations and wrong classes bool [inputs]."""
    if bitwise:
        wrong = wrong | (difference > 0).any(axis=1)
    return Agreement(
        form=form,
        windows=len(difference),
        mismatches=int(wrong.sum()),
        worst_logit=float(difference.max(initial=0)),
        typical_logit=float(np.sqrt((difference**2).mean())) if difference.size else 0.0,
    )

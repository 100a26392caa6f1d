"""Variants of a model by bytes and accuracy: which are worth having, and which one a board should get."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tinygmp.errors import ConfigError
from tinygmp.report.fits import Variant

Prefer = Literal["smallest", "accurate"]


@dataclass(frozen=True)
class Choice:
    """The variant for a board, None when none does; `why` says so in one sentence with figures and a remedy."""

    variant: Variant | None
    why: str


def pareto_front(variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """Return the variants that no other beats in flash bytes without losing accuracy, fewest bytes first."""
    front: list[Variant] = []
    for variant in sorted(variants, key=lambda one: (one.flash_bytes, -one.kept)):
        if not front or variant.kept > front[-1].kept:
            front.append(variant)
    return tuple(front)


def choose(variants: Sequence[Variant], dense_accuracy: float, max_drop: float, prefer: Prefer) -> Choice:
    """Return the smallest, or the most accurate, variant that fits and loses at most `max_drop` points.

    dense_accuracy: of the dense float network on the same held-out windows, per cent.
    """
    if not variants:
        raise ConfigError("no variant to choose from")
    least = dense_accuracy - max_drop
    fitting = [variant for variant in variants if variant.fits]
    good = [variant for variant in fitting if variant.kept >= least - 1e-9]
    if good:
        if prefer == "smallest":
            chosen = min(good, key=lambda one: (one.flash_bytes, -one.kept))
        else:
            chosen = min(good, key=lambda one: (-one.kept, one.flash_bytes))
        return Choice(chosen, f"the {prefer} of {len(good)} variants that fit and keep {least:.2f} % or more")
    return Choice(None, why_none(variants, fitting, dense_accuracy, least))


def why_none(
    variants: Sequence[Variant], fitting: Sequence[Variant], dense_accuracy: float, least: float
) -> str:
    """Return why no variant will do, and the nearest misses on either side."""
    told = []
    if fitting:
        best = max(fitting, key=lambda one: (one.kept, -one.flash_bytes))
        drop = dense_accuracy - best.kept
        told.append(f"the best that fits has {best.kept:.2f} %: --max-drop {drop:.2f} would take it")
    else:
        smallest = min(variants, key=lambda one: (one.flash_bytes, one.ram_bytes))
        told.append(
            f"none fits, the smallest takes {smallest.flash_bytes:,} B flash and {smallest.ram_bytes:,} B RAM"
        )
    good = [variant for variant in variants if variant.kept >= least - 1e-9]
    if good:
        smallest = min(good, key=lambda one: one.flash_bytes)
        told.append(
            f"the smallest that keeps {least:.2f} % takes {smallest.flash_bytes:,} B flash, {smallest.ram_bytes:,} B "
            "RAM"
        )
    else:
        told.append(f"none keeps {least:.2f} %: more data, more hidden units or more epochs may")
    return "; ".join(told)

"""Fields of a description that a file holds, each read as the type it must have: no forged file gets further."""

import math
import sys
from typing import Any

from tinygmp.errors import FileFormatError

LONGEST_TEXT = 4096  # of a label, a unit, a note on provenance
Description = dict[str, Any]


def integer(value: object, key: str) -> int:
    if type(value) is not int:  # True is no number, 3.0 no integer
        raise FileFormatError(f"{key} is {str(value)[:40]}, expected an integer")
    return value


def number(value: object, key: str) -> float:
    """Return a finite number of 0 or more."""
    if type(value) not in (int, float) or not 0 <= value <= sys.float_info.max:  # type: ignore[operator]
        raise FileFormatError(f"{key} is {str(value)[:40]}, expected a number of 0 or more")
    return float(value)  # type: ignore[arg-type]


def bound(value: object, key: str, missing: float) -> float:
    """Return a finite number, or `missing` for null."""
    if value is None:
        return missing
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise FileFormatError(f"{key} is {str(value)[:40]}, expected a number or null")
    return float(value)  # type: ignore[arg-type]


def text(value: object, key: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise FileFormatError(
            f"{key} is {str(value)[:40]}, expected text of at most {LONGEST_TEXT} characters"
        )
    value.encode()  # a lone surrogate, which no source text can hold, raises ValueError
    return value


def items(value: object, key: str) -> list[Any]:
    if not isinstance(value, list):
        raise FileFormatError(f"{key} is {str(value)[:40]}, expected a list")
    return value


def texts(value: object, key: str) -> tuple[str, ...]:
    return tuple(text(each, key) for each in items(value, key))


def integers(value: object, key: str) -> tuple[int, ...]:
    return tuple(integer(each, key) for each in items(value, key))


def table(value: object, key: str) -> Description:
    if not isinstance(value, dict):
        raise FileFormatError(f"{key} is {str(value)[:40]}, expected named fields")
    return value

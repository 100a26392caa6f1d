"""Records that refuse figures that cannot be."""

import math
from dataclasses import fields

from tinygmp.errors import RangeError

LARGEST = {
    "accuracy": 100.0,
    "sparsity": 1.0,
    "share": 1.0,
}  # by the end of a field's name; anything else has no upper limit


class Checked:
    """Refuses figures that cannot be: negative, not finite, above 100 % or above 1."""

    def __post_init__(self) -> None:
        for entry in fields(self):  # type: ignore[arg-type]
            value = getattr(self, entry.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            largest = next((top for end, top in LARGEST.items() if entry.name.endswith(end)), math.inf)
            if not (0 <= value <= largest and math.isfinite(value)):
                raise RangeError(
                    f"report: {type(self).__name__}.{entry.name} {value} is outside 0..{largest:g}; accuracies are "
                    "per cent, sparsities fractions"
                )

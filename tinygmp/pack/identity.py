"""What a packed model is called and where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PackIdentity:
    """name: a lower-case C identifier; labels: class names, or none; provenance: data, synthetic, seed, rate_hz ..."""

    name: str
    labels: tuple[str, ...]
    provenance: Mapping[str, str]

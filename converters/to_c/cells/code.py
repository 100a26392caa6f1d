"""What the C of one cell of 16 bits consists of."""

from collections.abc import Sequence
from dataclasses import dataclass

from converters.to_c.arrays import ConstantArray
from converters.to_c.readers import Reader
from tinygmp.quant.requantize import Requantizer


@dataclass(frozen=True)
class Field:
    """An int16 array in the caller's state; kept: from one step to the next."""

    name: str
    size: int
    kept: bool = False


@dataclass(frozen=True)
class CellCode:
    """fields: of the state. step: statements in a block of their own. output: the vector that it writes, in C."""

    readers: tuple[Reader, ...]
    kernels: tuple[str, ...]
    arrays: tuple[ConstantArray, ...]
    definitions: str
    fields: tuple[Field, ...]
    step: str
    output: str


def requantizer(by: Requantizer, limit: int) -> str:
    """Return the initialiser of a tg_requantizer; limit: the largest magnitude of what it scales."""
    return f"{{ {by.pre_shift}, {by.multiplier}, {by.post_shift}, {limit} }}"


def declared(readers: Sequence[Reader]) -> list[str]:
    """Return the declarations of readers."""
    return [f"{each.struct} {each.rows};" for each in readers]


def copied(target: str, source: str, size: int) -> list[str]:
    """Return the statements that copy int16 values; `unit` is declared."""
    return [f"for (unit = 0; unit < {size}u; unit++) {{", f"    {target}[unit] = {source}[unit];", "}"]


def block(lines: Sequence[str]) -> str:
    """Return statements within braces."""
    return "\n".join(["{", *(f"    {line}" for line in lines), "}"])

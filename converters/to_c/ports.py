"""The parameters of a graph's function in C: its inputs and outputs."""

from collections.abc import Sequence
from dataclasses import dataclass

from converters.to_c.arrays import C_TYPES
from tinygmp.graph.model import PackedModel
from tinygmp.graph.operators.pixel_input import PixelInput
from tinygmp.graph.values import Value

# What a parameter cannot be called: the locals of the function, and words of C and C++.
WORDS = """
    scratch words map rows at best i
    alignas alignof and asm auto bitand bitor bool break case catch char class compl const constexpr continue decltype
    default delete do double else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new noexcept not nullptr operator or private protected public register reinterpret_cast restrict return
    short signed sizeof static static_assert static_cast struct switch template this throw true try typedef typeid
    typename typeof union unsigned using virtual void volatile wchar_t while xor
    int8_t uint8_t int16_t uint16_t int32_t uint32_t
"""
TAKEN = frozenset(WORDS.split())
PIXEL_OFFSET = 128  # int8 = pixel - 128


@dataclass(frozen=True)
class Port:
    """An input or output of the generated function: its value, what C calls it and what its integers mean."""

    name: str  # the parameter
    value: str
    c_type: str
    size: int
    bytes: int
    shape: tuple[int, ...]
    limits: tuple[int, int]
    scale: float  # 0 where there is no single one
    zero_point: int

    def formula(self, integer: str) -> str:
        """Return what an integer means, as text."""
        sign = "-" if self.zero_point >= 0 else "+"
        shifted = f"({integer} {sign} {abs(self.zero_point)})" if self.zero_point else integer
        return f"{self.scale:.6g} * {shifted}"


def ports(model: PackedModel, names: Sequence[str]) -> list[Port]:
    """Return the parameters for inputs or outputs: 'pixels' and 'logits' where there is one, else by name."""
    found = []
    of_others = ("logits",) if names == model.inputs else ("pixels", "in")
    for name in names:
        value = model.values[name]
        called = name.replace(".", "_").lower()
        if len(names) == 1:
            called = ("pixels" if value.dtype == "uint8" else "in") if names == model.inputs else "logits"
        elif called in TAKEN or called in of_others:
            called = f"{called}_"
        kind, (scale, zero_point) = C_TYPES[value.dtype], meaning_of(model, value)
        found.append(
            Port(called, name, kind, value.size, value.bytes, value.shape, value.limits, scale, zero_point)
        )
    return found


def meaning_of(model: PackedModel, value: Value) -> tuple[float, int]:
    """Return scale and zero point; those of pixels are of what the first layer makes of them."""
    for node in model.nodes:
        if isinstance(node.operator, PixelInput) and value.name in node.reads:
            (written,) = model.written_by(node)
            return written.scale, written.zero_point + PIXEL_OFFSET
    return value.scale, value.zero_point

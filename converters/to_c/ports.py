"""The parameters of a graph's function in C: its inputs and outputs."""

from collections.abc import Sequence
from dataclasses import dataclass

from converters.to_c.arrays import C_TYPES
from tinygmp.graph.model import PackedModel

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


@dataclass(frozen=True)
class Port:
    """An input or output of the generated function: its value and what C calls it."""

    name: str  # the parameter
    value: str
    c_type: str
    size: int
    bytes: int


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
        found.append(Port(called, name, C_TYPES[value.dtype], value.size, value.bytes))
    return found

"""The kernels under runtime/, joined into one text with only what a model needs."""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

GUARD = re.compile(r"^#ifndef (TG_\w+_C)\n#define \1\n(.*)#endif /\* \1 \*/\n", re.DOTALL)
INCLUDE = re.compile(r'^#include "(tg_\w+\.[ch])"\n', re.MULTILINE)


@cache
def kernel_text(name: str) -> str:
    return resources.files("converters.to_c").joinpath("runtime", name).read_text()


def joined_kernels(
    names: tuple[str, ...], instead: Mapping[str, str] | None = None, before: tuple[str, ...] = ()
) -> str:
    """Return the named kernels and everything they include, each once, what is used before what uses it.

    instead: sources to take in place of included ones; before: those that stand already.
    """
    order = kernel_order(names, instead, before)[len(before) :]
    return "\n".join(INCLUDE.sub("", GUARD.sub(r"\2", kernel_text(name))).strip() + "\n" for name in order)


def kernel_order(
    names: tuple[str, ...], instead: Mapping[str, str] | None = None, before: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return the names of the files that joined_kernels joins, those that stand already first."""
    order = list(before)
    for name in names:
        visit(name, order, instead or {})
    return tuple(order)


def visit(name: str, order: list[str], instead: Mapping[str, str]) -> None:
    name = instead.get(name, name)
    if name in order:
        return
    for included in INCLUDE.findall(kernel_text(name)):
        visit(included, order, instead)
    order.append(name)

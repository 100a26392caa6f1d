"""Frozen records to plain JSON values and back, led by their type hints."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from tinygmp.errors import FileFormatError, RangeError

Record = TypeVar("Record")


def to_plain(value: Any) -> Any:
    """Return dicts, lists and scalars for records, mappings and tuples; numpy scalars become Python's own."""
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: to_plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(entry) for entry in value]
    return value.item() if hasattr(value, "item") else value


def from_plain(kind: type[Record], plain: Any, where: str) -> Record:
    """Return a record of plain values; `where` names them in errors. Raises FileFormatError for what does not fit."""
    if not isinstance(plain, dict):
        raise FileFormatError(f"{where}: expected an object, found {plain!r}")
    hints = get_type_hints(kind)
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    for key in plain:
        if key not in known:
            raise FileFormatError(f"{where}.{key}: is unknown; known: {', '.join(known)}")
    values = {}
    for name, entry in known.items():
        if name in plain:
            values[name] = read_value(hints[name], plain[name], f"{where}.{name}")
        elif entry.default is MISSING and entry.default_factory is MISSING:
            raise FileFormatError(f"{where}.{name}: is missing")
    try:
        return kind(**values)
    except RangeError as error:
        raise FileFormatError(f"{where}: {error}") from error


def read_value(hint: Any, plain: Any, where: str) -> Any:
    """Return a value of a type hint: a record, mapping, tuple, optional or scalar."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if plain is None and type(None) in inner:
            return None
        return read_value(next(entry for entry in inner if entry is not type(None)), plain, where)
    if is_dataclass(hint):
        return from_plain(hint, plain, where)  # type: ignore[arg-type]
    if origin is tuple:
        expect(list, plain, where)
        return tuple(read_value(inner[0], entry, f"{where}[{index}]") for index, entry in enumerate(plain))
    if origin is Mapping:
        expect(dict, plain, where)
        return {key: read_value(inner[1], entry, f"{where}.{key}") for key, entry in plain.items()}
    if hint is float and type(plain) is int:
        return float(plain)
    expect(hint, plain, where)
    return plain


def expect(kind: type, plain: Any, where: str) -> None:
    if type(plain) is not kind:
        raise FileFormatError(f"{where}: expected {kind.__name__}, found {plain!r}")

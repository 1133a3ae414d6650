"""What a type allows, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import inspect

from gateway.config.toml_text import literal


def words(info: inspect.Type) -> str:
    """Say what may be written for a type: ``a number above 0, at most 3600``."""
    return _text(info, is_many=False)


def choice(values: Sequence[str]) -> str:
    """Say that one of ``values`` may be written."""
    return f"one of {', '.join(values)}"


def number(value: float) -> str:
    """Return a number as TOML has it, large ones in groups: ``65_536``."""
    return literal(int(value) if value == int(value) else value)


def _text(info: inspect.Type, is_many: bool) -> str:
    match info:
        case inspect.Metadata():
            return _text(info.type, is_many)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"{'whole numbers' if is_many else 'a whole number'}{_range(info)}"
        case inspect.FloatType():
            return f"{'numbers' if is_many else 'a number'}{_range(info)}"
        case inspect.StrType():
            return "texts" if is_many else "a text"
        case inspect.DictType():
            return f"a table of {_text(info.value_type, is_many=True)}"
        case inspect.VarTupleType() | inspect.ListType() | inspect.SetType():
            return f"{'lists' if is_many else 'a list'} of {_text(info.item_type, is_many=True)}"
        case inspect.UnionType():
            return " or ".join(_text(each, is_many) for each in info.types)
        case inspect.LiteralType():
            return choice([str(value) for value in info.values])
    return "a value"


def _range(info: Any) -> str:
    low, high = info.ge, info.le
    if low is not None and high is not None:
        return f" from {number(low)} to {number(high)}"
    bounds = ((info.gt, "above"), (low, "at least"), (info.lt, "below"), (high, "at most"))
    said = [f"{word} {number(bound)}" for bound, word in bounds if bound is not None]
    return f" {', '.join(said)}" if said else ""

"""Values as TOML text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_GROUPED_FROM: Final = 10_000
_WIDE: Final = 60  # a longer list has a line for each item


def literal(value: Any) -> str:
    """Return ``value`` on one line: text, number, truth, list or table of these."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case int():
            return f"{value:_}" if abs(value) >= _GROUPED_FROM else str(value)
        case float():
            return repr(value)
        case Mapping():
            inside = ", ".join(f"{_name(key)} = {literal(each)}" for key, each in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case Sequence():
            return f"[{', '.join(map(literal, value))}]"
    raise TypeError(f"{type(value).__name__} is no type of TOML")


def assignment(name: str, value: Any) -> list[str]:
    """Return the lines of ``name = value``; a long list has a line for each item."""
    line = f"{_name(name)} = {literal(value)}"
    if len(line) <= _WIDE or isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        return [line]
    return [f"{_name(name)} = [", *(f"  {literal(each)}," for each in value), "]"]


def _name(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's too; DEL is the one that JSON leaves alone and TOML does not.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

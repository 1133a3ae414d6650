"""What is in force, as TOML that can be read again and as an object. Pure. Never a password."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.config.keys import Key, Section, whole
from gateway.config.reading import Settings
from gateway.config.toml_text import assignment
from gateway.redaction import redacted

_COLUMN = 40  # where an origin stands, if the line leaves room


def as_toml(settings: Settings) -> str:
    """Return every key with its value, and behind what is not the default where it comes from."""
    parts = ["\n".join(_section(settings, section)) for section in whole().walk() if section.keys]
    return "\n\n".join(parts) + "\n"


def as_object(settings: Settings) -> dict[str, Any]:
    """Return the same as tables, and by key where what was set comes from."""
    config: dict[str, Any] = {}
    for section in whole().walk():
        table = config
        for name in section.path:
            table = table.setdefault(name, {})
        table |= {key.path[-1]: value_of(settings, key) for key in section.keys}
    return {
        "config": config,
        "origins": dict(settings.origins),
        "warnings": list(settings.remarks),
    }


def value_of(settings: Settings, key: Key) -> Any:
    """Return the value of a key, without passwords."""
    value: Any = settings.config
    for name in key.path:
        value = getattr(value, name)
    return _clean(value)


def _section(settings: Settings, section: Section) -> Iterator[str]:
    if section.path:
        yield f"[{section.name}]"
    for key in section.keys:
        first, *more = assignment(key.path[-1], value_of(settings, key))
        origin = settings.origins.get(key.name)
        yield f"{first:<{_COLUMN}}# {origin}" if origin else first
        yield from more


def _clean(value: Any) -> Any:
    match value:
        case str():
            return redacted(value)
        case tuple() | list() | frozenset() | set():
            return [_clean(each) for each in value]
        case dict():
            return {name: _clean(each) for name, each in value.items()}
    return value

"""Values by path → a configuration, with a problem for every value that will not do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import inspect

from gateway.config import toml_text
from gateway.config.keys import LISTS, Key, Path, Section, suggestion, whole
from gateway.config.whole import Config
from gateway.errors import ConfigError
from gateway.redaction import redacted

_WIDTH = 60  # characters of a wrong value


def build(
    values: Mapping[Path, Any], origins: Mapping[Path, str]
) -> tuple[Config, list[ConfigError]]:
    """Return the configuration and what is wrong; a wrong value is left at its default.

    ``origins`` names, for every path, what is to be blamed: a file, or the key's variable.
    """
    problems: list[ConfigError] = []
    config = _table(whole(), values, origins, problems)
    assert isinstance(config, Config)
    return config, problems


def _table(
    section: Section,
    values: Mapping[Path, Any],
    origins: Mapping[Path, str],
    problems: list[ConfigError],
) -> Any:
    before, fields = len(problems), {}
    for key in section.keys:
        if key.path in values:
            try:
                fields[key.path[-1]] = convert(key, values[key.path])
            except ValueError as exc:
                problem, _, remedy = str(exc).partition("; ")
                problems.append(blame(key, origins[key.path], problem, remedy))
    for below in section.sections:
        fields[below.path[-1]] = _table(below, values, origins, problems)
    try:
        return section.struct(**fields)
    except ValueError as exc:
        # What holds between keys can only be judged with all of them.
        if len(problems) == before:
            problems.append(_between_keys(section, origins, str(exc)))
        return section.struct()


def convert(key: Key, value: Any) -> Any:
    """Return ``value`` as ``key`` has it; raises ValueError with what is allowed."""
    try:
        found = msgspec.convert(value, key.type)
    except msgspec.ValidationError as exc:
        example = f", as {key.example}" if key.example else ""
        raise ValueError(f"{_wrong(key, value)}; write {key.allowed}{example}") from exc
    if key.choices and found not in key.choices:
        near = suggestion(str(found), key.choices)
        more = f" (did you mean {near}?)" if near else ""
        raise ValueError(f"is {shown(found)}; write {key.allowed}{more}")
    return found


def blame(key: Key, origin: str, problem: str, remedy: str) -> ConfigError:
    """Return the error for a value: a variable names its key itself."""
    where = "" if origin == key.variable else key.name
    return ConfigError(origin, problem, remedy, where)


def _between_keys(section: Section, origins: Mapping[Path, str], text: str) -> ConfigError:
    """Return the error for what a table says of its keys, the first quoted one of which is it."""
    named = [key for key in section.keys if f"'{key.path[-1]}'" in text]
    named.sort(key=lambda key: text.index(f"'{key.path[-1]}'"))
    origin = origins[named[0].path] if named else next(iter(origins.values()))
    problem, _, remedy = text.partition("; ")
    remedy = remedy or "correct it, or remove it for the default"
    return ConfigError(origin, problem, remedy, section.name)


def _wrong(key: Key, value: Any) -> str:
    """Say what of ``value`` will not do: all of it, or the first such item."""
    match value:
        case dict() if isinstance(key.info, inspect.DictType):
            for name, item in value.items():
                if not _fits(key, {name: item}):
                    return f"has {redacted(toml_text.literal({name: item})[2:-2])}"
        case list() if isinstance(key.info, LISTS):
            for item in value:
                if not _fits(key, [item]):
                    return f"has {shown(item)}"
    return f"is {shown(value)}"


def _fits(key: Key, value: Any) -> bool:
    try:
        msgspec.convert(value, key.type)
    except msgspec.ValidationError:
        return False
    return True


def shown(value: Any) -> str:
    """Return a wrong value as messages have it: short, and without passwords."""
    text = redacted(repr(value))
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"

"""TOML text and environment → a configuration, or every problem in them. Pure.

Later layers win over earlier ones, key by key: defaults, file, environment. (The command line comes
last: ``overrides``.) A problem is a ConfigError that names where the value comes from, the key and
what is allowed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.config.building import build, shown
from gateway.config.environment import variables
from gateway.config.keys import Path, Section, keys, suggestion, whole
from gateway.config.subscriptions import wrong_names
from gateway.config.whole import Config
from gateway.errors import ConfigError

# One or the other: where a later layer has one of them, the other of earlier ones does not count.
_EITHER: Final = (
    (("upstream", "ws"), ("upstream", "rest")),
    (("upstream", "preset"), ("upstream", "endpoints")),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration with where its values come from: a file's or a variable's name.

    ``origins`` is by key, as ``book.levels``, and has those that were set. ``remarks`` are for the
    user: what looks like a setting and is none.
    """

    config: Config = field(default_factory=Config)
    origins: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def read(text: str, path: str) -> Config:
    """Make a configuration from TOML text; ``path`` names it in errors. Raises ConfigError."""
    return settle(text, path, {}).config


def settle(text: str, path: str, environment: Mapping[str, str]) -> Settings:
    """Make settings from TOML text and environment; raises ConfigError, for the first problem."""
    settings, problems = examine(text, path, environment)
    if problems:
        first, more = problems[0], len(problems) - 1
        if more:
            file = f" {path}" if text else ""
            first.remedy += f" ({more} more: see 'gateway config check{file}')"
        raise first
    return settings


def examine(
    text: str, path: str, environment: Mapping[str, str]
) -> tuple[Settings, list[ConfigError]]:
    """Make settings, and list every problem; where there is one, the settings mean nothing."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        return Settings(), [ConfigError(path, f"is not TOML: {exc}", "correct that line")]
    except RecursionError:
        return Settings(), [
            ConfigError(path, "is nested too deeply", "write flat lists and tables")
        ]
    problems = list(_misplaced(table, whole(), path))
    found = variables(environment)
    values, origins = dict(_leaves(table, whole())), dict.fromkeys(keys(), path)
    for one, other in (_EITHER, _EITHER[::-1]):
        if any(_is_below(key, one) for key in found.values):
            values = {key: value for key, value in values.items() if not _is_below(key, other)}
    values |= found.values
    origins |= found.origins
    config, wrong = build(values, origins)
    problems += wrong
    named = {keys()[key].name: origins[key] for key in values}
    problems += wrong_names(config, named.get("subscribe", path))
    return Settings(config, named, found.remarks), problems


def _misplaced(table: dict[str, Any], section: Section, path: str) -> Iterator[ConfigError]:
    """Yield a problem for every key that is none, and for every table that is no table."""
    below = {each.path[-1]: each for each in section.sections}
    allowed = [*(key.path[-1] for key in section.keys), *below]
    for name, value in table.items():
        where = ".".join((*section.path, name))
        if name not in allowed:
            yield ConfigError(path, "unknown key", _instead(name, allowed), where)
        elif name in below and not isinstance(value, dict):
            remedy = f"write a table, as [{where}]"
            yield ConfigError(path, f"is {shown(value)}", remedy, where)
        elif name in below:
            yield from _misplaced(value, below[name], path)


def _instead(name: str, allowed: list[str]) -> str:
    """Say which key was meant, here or in another table, and which there are here."""
    elsewhere = [key.name for key in keys().values() if key.path[-1] == name]
    near = suggestion(name, allowed) or (elsewhere[0] if len(elsewhere) == 1 else "")
    return f"{f'did you mean {near}? ' if near else ''}allowed: {', '.join(allowed)}"


def _leaves(table: dict[str, Any], section: Section) -> Iterator[tuple[Path, Any]]:
    """Yield path and value of every key that ``table`` sets."""
    for key in section.keys:
        if key.path[-1] in table:
            yield key.path, table[key.path[-1]]
    for below in section.sections:
        inner = table.get(below.path[-1])
        if isinstance(inner, dict):
            yield from _leaves(inner, below)


def _is_below(path: Path, heads: tuple[Path, ...]) -> bool:
    return any(path[: len(head)] == head for head in heads)

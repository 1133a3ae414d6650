"""Every key of the configuration, as the tables have it: path, type, default, meaning. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from typing import Any, Final

import msgspec
from msgspec import inspect

from gateway.config import limits, toml_text
from gateway.config.base import Table
from gateway.config.whole import Config

PREFIX: Final = "GATEWAY_"
LISTS: Final = (inspect.VarTupleType, inspect.ListType, inspect.SetType)
_NEAR: Final = 0.7  # of difflib's ratio
_BEGIN: Final = 2  # letters: one is the begin of anything

Path = tuple[str, ...]


@dataclass(frozen=True)
class Key:
    """One key. ``type`` is what msgspec converts to, ``default`` the value without a file."""

    path: Path
    type: Any
    default: Any

    @property
    def name(self) -> str:
        """As messages have it: ``book.levels``."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The variable of the environment that sets it: ``GATEWAY_BOOK_LEVELS``."""
        return PREFIX + "_".join(self.path).upper()

    @cached_property
    def info(self) -> inspect.Type:
        """What msgspec knows of its type, without description and choices."""
        found = inspect.type_info(self.type)
        return found.type if isinstance(found, inspect.Metadata) else found

    @property
    def description(self) -> str:
        """What it means, with its unit."""
        return str(self._schema.get("description", ""))

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that are allowed; empty where a type and limits say it."""
        return tuple(self._schema.get("enum", ()))

    @property
    def allowed(self) -> str:
        """What may be written, in words: ``a whole number from 1 to 2_040``."""
        return limits.choice(self.choices) if self.choices else limits.words(self.info)

    @property
    def is_limited(self) -> bool:
        """Whether ``allowed`` tells more than that texts are texts, and truths true or false."""
        plain = {"a text", "a list of texts", "true or false"}
        return self.allowed not in plain

    @property
    def example(self) -> str:
        """A value worth seeing, as TOML; empty where the default is one."""
        found = self._schema.get("examples", ())
        return toml_text.literal(found[0]) if found else ""

    @cached_property
    def _schema(self) -> dict[str, Any]:
        found = inspect.type_info(self.type)
        extra = found.extra_json_schema if isinstance(found, inspect.Metadata) else None
        return extra or {}


@dataclass(frozen=True, slots=True)
class Section:
    """A table: its keys, and its tables below."""

    path: Path
    struct: type[Table]
    keys: tuple[Key, ...]
    sections: tuple[Section, ...]

    @property
    def name(self) -> str:
        """As a TOML header has it: ``upstream.endpoints``; empty for the whole."""
        return ".".join(self.path)

    @property
    def description(self) -> str:
        """What it is for."""
        return (self.struct.__doc__ or "").strip()

    def walk(self) -> Iterator[Section]:
        """Yield it and all below, in the order of a file."""
        yield self
        for section in self.sections:
            yield from section.walk()


@cache
def whole() -> Section:
    """Return the section of everything."""
    return _section((), Config, Config())


@cache
def keys() -> dict[Path, Key]:
    """Return every key by its path, in the order of a file."""
    return {key.path: key for section in whole().walk() for key in section.keys}


def suggestion(given: str, allowed: Sequence[str]) -> str:
    """Return which of ``allowed`` was meant by ``given``; empty where none is near."""
    longer = [name for name in allowed if name.startswith(given)]
    if len(longer) == 1 and len(given) >= _BEGIN:
        return longer[0]
    near = get_close_matches(given, allowed, n=1, cutoff=_NEAR)
    return near[0] if near else ""


def _section(path: Path, struct: type[Table], default: Table) -> Section:
    found, below = [], []
    for field in msgspec.structs.fields(struct):
        here, value = (*path, field.name), getattr(default, field.name)
        if isinstance(value, Table):
            below.append(_section(here, type(value), value))
        else:
            found.append(Key(here, field.type, value))
    return Section(path, struct, tuple(found), tuple(below))

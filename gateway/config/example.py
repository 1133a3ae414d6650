"""An example of a configuration file: every key with its meaning, limits and default. Pure.

Made from the tables, so that it has what they have. Prose has a space behind its ``#``; a setting
has none, so that taking the ``#`` away is all it takes to change one.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from gateway.config.keys import Key, Section, whole
from gateway.config.toml_text import assignment

_WIDTH = 98
_HEAD = """\
# Configuration of a gateway. Every key is here with its default; take the '#' away to change one.
# A variable of the environment sets a key too, and wins over this file: GATEWAY_ and the key's path
# in capitals, as GATEWAY_BOOK_LEVELS=50. What is wrong is named by 'gateway config check FILE'.
# For an editor: 'gateway config schema > gateway.schema.json', and as the first line here
# #:schema ./gateway.schema.json
"""


def example() -> str:
    """Return the text of the file."""
    parts = [_HEAD.rstrip("\n")]
    for section in whole().walk():
        parts += _section(section)
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> Iterator[str]:
    """Yield what parts a table has: its head with its first key, then each other key."""
    if section.path and not section.keys:
        return
    head = [*_prose(section.description), f"[{section.name}]"] if section.path else []
    for key in section.keys:
        yield "\n".join([*head, *_key(key)])
        head = []


def _key(key: Key) -> Iterator[str]:
    example = f" Example: {key.example}" if key.example else ""
    limits = f" {key.allowed[:1].upper()}{key.allowed[1:]}." if key.is_limited else ""
    yield from _prose(f"{key.description}{limits}{example}")
    yield from (f"#{line.lstrip()}" for line in assignment(key.path[-1], key.default))


def _prose(text: str) -> list[str]:
    lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"# {line}" for line in lines]

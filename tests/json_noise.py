"""JSON written in odd but valid ways: white space, escapes, unknown members, keys sent twice."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

_SPACE = ("", "", "", "", " ", "\n", "\t", "\r\n", "   ")
_TEXTS = ("", "x", "MARKET", 'quo"te', "back\\slash", "{[}]", "tab\t", "测试", "\U0001f680", "/")
_NUMBERS = ("0", "-1", "12345678901234567890123", "1.5", "-0.0", "1e5", "2E-7", "true", "null")


@dataclass(frozen=True)
class Literal:
    """JSON that stands for itself: a number, true, false, null."""

    text: str


@dataclass(frozen=True)
class Members:
    """A JSON object that may name a key twice."""

    pairs: tuple[tuple[str, Any], ...]


def text_of(node: Any, noise: random.Random) -> str:
    """Write a tree of Members, lists, str and Literal as JSON, with whitespace and escapes."""

    def space() -> str:
        return noise.choice(_SPACE)

    if isinstance(node, Literal):
        return node.text
    if isinstance(node, str):
        return '"' + "".join(_char(char, noise) for char in node) + '"'
    if isinstance(node, list):
        inner = ",".join(space() + text_of(item, noise) + space() for item in node)
        return "[" + (inner or space()) + "]"
    inner = ",".join(
        f"{space()}{text_of(key, noise)}{space()}:{space()}{text_of(value, noise)}{space()}"
        for key, value in node.pairs
    )
    return "{" + (inner or space()) + "}"


def _char(char: str, noise: random.Random) -> str:
    if char in '"\\' and noise.random() < 0.8:
        return "\\" + char
    if char in '"\\' or char < " " or noise.random() < 0.03:
        units = char.encode("utf-16-be")
        form = noise.choice(("\\u%02x%02x", "\\u%02X%02X"))
        return "".join(form % (units[i], units[i + 1]) for i in range(0, len(units), 2))
    return "\\/" if char == "/" and noise.random() < 0.5 else char


def unknown(noise: random.Random, depth: int = 0) -> Any:
    """A value of a key that nobody asked for."""
    shape = noise.randrange(6 if depth < 4 else 3)
    if shape < 2:
        return noise.choice(_TEXTS)
    if shape < 3:
        return Literal(noise.choice(_NUMBERS))
    items = [unknown(noise, depth + 1) for _ in range(noise.randrange(4))]
    if shape < 5:
        return items
    # Known letters inside a nested object must not be taken for the event's own.
    return Members(tuple((noise.choice("esEuUbaBAptqT"), item) for item in items))

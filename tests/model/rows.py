"""Whose an object of an array or of a merged stream is, and where it ends."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from tests.model import json_text
from tests.model.faults import Refused
from tests.model.values import Bare

TYPE_MAX: Final = 255


class _Members(list[tuple[str, Any]]):
    """The members of an object in their order, repeated ones too."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(
    parse_float=Bare, parse_int=Bare, parse_constant=_no_constant, object_pairs_hook=_Members
)


def scan_row(text: str) -> tuple[str, int, int]:
    """Return symbol, symbol type and length in characters of the object that ``text`` begins with.

    The symbol is ``s``, or ``s`` inside ``o``; the type ``st`` at either place, 0 where absent; of
    a key sent twice the last counts. Raises ``Refused``, also for a value that is replaced later.
    """
    scanner = json_text.Scanner(text)
    try:
        end = scanner.value(len(text) - len(text.lstrip(" \t\r\n")), 0)
        members, _ = _DECODER.raw_decode(text.lstrip(" \t\r\n"))
    except json_text.Stop as stop:
        raise Refused(frozenset({stop.code})) from None
    except (ValueError, RecursionError):
        raise Refused(frozenset({"SYNTAX"})) from None
    outer, inner = _told(members, True)
    symbol = outer["s"] if outer["s"] is not None else inner["s"]
    if symbol is None:
        raise Refused(frozenset({"MISSING"}))
    return symbol, outer["st"] or inner["st"], end


def _told(members: Any, nests: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    told: dict[str, Any] = {"s": None, "st": 0}
    inner: dict[str, Any] = {"s": None, "st": 0}
    if not isinstance(members, _Members):
        raise Refused(frozenset({"TYPE"}))
    for key, value in members:
        if key == "s":
            told["s"] = _symbol(value)
        elif key == "st":
            told["st"] = _type(value)
        elif key == "o" and nests and isinstance(value, _Members):
            inner, _ = _told(value, False)
    return told, inner


def _symbol(value: Any) -> str:
    if not isinstance(value, str) or isinstance(value, Bare):
        raise Refused(frozenset({"TYPE"}))
    return value


def _type(value: Any) -> int:
    if not isinstance(value, Bare) or not value.isdigit():
        raise Refused(frozenset({"TYPE"}))
    if int(value) > TYPE_MAX:
        raise Refused(frozenset({"RANGE"}))
    return int(value)

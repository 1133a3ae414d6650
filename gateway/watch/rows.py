"""Rows of instruments, sorted and filtered. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from gateway.watch.changes import Row
from gateway.watch.states import RANKS

_LAST: Final = math.inf


def _age(row: Row) -> float:
    return -_LAST if row.of.silent_ns is None else -row.of.silent_ns


def _spread(row: Row) -> float:
    return _LAST if row.of.spread_bps is None else -row.of.spread_bps


ORDERS: Final[Mapping[str, Callable[[Row], Any]]] = {
    "symbol": lambda row: row.of.symbol,
    "rate": lambda row: -row.rate,
    "gaps": lambda row: -row.of.gaps,
    "state": lambda row: RANKS[row.of.state],
    "age": _age,
    "spread": _spread,
}
"""What rows can be sorted by; the noteworthy first: most frames, worst state, longest silence."""


def arrange(
    rows: Iterable[Row], order: str = "symbol", reverse: bool = False, text: str = ""
) -> list[Row]:
    """Return the rows that match ``text``, in an order of ORDERS; equals by their symbol."""
    found = sorted(matching(rows, text), key=lambda row: row.of.symbol)
    if order == "symbol":
        return found[::-1] if reverse else found
    return sorted(found, key=ORDERS[order], reverse=reverse)


def matching(rows: Iterable[Row], text: str) -> list[Row]:
    """Return the rows in whose symbol or state every word of ``text`` occurs; case is one.

    A word that begins with ``!`` must not occur: ``usdt !live``.
    """
    wanted = text.upper().split()
    if not wanted:
        return list(rows)
    return [row for row in rows if all(_matches(row, word) for word in wanted)]


def _matches(row: Row, word: str) -> bool:
    said = f"{row.of.symbol} {row.of.state.name}".upper()
    return word[1:] not in said if word.startswith("!") and len(word) > 1 else word in said

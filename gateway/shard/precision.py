"""The decimals that a frame needs, when the instrument's exponents turn out too coarse. Pure.

exchangeInfo gives the steps of today; a book may still hold levels of a finer one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from gateway.plan import PlanSymbol

# The venue prints eight decimals at most; an i64 at 1e-8 holds 9e10, and finer ones hold ever less.
PLACES_MAX = 8
FINER = 2  # decimals more, where the value itself is not at hand


def places(text: str) -> int:
    """Decimals of a decimal string, trailing zeros not counted: "1.2500" -> 2."""
    _, _, decimals = text.partition(".")
    return len(decimals.rstrip("0"))


def needed_exponents(frame: bytes) -> tuple[int, int]:
    """(px_exponent, qty_exponent) that hold all prices and quantities of a frame; 0 for none."""
    try:
        message = orjson.loads(frame)
    except orjson.JSONDecodeError:
        return 0, 0
    data = message.get("data", message) if isinstance(message, dict) else None
    if not isinstance(data, dict):
        return 0, 0
    prices, quantities = _values(data)
    return -_finest(prices), -_finest(quantities)


def widened(symbol: PlanSymbol, px_exponent: int, qty_exponent: int) -> PlanSymbol:
    """The instrument with finer exponents; tick and step 0 where they no longer fit."""
    tick = _fitting(symbol.tick * 10 ** (symbol.px_exponent - px_exponent))
    step = _fitting(symbol.step * 10 ** (symbol.qty_exponent - qty_exponent))
    return PlanSymbol(symbol.market, symbol.symbol, px_exponent, qty_exponent, tick, step)


def _fitting(mantissa: int) -> int:
    """The mantissa, or 0 (unknown) where it exceeds an i64."""
    return mantissa if mantissa < 2**63 else 0


def _finest(values: Iterable[Any]) -> int:
    return max(
        (min(places(value), PLACES_MAX) for value in values if isinstance(value, str)), default=0
    )


def _levels(data: dict[str, Any]) -> Iterator[list[Any]]:
    for key in ("b", "a", "bids", "asks"):
        side = data.get(key)
        if isinstance(side, list):
            yield from (level for level in side if isinstance(level, list) and len(level) >= 2)


# By the end of the event's type: where its values stand, which are prices, which quantities.
_KEYS = (
    ("Ticker", "", ("c", "o", "h", "l", "p", "x", "b", "a"), ("Q", "B", "A")),
    ("kline", "k", ("o", "c", "h", "l"), ()),
    ("forceOrder", "o", ("p",), ("q", "l", "z")),
    ("", "", ("p", "b", "a"), ("q", "B", "A", "nq")),
)


def _values(data: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Prices and quantities of an event or of a depth answer."""
    event = str(data.get("e", ""))
    _, inside, prices, quantities = next(row for row in _KEYS if event.endswith(row[0]))
    body = data.get(inside) if inside else data
    body = body if isinstance(body, dict) else {}
    levels = list(_levels(data))
    return (
        [body.get(key) for key in prices] + [level[0] for level in levels],
        [body.get(key) for key in quantities] + [level[1] for level in levels],
    )

"""The parameters of REST queries, judged as Binance judges them, and its error bodies.

Pure. Venue documents: rest-api.md and errors.md (spot), Order-Book and error-code (futures).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import orjson

from gateway.simulator.names import Market

_SYMBOL: Final = re.compile(r"[\w\-.&]{1,50}")
_SPOT_LIMIT_MAX: Final = 5000  # more is answered with 5000 levels
_SPOT_LIMIT_DEFAULT: Final = 100
_FUTURES_LIMITS: Final = (5, 10, 20, 50, 100, 500, 1000)
_FUTURES_LIMIT_DEFAULT: Final = 500
RPI_LIMIT: Final = 1000
_SPOT_WEIGHTS: Final = ((100, 5), (500, 25), (1000, 50), (5000, 250))
_FUTURES_WEIGHTS: Final = ((50, 2), (100, 5), (500, 10), (1000, 20))


class Refusal(Exception):
    """A query that is answered with HTTP ``status`` and the venue's error ``code``."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(code, text, status)
        self.code = code
        self.text = text
        self.status = status

    @property
    def body(self) -> bytes:
        """Return the JSON body."""
        return orjson.dumps({"code": self.code, "msg": self.text})


def invalid_symbol() -> Refusal:
    """Return the answer to a symbol that does not exist."""
    return Refusal(-1121, "Invalid symbol.")


def symbol_of(query: Mapping[str, str]) -> str:
    """Return the mandatory ``symbol``. Raises Refusal."""
    symbol = mandatory(query, "symbol")
    if _SYMBOL.fullmatch(symbol) is None or symbol != symbol.upper():
        raise _illegal("symbol", r"^[\w\-._&&[^a-z]]{1,50}$")
    return symbol


def integer(query: Mapping[str, str], name: str) -> int | None:
    """Return an optional whole number. Raises Refusal."""
    text = query.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise _illegal(name, "^[0-9]{1,20}$")
    return int(text)


def row_limit(market: Market, query: Mapping[str, str], usual: int, most: int) -> int:
    """Return how many rows are wanted: spot cuts too many short, futures refuse. Raises Refusal."""
    limit = integer(query, "limit")
    if limit is None:
        return usual
    if limit == 0 or (limit > most and market is not Market.SPOT):
        raise Refusal(-1130, "Data sent for parameter 'limit' is not valid.")
    return min(limit, most)


def mandatory(query: Mapping[str, str], name: str) -> str:
    """Return a mandatory text. Raises Refusal."""
    text = query.get(name, "")
    if not text:
        raise Refusal(
            -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        )
    return text


def depth_limit(market: Market, query: Mapping[str, str]) -> int:
    """Return the levels a side that are wanted. Raises Refusal."""
    limit = integer(query, "limit")
    if limit is None:
        return _SPOT_LIMIT_DEFAULT if market is Market.SPOT else _FUTURES_LIMIT_DEFAULT
    if market is not Market.SPOT and limit not in _FUTURES_LIMITS:
        raise Refusal(-4021, f"'{limit}' is not valid depth limit.")
    if limit == 0:
        raise Refusal(-1130, "Data sent for parameter 'limit' is not valid.")
    return min(limit, _SPOT_LIMIT_MAX)


def rpi_depth_limit(query: Mapping[str, str]) -> int:
    """Return the levels a side of rpiDepth, which knows one limit only. Raises Refusal."""
    limit = depth_limit(Market.USDM, query) if "limit" in query else RPI_LIMIT
    if limit != RPI_LIMIT:
        raise Refusal(-4021, f"'{limit}' is not valid depth limit.")
    return limit


def depth_weight(market: Market, limit: int) -> int:
    """Return what a depth request costs."""
    table = _SPOT_WEIGHTS if market is Market.SPOT else _FUTURES_WEIGHTS
    return next(weight for most, weight in table if limit <= most)


def symbols_asked(market: Market, query: Mapping[str, str]) -> list[str] | None:
    """Return the symbols that a query of several is limited to (spot only); None for all.

    Raises Refusal.
    """
    if market is not Market.SPOT or not ("symbol" in query or "symbols" in query):
        return None
    if "symbol" in query:
        return [symbol_of(query)]
    try:
        symbols = orjson.loads(query["symbols"])
    except orjson.JSONDecodeError:
        symbols = None
    if not isinstance(symbols, list) or not all(isinstance(name, str) for name in symbols):
        raise _illegal("symbols", r"^\[(\"[\w\-._&&[^a-z]]{1,50}\"(,...)*)?\]$")
    return symbols


def _illegal(name: str, legal: str) -> Refusal:
    text = f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    return Refusal(-1100, text)


_FAULTS: Final = {
    403: (0, "Forbidden by the firewall."),
    418: (-1003, "Way too much request weight used; IP banned."),
    429: (-1003, "Too much request weight used; please use WebSocket Streams for live updates."),
    500: (-1000, "An unknown error occurred while processing the request."),
    502: (-1000, "Bad Gateway."),
    503: (-1000, "Service Unavailable."),
    504: (-1007, "Timeout waiting for response from backend server."),
}


def fault_body(status: int) -> bytes:
    """Return the body of an answer that fails on purpose."""
    code, text = _FAULTS[status]
    return orjson.dumps({"code": code, "msg": text})

"""Names of streams and symbols as Binance spells them, and the route each stream belongs to.

Pure. Stream names are lowercase but for the kind (``btcusdt@bookTicker``); symbols are uppercase
in REST and payloads. Venue documents: web-socket-streams.md (spot), websocket-market-streams.md
(USD-M, COIN-M).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gateway.errors import UsageError


class Market(enum.StrEnum):
    """A venue's market; the value is the prefix of our own names and of the simulator's paths."""

    SPOT = "spot"
    USDM = "usdm"
    COINM = "coinm"


class Route(enum.StrEnum):
    """The part of a futures host that a connection was opened on."""

    UNROUTED = ""
    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"


class Kind(enum.StrEnum):
    """What a stream carries. OTHER is acked like any well-formed name."""

    BOOK_TICKER = "bookTicker"
    TRADE = "trade"
    AGG_TRADE = "aggTrade"
    TICKER = "ticker"
    DIFF = "diff"
    PARTIAL = "partial"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StreamName:
    """A stream's name taken apart. ``levels`` is for PARTIAL, ``speed_ms`` for DIFF and PARTIAL."""

    market: Market
    text: str
    symbol: str  # uppercase; empty for all-market streams
    suffix: str  # what follows the symbol and its "@"
    kind: Kind
    levels: int = 0
    speed_ms: int = 0

    @property
    def key(self) -> str:
        """Return our own name, with the market: ``spot:btcusdt@trade``."""
        return f"{self.market}:{self.text}"


_WELL_FORMED: Final = re.compile(r"[^\s/@?&#\"\\\x00-\x1f]+(@[^\s/@?&#\"\\\x00-\x1f]+){0,2}")
_SYMBOL: Final = re.compile(r"\w{2,40}")
_COINM_SYMBOL: Final = re.compile(r"\w+USD_(PERP|\d{6})")
_NAME_LENGTH_MAX: Final = 128
_PLAIN_KINDS: Final = {
    "bookTicker": Kind.BOOK_TICKER,
    "trade": Kind.TRADE,
    "aggTrade": Kind.AGG_TRADE,
    "ticker": Kind.TICKER,
}
_DEPTH: Final = re.compile(r"depth(5|10|20)?(?:@(\d+)ms)?")
# An explicit @250ms is acked but silent on futures; @0ms is undocumented, for diffs only.
_SPEEDS: Final = {Market.SPOT: (100, 1000), Market.USDM: (100, 500), Market.COINM: (100, 500)}
_DEFAULT_SPEED: Final = {Market.SPOT: 1000, Market.USDM: 250, Market.COINM: 250}
# "Important-WebSocket-Change-Notice" (2026-03-05): these belong to /public, the rest to /market.
_PUBLIC: Final = re.compile(r"!bookTicker|[^@]+@(bookTicker|trade|depth.*|rpiDepth.*)")


def is_well_formed(text: object) -> bool:
    """Say whether Binance would ack ``text`` as a stream name, existing or not."""
    return (
        isinstance(text, str)
        and len(text) <= _NAME_LENGTH_MAX
        and _WELL_FORMED.fullmatch(text) is not None
    )


@lru_cache(maxsize=65536)
def parse_stream(market: Market, text: str) -> StreamName:
    """Take a well-formed stream name apart; what we do not know is OTHER."""
    symbol, _, suffix = text.partition("@")
    if text.startswith("!") or not suffix or symbol != symbol.lower():
        return StreamName(market, text, "", "", Kind.OTHER)
    plain = _PLAIN_KINDS.get(suffix)
    if plain is not None:
        return StreamName(market, text, symbol.upper(), suffix, plain)
    depth = _DEPTH.fullmatch(suffix)
    speed = _speed(market, depth) if depth else None
    if depth is None or speed is None:
        return StreamName(market, text, symbol.upper(), suffix, Kind.OTHER)
    levels = int(depth[1] or 0)
    kind = Kind.PARTIAL if levels else Kind.DIFF
    return StreamName(market, text, symbol.upper(), suffix, kind, levels, speed)


def _speed(market: Market, depth: re.Match[str]) -> int | None:
    if depth[2] is None:
        return _DEFAULT_SPEED[market]
    speed = int(depth[2])
    if speed == 0 and market is not Market.SPOT and depth[1] is None:
        return speed
    return speed if speed in _SPEEDS[market] else None


def route_of(market: Market, text: str) -> Route:
    """Return the route of a futures stream; spot has none."""
    if market is Market.SPOT:
        return Route.UNROUTED
    return Route.PUBLIC if _PUBLIC.fullmatch(text) else Route.MARKET


def carries(market: Market, route: Route, text: str, coinm_routed: bool = False) -> bool:
    """Say whether a connection on ``route`` delivers the stream, or acks it and stays silent.

    Unrouted USD-M connections deliver /public streams only. COIN-M is documented unrouted, with
    everything; with ``coinm_routed`` it behaves like USD-M, as some have measured.
    """
    belongs = route_of(market, text)
    if route is not Route.UNROUTED:
        return belongs is route
    if market is Market.USDM or (market is Market.COINM and coinm_routed):
        return belongs is Route.PUBLIC
    return True


def parse_symbol_id(text: str) -> tuple[Market, str]:
    """Read ``spot:BTCUSDT``.

    Raises UsageError on anything else.
    """
    prefix, colon, symbol = text.strip().partition(":")
    name = symbol.upper()
    if not colon or prefix not in [str(market) for market in Market]:
        raise UsageError(text, "is not a symbol id", "write MARKET:SYMBOL as in spot:BTCUSDT")
    market = Market(prefix)
    pattern = _COINM_SYMBOL if market is Market.COINM else _SYMBOL
    if pattern.fullmatch(name) is None:
        example = "coinm:BTCUSD_PERP" if market is Market.COINM else f"{market}:BTCUSDT"
        raise UsageError(text, f"is not a symbol of {market}", f"write it as in {example}")
    return market, name


def parse_symbol_ids(text: str) -> tuple[tuple[Market, str], ...]:
    """Read ``spot:BTCUSDT,usdm:ETHUSDT``; doubles are taken once.

    Raises UsageError.
    """
    return tuple(dict.fromkeys(parse_symbol_id(part) for part in text.split(",")))


def is_coinm_symbol(symbol: str) -> bool:
    """Say whether ``symbol`` has the form of a COIN-M contract (BTCUSD_PERP, BTCUSD_261225)."""
    return _COINM_SYMBOL.fullmatch(symbol) is not None


def pair_of(symbol: str) -> str:
    """Return the pair of a futures symbol: BTCUSD of BTCUSD_PERP."""
    return symbol.partition("_")[0]

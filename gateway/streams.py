"""Stream names: ``spot:btcusdt@depth@100ms`` ⇄ market, symbol, kind, levels, speed, route. Pure.

The part behind the market is what Binance subscribes; the whole is our topic. The venue acks every
well-formed name, also of streams that never send anything, so what is allowed is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.errors import UsageError
from gateway.layout import Kind, Market
from gateway.markets import BY_NAME, FACTS, MarketFacts, Route

SYMBOL_BYTES_MAX: Final = 31  # UTF-8; the directory's field is 32 with its NUL
NAME_BYTES_MAX: Final = 63  # UTF-8; the directory's field is 64 with its NUL
PARTIAL_LEVELS: Final = (5, 10, 20)
_SYMBOL = re.compile(r"[^\s@:/!?&=%,\"'\\\x00-\x1f\x7f]+")
_FORMS = "spot:btcusdt@trade, usdm:btcusdt@depth@100ms or coinm:btcusd_perp@ticker"


@dataclass(frozen=True, slots=True)
class StreamForm:
    """What a stream's suffix means on one market. ``speed_ms`` 0 is the venue's default."""

    kind: Kind
    route: Route
    levels: int = 0
    speed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """A parsed stream name. ``symbol`` is uppercase, as in REST and payloads."""

    market: Market
    symbol: str
    suffix: str
    form: StreamForm

    @property
    def name(self) -> str:
        """The topic, e.g. ``spot:btcusdt@trade``."""
        return f"{FACTS[self.market].name}:{self.symbol.lower()}@{self.suffix}"

    @property
    def symbol_id(self) -> str:
        """The instrument, e.g. ``spot:BTCUSDT``."""
        return f"{FACTS[self.market].name}:{self.symbol}"


def _forms(facts: MarketFacts) -> dict[str, StreamForm]:
    route = facts.routes
    forms = {
        "bookTicker": StreamForm(Kind.QUOTE, route[Kind.QUOTE]),
        "trade": StreamForm(Kind.TRADE, route[Kind.TRADE]),
        "aggTrade": StreamForm(Kind.AGG_TRADE, route[Kind.AGG_TRADE]),
        "ticker": StreamForm(Kind.TICKER, route[Kind.TICKER]),
    }
    for levels in (0, *PARTIAL_LEVELS):
        kind = Kind.PARTIAL if levels else Kind.DIFF
        base = f"depth{levels or ''}"
        forms[base] = StreamForm(kind, route[kind], levels)
        for speed in facts.depth_speeds_ms:
            forms[f"{base}@{speed}ms"] = StreamForm(kind, route[kind], levels, speed)
    return forms


FORMS: Final[Mapping[Market, Mapping[str, StreamForm]]] = {m: _forms(f) for m, f in FACTS.items()}


def parse(text: str) -> Stream:
    """Read a stream name; raises UsageError with what is allowed."""
    facts, rest = _split_market(text, _FORMS)
    symbol, at, suffix = rest.partition("@")
    if not at:
        raise UsageError(text, "names no stream", f"write it like {_FORMS}")
    _check_symbol(text, symbol)
    if symbol != symbol.lower():
        raise UsageError(
            text,
            "symbols in stream names are lowercase",
            f"write {facts.name}:{symbol.lower()}@{suffix}",
        )
    form = FORMS[facts.market].get(suffix)
    if form is None:
        raise _unknown_suffix(text, facts, suffix)
    if len(text.encode()) > NAME_BYTES_MAX:
        raise UsageError(text, f"is longer than {NAME_BYTES_MAX} bytes", "check the symbol")
    return Stream(facts.market, symbol.upper(), suffix, form)


def parse_symbol(text: str) -> tuple[Market, str]:
    """Read a symbol id such as ``spot:BTCUSDT``; raises UsageError."""
    facts, symbol = _split_market(text, "spot:BTCUSDT, usdm:ETHUSDT or coinm:BTCUSD_PERP")
    _check_symbol(text, symbol)
    if symbol != symbol.upper():
        raise UsageError(text, "symbols are uppercase", f"write {facts.name}:{symbol.upper()}")
    return facts.market, symbol


def parse_all(names: Iterable[str]) -> list[Stream]:
    """Read stream names, drop repeated ones, refuse two that would feed one slot."""
    streams: dict[str, Stream] = {}
    slots: dict[tuple[Market, str, Kind], Stream] = {}
    for stream in map(parse, names):
        if stream.name in streams:
            continue
        streams[stream.name] = stream
        if stream.form.kind not in (Kind.DIFF, Kind.PARTIAL):
            continue
        # One book a symbol, one speed; one partial depth a symbol, one size.
        other = slots.setdefault((stream.market, stream.symbol, stream.form.kind), stream)
        if other is not stream:
            raise UsageError(
                stream.name,
                f"would feed the same book slot as {other.name}",
                "subscribe one of the two",
            )
    return list(streams.values())


def _split_market(text: str, forms: str) -> tuple[MarketFacts, str]:
    market, colon, rest = text.partition(":")
    if not colon:
        raise UsageError(text or "''", "has no market", f"write it like {forms}")
    if market not in BY_NAME:
        raise UsageError(text, f"unknown market '{market}'", f"allowed: {', '.join(BY_NAME)}")
    return BY_NAME[market], rest


def _check_symbol(text: str, symbol: str) -> None:
    if not _SYMBOL.fullmatch(symbol) or len(symbol.encode()) > SYMBOL_BYTES_MAX:
        raise UsageError(
            text,
            f"'{symbol}' is no symbol",
            f"use the venue's name, at most {SYMBOL_BYTES_MAX} bytes",
        )


def _unknown_suffix(text: str, facts: MarketFacts, suffix: str) -> UsageError:
    forms = FORMS[facts.market]
    base = suffix.partition("@")[0]
    if base in forms and base != suffix:
        same = ", ".join(name for name in forms if name.partition("@")[0] == base)
        return UsageError(text, f"{facts.name} has no {suffix}", f"allowed: {same}")
    problem = f"unknown stream '{suffix}' on {facts.name}"
    return UsageError(text, problem, f"allowed: {', '.join(forms)}")

"""Stream names: ``spot:btcusdt@depth@100ms`` ⇄ market, symbol, suffix and what it means. Pure.

The part behind the market is what Binance subscribes; the whole is our topic. The venue acks every
well-formed name, also of streams that never send anything, so what is allowed is decided here, by
``stream_table``; whether the symbol exists, by ``instruments``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from gateway.errors import UsageError
from gateway.layout import Kind, Market
from gateway.markets import BY_NAME, FACTS, MarketFacts
from gateway.stream_forms import StreamForm, Subject
from gateway.stream_refusals import refusal
from gateway.stream_table import CONTRACT_TYPES, FORMS

SYMBOL_BYTES_MAX: Final = 31  # UTF-8; the directory's field is 32 with its NUL
NAME_BYTES_MAX: Final = 63  # UTF-8; the directory's field is 64 with its NUL
_SYMBOL = re.compile(r"[^\s@:/!?*&=%,\"'\\\x00-\x1f\x7f]+")
_EXAMPLES = "spot:btcusdt@trade, usdm:btcusdt@depth@100ms or coinm:btcusd_perp@ticker"


@dataclass(frozen=True)
class Stream:
    """A parsed stream name. ``symbol`` is uppercase, as in REST and payloads; empty: whole market.

    It names the row of SYMBOLS that is fed: an instrument, a pair (``btcusd@indexPrice``), a
    continuous contract (``btcusdt_perpetual@continuousKline_1m``) or an asset's index.
    """

    market: Market
    symbol: str
    suffix: str  # whole market: the name without its market, "!ticker@arr"
    form: StreamForm

    @cached_property
    def name(self) -> str:
        """The topic, e.g. ``spot:btcusdt@trade`` or ``usdm:!ticker@arr``."""
        return f"{FACTS[self.market].name}:{self.venue_name}"

    @property
    def venue_name(self) -> str:
        """The name that Binance knows it by, e.g. ``btcusdt@trade``."""
        return f"{self.symbol.lower()}@{self.suffix}" if self.symbol else self.suffix

    @property
    def symbol_id(self) -> str:
        """The row that it feeds, e.g. ``spot:BTCUSDT``; empty: rows of the whole market."""
        return f"{FACTS[self.market].name}:{self.row_name}" if self.symbol else ""

    @property
    def row_name(self) -> str:
        """The row's name in the directory: BTCUSDT, or BTCUSDT.RPI."""
        variant = self.form.variant
        return f"{self.symbol}.{variant}" if variant else self.symbol

    @property
    def fits(self) -> bool:
        """Whether its names fit the directory's fields and part topics as they should."""
        is_named = self.form.subject is Subject.MARKET or is_symbol(self.row_name)
        return is_named and len(self.name.encode()) <= NAME_BYTES_MAX


def parse(text: str) -> Stream:
    """Read a stream name; raises UsageError with what is allowed."""
    facts, rest = split_market(text, _EXAMPLES)
    symbol, suffix = "", rest
    if not is_whole_market(rest):
        symbol, suffix = split_symbol(text, rest)
        check_symbol(text, symbol)
    form = form_of(text, facts, symbol, suffix)
    stream = Stream(facts.market, symbol.upper(), suffix, form)
    if not stream.fits:
        limits = f"{NAME_BYTES_MAX} bytes, its symbol {SYMBOL_BYTES_MAX}"
        raise UsageError(text, f"is too long: at most {limits}", "check the symbol")
    return stream


def parse_symbol(text: str) -> tuple[Market, str]:
    """Read a symbol id such as ``spot:BTCUSDT`` or ``usdm:BTCUSDT.RPI``; raises UsageError."""
    facts, symbol = split_market(text, "spot:BTCUSDT, usdm:ETHUSDT or coinm:BTCUSD_PERP")
    check_symbol(text, symbol)
    if symbol != symbol.upper():
        raise UsageError(text, "symbols are uppercase", f"write {facts.name}:{symbol.upper()}")
    return facts.market, symbol


def parse_all(names: Iterable[str]) -> list[Stream]:
    """Read stream names, drop repeated ones, refuse two that would feed one book."""
    streams: dict[str, Stream] = {}
    books: dict[tuple[Market, str, Kind], Stream] = {}
    for stream in map(parse, names):
        if stream.name in streams:
            continue
        streams[stream.name] = stream
        slot = book_slot(stream)
        other = books.setdefault(slot, stream) if slot else stream
        if other is not stream:
            raise UsageError(
                stream.name,
                f"would feed the same book slot as {other.name}",
                "subscribe one of the two",
            )
    return list(streams.values())


def book_slot(stream: Stream) -> tuple[Market, str, Kind] | None:
    """Return the book that a stream feeds: one speed a symbol, one size of partial depth."""
    if stream.form.kind not in (Kind.DIFF, Kind.PARTIAL):
        return None
    return stream.market, stream.row_name, stream.form.kind


def split_market(text: str, examples: str) -> tuple[MarketFacts, str]:
    """Take the market off a name; raises UsageError."""
    if not text.isprintable():
        raise UsageError(repr(text), "is no name", "write it without such characters")
    market, colon, rest = text.partition(":")
    if not colon or "@" in market:
        raise UsageError(text or "''", "has no market", f"write it like {examples}")
    if market not in BY_NAME:
        raise UsageError(text, f"unknown market '{market}'", f"allowed: {', '.join(BY_NAME)}")
    return BY_NAME[market], rest


def is_whole_market(rest: str) -> bool:
    """Whether a name without its market stands for no single symbol: ``!ticker@arr``."""
    return rest.startswith("!") or any(rest in forms for forms in FORMS.values())


def split_symbol(text: str, rest: str) -> tuple[str, str]:
    """Part symbol and suffix; raises UsageError where there is none or it is not lowercase."""
    symbol, at, suffix = rest.partition("@")
    if not at:
        raise UsageError(text, "names no stream", f"write it like {_EXAMPLES}")
    if symbol != symbol.lower():
        market = text.partition(":")[0]
        remedy = f"write {market}:{symbol.lower()}@{suffix}"
        raise UsageError(text, "symbols in stream names are lowercase", remedy)
    return symbol, suffix


def is_symbol(symbol: str) -> bool:
    """Whether a symbol can be part of names: the venue may list what it wants."""
    return bool(_SYMBOL.fullmatch(symbol)) and len(symbol.encode()) <= SYMBOL_BYTES_MAX


def check_symbol(text: str, symbol: str) -> None:
    """Refuse what no symbol of the venue looks like; raises UsageError."""
    if not is_symbol(symbol):
        raise UsageError(
            text,
            f"'{symbol}' is no symbol",
            f"use the venue's name, at most {SYMBOL_BYTES_MAX} bytes",
        )


def form_of(text: str, facts: MarketFacts, symbol: str, suffix: str) -> StreamForm:
    """Return what ``suffix`` means for ``symbol`` (empty: whole market); raises UsageError."""
    possible = _possible_subjects(facts.market, symbol)
    for form in FORMS[facts.market].get(suffix, ()):
        if form.subject in possible:
            return form
    raise refusal(text, facts.market, symbol, suffix)


def _possible_subjects(market: Market, symbol: str) -> tuple[Subject, ...]:
    """Return what a name before the ``@`` can stand for, as far as its spelling tells."""
    if not symbol:
        return (Subject.MARKET,)
    if any(symbol.endswith(f"_{kind}") for kind in CONTRACT_TYPES[market]):
        return (Subject.CONTRACT,)
    if market is Market.COINM and "_" not in symbol:  # contracts there are btcusd_perp, …_261225
        return (Subject.PAIR,)
    return (Subject.SYMBOL, Subject.ASSET)

"""Patterns of streams, ``spot:*usdt@bookTicker``, and what they stand for right now. Pure.

``*`` and ``?`` are allowed before the first ``@`` only. A pattern means every instrument that
trades, now or later; what it yields is therefore asked anew whenever exchangeInfo was read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from gateway.errors import UsageError
from gateway.instruments import Instruments, Life
from gateway.layout import Market
from gateway.markets import FACTS
from gateway.stream_forms import StreamForm, Subject
from gateway.stream_refusals import refusal
from gateway.stream_table import FORMS
from gateway.streams import (
    Stream,
    book_slot,
    check_symbol,
    is_whole_market,
    parse_all,
    split_market,
    split_symbol,
)

_WILDCARDS: Final = frozenset("*?")
_EXAMPLES: Final = "spot:btcusdt@trade or 'spot:*usdt@trade'"


@dataclass(frozen=True)
class Pattern:
    """A stream name with wildcards; ``mask`` is uppercase, as symbols are."""

    market: Market
    mask: str
    suffix: str
    form: StreamForm

    @property
    def name(self) -> str:
        """The pattern as it is written: ``spot:*usdt@trade``."""
        return f"{FACTS[self.market].name}:{self.mask.lower()}@{self.suffix}"

    def matches(self, symbol: str) -> bool:
        """Whether an uppercase symbol is one of those meant."""
        return self._regex.fullmatch(symbol) is not None

    def covers(self, stream: Stream) -> bool:
        """Whether ``stream`` is one that this pattern could yield."""
        mine = (stream.market, stream.suffix) == (self.market, self.suffix)
        return mine and stream.form == self.form and self.matches(stream.symbol)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        wild = {"*": ".*", "?": "."}
        return re.compile("".join(wild.get(c) or re.escape(c) for c in self.mask))


@dataclass(frozen=True, slots=True)
class Expansion:
    """Every stream that is wanted, and what is to be told about the patterns.

    ``unmatched``: patterns that mean no instrument that trades today. ``shadowed``: streams of a
    pattern that would feed the same book as another stream, with the name of that one.
    """

    streams: tuple[Stream, ...]
    unmatched: tuple[str, ...] = ()
    shadowed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """What is subscribed by name and by pattern, in the order given."""

    streams: tuple[Stream, ...] = ()
    patterns: tuple[Pattern, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of it, as it is written in a configuration."""
        return (*(s.name for s in self.streams), *(p.name for p in self.patterns))

    @property
    def markets(self) -> tuple[Market, ...]:
        """The markets that exchangeInfo is needed of."""
        named = {stream.market for stream in self.streams}
        return tuple(sorted(named | {pattern.market for pattern in self.patterns}))

    def expand(self, instruments: Instruments, carried: Collection[str] = ()) -> Expansion:
        """Return the streams that this means, given what the venue lists.

        Patterns take instruments that trade, and those that halt while ``carried`` has their
        stream. Named streams come first and win over patterns, earlier patterns over later ones.
        """
        found = {stream.name: stream for stream in self.streams}
        books = {book_slot(stream): stream.name for stream in self.streams}
        unmatched, shadowed = [], {}
        for pattern in self.patterns:
            matched = list(_matches(pattern, instruments, carried))
            if not matched:
                unmatched.append(pattern.name)
            for stream in matched:
                slot = book_slot(stream)
                owner = books.setdefault(slot, stream.name) if slot else stream.name
                if owner == stream.name:
                    found.setdefault(stream.name, stream)
                else:
                    shadowed[stream.name] = owner
        return Expansion(tuple(found.values()), tuple(unmatched), shadowed)


def select(names: Iterable[str]) -> Selection:
    """Read stream names and patterns; raises UsageError as ``streams.parse_all`` does."""
    exact, patterns = [], {}
    for name in names:
        if is_pattern(name):
            pattern = parse_pattern(name)
            patterns[pattern.name] = pattern
        else:
            exact.append(name)
    return Selection(tuple(parse_all(exact)), tuple(patterns.values()))


def is_pattern(name: str) -> bool:
    """Whether a name has wildcards before its first ``@``."""
    return not _WILDCARDS.isdisjoint(name.partition("@")[0])


def parse_pattern(text: str) -> Pattern:
    """Read a pattern such as ``spot:*usdt@bookTicker``; raises UsageError with what is allowed."""
    facts, rest = split_market(text, _EXAMPLES)
    if is_whole_market(rest):
        raise UsageError(text, "is of the whole market", "write it without * and ?")
    mask, suffix = split_symbol(text, rest)
    check_symbol(text, "".join("x" if c in _WILDCARDS else c for c in mask))
    forms = FORMS[facts.market].get(suffix)
    if not forms:
        raise refusal(text, facts.market, mask, suffix)
    # Where a contract and its pair have a stream of one name, the contracts are meant.
    form = min(forms, key=lambda form: form.subject is not Subject.SYMBOL)
    return Pattern(facts.market, mask.upper(), suffix, form)


def _matches(
    pattern: Pattern, instruments: Instruments, carried: Collection[str]
) -> Iterator[Stream]:
    """Yield the streams of a pattern in order of their symbols."""
    for (market, symbol), instrument in sorted(instruments.items()):
        if market is not pattern.market or not instrument.offers(pattern.form):
            continue
        if not pattern.matches(symbol):
            continue
        stream = Stream(market, symbol, pattern.suffix, pattern.form)
        stays = instrument.life is Life.HALTED and stream.name in carried
        if (instrument.is_trading or stays) and stream.fits:
            yield stream

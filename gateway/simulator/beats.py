"""The streams that come at fixed times: diff depth, partial depth, ticker, futures aggTrade.

Pure. A beat fires at whole multiples of its period, for as long as its stream is subscribed, and
sends nothing when nothing changed.
"""

from __future__ import annotations

from typing import Final, Protocol

from gateway.simulator.market import Change, Emission, GeneratedMarket
from gateway.simulator.names import Kind, Market, StreamName

_MS: Final = 1_000_000
_TICKER_MS: Final = {Market.SPOT: 1000, Market.USDM: 2000, Market.COINM: 500}
_AGGREGATE_MS: Final = 100
_REAL_TIME_MS: Final = 20  # for depth@0ms


class Beat(Protocol):
    """Something that fires every ``period_ns``."""

    period_ns: int

    def fire(self, now_ns: int) -> list[Emission]:
        """Return what is sent at ``now_ns``."""


def make_beat(market: GeneratedMarket, name: StreamName) -> Beat | None:
    """Return the beat of a stream; None for streams in real time, or that are not generated."""
    if name.kind is Kind.DIFF:
        return DiffBeat(market, name)
    if name.kind is Kind.PARTIAL:
        return PartialBeat(market, name)
    if name.kind is Kind.TICKER:
        return TickerBeat(market, name)
    if name.kind is Kind.AGG_TRADE and name.market is not Market.SPOT:
        return AggregateBeat(market)
    return None


class DiffBeat:
    """Diff depth of one speed. The ids of consecutive frames join without a hole."""

    def __init__(self, market: GeneratedMarket, name: StreamName) -> None:
        self.period_ns = (name.speed_ms or _REAL_TIME_MS) * _MS
        self._market = market
        self._suffix = name.suffix
        self._sent = market.truth.count
        self._last_id = market.update_id

    def fire(self, now_ns: int) -> list[Emission]:
        changes = self._market.truth.changes(self._sent)
        if not changes:
            return []
        self._sent += len(changes)
        previous, self._last_id = self._last_id, changes[-1].update_id
        first = changes[0].update_id
        bids, asks = _newest(changes, True), _newest(changes, False)
        diff = self._market.encoder.diff
        return [(self._suffix, diff(first, self._last_id, previous, bids, asks, now_ns // _MS))]


def _newest(changes: list[Change], is_bid: bool) -> list[tuple[str, str]]:
    newest = {change.price: change.qty for change in changes if change.is_bid is is_bid}
    return list(newest.items())


class PartialBeat:
    """The best levels of the book."""

    def __init__(self, market: GeneratedMarket, name: StreamName) -> None:
        self.period_ns = name.speed_ms * _MS
        self._market = market
        self._suffix = name.suffix
        self._levels = name.levels
        self._last_id = market.update_id

    def fire(self, now_ns: int) -> list[Emission]:
        market = self._market
        if market.update_id == self._last_id:
            return []
        previous, self._last_id = self._last_id, market.update_id
        bids = market.texts(market.bids, self._levels)
        asks = market.texts(market.asks, self._levels)
        if market.listing.market is Market.SPOT:
            return [(self._suffix, market.encoder.partial(self._last_id, bids, asks))]
        # one shape with the diff stream; U is some id after the last frame's u
        ms, last = now_ns // _MS, self._last_id
        return [(self._suffix, market.encoder.diff(previous + 1, last, previous, bids, asks, ms))]


class TickerBeat:
    """The rolling day."""

    def __init__(self, market: GeneratedMarket, name: StreamName) -> None:
        self.period_ns = _TICKER_MS[name.market] * _MS
        self._market = market
        self._suffix = name.suffix

    def fire(self, now_ns: int) -> list[Emission]:
        ms = now_ns // _MS
        bid, ask = self._market.best()
        window = self._market.day.window(ms)
        return [(self._suffix, self._market.encoder.ticker(window, bid, ask, ms))]


class AggregateBeat:
    """Ends a futures aggregate trade in time, also when no further action comes."""

    period_ns = _AGGREGATE_MS * _MS

    def __init__(self, market: GeneratedMarket) -> None:
        self._market = market

    def fire(self, now_ns: int) -> list[Emission]:
        return self._market.flush_aggregate(now_ns, frozenset({"aggTrade"}))

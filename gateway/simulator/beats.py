"""The streams of one instrument that come at fixed times: depth, tickers, candles, prices.

Pure. A beat fires at whole multiples of its period, for as long as its stream is subscribed. Depth
and candles of futures send nothing when nothing changed; the venue sends statistics in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from gateway.simulator import encode_futures, encode_statistics
from gateway.simulator.candles import Candle, Series
from gateway.simulator.changes import Change, newest
from gateway.simulator.eras import Eras
from gateway.simulator.exchange_info import assets_of
from gateway.simulator.index_names import is_composite
from gateway.simulator.indices import composite_index
from gateway.simulator.intervals import MINUTE_MS, span_ms
from gateway.simulator.market import GeneratedMarket
from gateway.simulator.names import ZONE, Kind, Market, StreamName
from gateway.simulator.prints import AGGREGATE_NS

MS: Final = 1_000_000
REAL_TIME_MS: Final = 20  # for depth@0ms
_AVERAGE_MS: Final = 5 * MINUTE_MS

Fire = Callable[[int], list[bytes]]
WriteCandle = Callable[[Candle, bool, int], bytes]


class Beat(Protocol):
    """Something that fires every ``period_ns``."""

    period_ns: int

    def fire(self, now_ns: int) -> list[bytes]:
        """Return the payloads that are sent at ``now_ns``."""


class Simple:
    """A beat without a memory of its own; ``write`` is given ms."""

    def __init__(self, name: StreamName, write: Fire) -> None:
        self.period_ns = name.speed_ms * MS
        self._write = write

    def fire(self, now_ns: int) -> list[bytes]:
        return self._write(now_ns // MS)


def make_beat(market: GeneratedMarket, name: StreamName) -> Beat | None:
    """Return the beat of an instrument's stream; None where there is none, or it is real time."""
    if name.kind is Kind.DIFF:
        return DiffBeat(market, name, market.eras)
    if name.kind is Kind.RPI_DIFF and market.retail is not None:
        return DiffBeat(market, name, market.retail.eras)
    if name.kind is Kind.PARTIAL:
        return PartialBeat(market, name)
    if name.kind is Kind.AGG_TRADE and name.market is not Market.SPOT:
        return AggregateBeat(market)
    if name.kind in (Kind.KLINE, Kind.MARK_KLINE):
        return _candle_beat(market, name)
    write = _WRITERS.get(name.kind)
    return None if write is None else Simple(name, write(market, name))


class DiffBeat:
    """Diff depth of one speed. The ids of consecutive frames join without a hole.

    When ids begin anew, what is left of the old numbering is sent in a frame of its own.
    """

    def __init__(self, market: GeneratedMarket, name: StreamName, eras: Eras[Change]) -> None:
        self.period_ns = (name.speed_ms or REAL_TIME_MS) * MS
        self._encoder = market.encoder
        self._eras = eras
        self._era = eras.count - 1
        self._sent = eras.current.count
        self._last_id = eras.current.newest

    def fire(self, now_ns: int) -> list[bytes]:
        payloads = self._of_era(now_ns // MS)
        while self._era < self._eras.count - 1:
            self._era += 1
            self._sent, self._last_id = 0, self._eras.begins[self._era]
            payloads += self._of_era(now_ns // MS)
        return payloads

    def _of_era(self, ms: int) -> list[bytes]:
        changes = self._eras.truth(self._era).changes(self._sent)
        if not changes:
            return []
        self._sent += len(changes)
        previous, self._last_id = self._last_id, changes[-1].update_id
        first = changes[0].update_id
        bids, asks = newest(changes, True), newest(changes, False)
        return [self._encoder.diff(first, self._last_id, previous, bids, asks, ms)]


class PartialBeat:
    """The best levels of the book."""

    def __init__(self, market: GeneratedMarket, name: StreamName) -> None:
        self.period_ns = name.speed_ms * MS
        self._market = market
        self._levels = name.levels
        self._last_id = market.update_id

    def fire(self, now_ns: int) -> list[bytes]:
        market = self._market
        if market.update_id == self._last_id:
            return []
        previous, self._last_id = self._last_id, market.update_id
        bids = market.texts(market.bids, self._levels)
        asks = market.texts(market.asks, self._levels)
        if market.listing.market is Market.SPOT:
            return [market.encoder.partial(self._last_id, bids, asks)]
        # one shape with the diff stream; U is some id after the last frame's u
        ms, last = now_ns // MS, self._last_id
        return [market.encoder.diff(previous + 1, last, previous, bids, asks, ms)]


class AggregateBeat:
    """Ends a futures aggregate trade in time, also when no further action comes."""

    period_ns = AGGREGATE_NS

    def __init__(self, market: GeneratedMarket) -> None:
        self._prints = market.prints

    def fire(self, now_ns: int) -> list[bytes]:
        return [data for _, data in self._prints.flush_aggregate(now_ns, _AGGREGATES)]


_AGGREGATES: Final = frozenset({"aggTrade"})


class CandleBeat:
    """Candles of one interval: the running one, and each once more when it is over.

    Spot shows a candle without trades as well, with ids of -1; futures send only when something
    was traded (websocket-market-streams.md "Kline/Candlestick Streams").
    """

    def __init__(self, name: StreamName, series: Series, write: WriteCandle) -> None:
        self.period_ns = name.speed_ms * MS
        self._series = series
        self._write = write
        self._is_spot = name.market is Market.SPOT
        self._shown: tuple[int, int] | None = None  # its begin and count when it was last sent

    def fire(self, now_ns: int) -> list[bytes]:
        ms = now_ns // MS
        payloads = []
        begin_ms = self._series.open_ms(ms)
        before_ms = self._series.open_ms(ms - self.period_ns // MS)
        if before_ms != begin_ms:
            candle = self._series.candle(before_ms)
            if candle.count or self._is_spot:
                payloads.append(self._write(candle, True, ms))
        candle = self._series.candle(begin_ms)
        state = (begin_ms, candle.count)
        # at its first moment a candle has nothing to show yet
        if ms != begin_ms and (self._is_spot or (candle.count and state != self._shown)):
            self._shown = state
            payloads.append(self._write(candle, False, ms))
        return payloads


def _candle_beat(market: GeneratedMarket, name: StreamName) -> CandleBeat:
    listing, interval = market.listing, name.interval
    zone = ZONE if name.suffix.endswith(ZONE) else ""
    if name.kind is Kind.KLINE:
        return CandleBeat(
            name,
            market.prints.candles.series(interval, zone),
            lambda candle, closed, ms: encode_statistics.kline(
                listing, interval, candle, closed, ms
            ),
        )
    return CandleBeat(
        name,
        market.marks.candles.series(interval),
        lambda candle, closed, ms: encode_statistics.price_kline(
            "markPrice_kline", listing.pair, listing.symbol, interval, candle, closed, ms
        ),
    )


def ticker(market: GeneratedMarket, ms: int) -> bytes:
    """Return the payload of an instrument's rolling day."""
    window = market.prints.day.window(ms)
    return encode_statistics.ticker(market.listing, window, *market.best(), ms)


def mini_ticker(market: GeneratedMarket, ms: int) -> bytes:
    """Return the payload of an instrument's rolling day in short."""
    window = market.prints.day.window(ms)
    return encode_statistics.mini_ticker(market.listing, window, ms)


def mark_price(market: GeneratedMarket, ms: int) -> bytes:
    """Return the payload of a contract's mark price."""
    return encode_futures.mark_price(market.listing, market.marks.newest, ms)


def window_ticker(market: GeneratedMarket, interval: str, ms: int) -> list[bytes]:
    """Return the payload of an instrument's rolling window, if anything was traded in it."""
    window = market.prints.minutes.window(ms, span_ms(interval))
    if window is None:
        return []
    return [encode_statistics.window_ticker(market.listing, interval, window, ms)]


def _average_price(market: GeneratedMarket, ms: int) -> list[bytes]:
    minutes = market.prints.minutes
    window = minutes.window(ms, _AVERAGE_MS)
    if window is None:
        return []
    return [encode_statistics.average_price(market.listing, window.average, minutes.last_ms, ms)]


def _reference_price(market: GeneratedMarket, ms: int) -> list[bytes]:
    """Return the middle of the book in ticks; in one second of ten the venue has no price."""
    has_price = (ms // 1000 + len(market.listing.symbol)) % 10 != 0
    price = market.listing.price((market.bids.best + market.asks.best) // 2)
    return [encode_statistics.reference_price(market.listing, price if has_price else None, ms)]


def _liquidation(market: GeneratedMarket, ms: int) -> list[bytes]:
    order = market.liquidations.before(ms)
    return [] if order is None else [encode_futures.liquidation(market.listing, order, ms)]


def _composite(market: GeneratedMarket, ms: int) -> list[bytes]:
    symbol = market.listing.symbol
    base, _ = assets_of(symbol)
    if not is_composite(base):
        return []
    price, components = composite_index(base, ms)
    return [encode_futures.composite_index(symbol, price, components, ms)]


_WRITERS: Final[dict[Kind, Callable[[GeneratedMarket, StreamName], Fire]]] = {
    Kind.TICKER: lambda market, _: lambda ms: [ticker(market, ms)],
    Kind.MINI_TICKER: lambda market, _: lambda ms: [mini_ticker(market, ms)],
    Kind.WINDOW_TICKER: lambda market, name: lambda ms: window_ticker(market, name.interval, ms),
    Kind.AVERAGE_PRICE: lambda market, _: lambda ms: _average_price(market, ms),
    Kind.REFERENCE_PRICE: lambda market, _: lambda ms: _reference_price(market, ms),
    Kind.MARK_PRICE: lambda market, _: lambda ms: [mark_price(market, ms)],
    Kind.LIQUIDATION: lambda market, _: lambda ms: _liquidation(market, ms),
    Kind.COMPOSITE_INDEX: lambda market, _: lambda ms: _composite(market, ms),
}

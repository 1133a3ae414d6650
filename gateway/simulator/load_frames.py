"""How each stream of the load market is written: one format operation a frame.

Pure. Of each frequent stream the payload is formatted in advance, in its envelope, with gaps for
what changes; the rare ones go the ordinary way. A ``Fire`` moves its instrument on and hands one
frame to ``publish``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.simulator import encode_futures, encode_statistics
from gateway.simulator.encode import Trade
from gateway.simulator.frames import combined_frame, prefix_of, text_frame
from gateway.simulator.intervals import DAY_MS
from gateway.simulator.load_book import JUMP, ROUND, STRIDE
from gateway.simulator.load_market import LoadInstrument
from gateway.simulator.names import Kind, Market, StreamName

Publish = Callable[[str, bytes], None]
Fire = Callable[[int], None]  # at a time in ms

# Stand for what changes while a payload is written once; nothing else looks like them.
_MS, _A, _B, _C = 7_771_111_111_177, 7_772_222_222_277, 7_773_333_333_377, 7_774_444_444_477
_HEADER_BYTES_MAX: Final = 4096
HEADERS: Final = [
    text_frame(bytes(length))[: -length or None] for length in range(_HEADER_BYTES_MAX)
]  # of a frame, by the payload's length


def _template(name: StreamName, payload: bytes) -> bytes:
    for gap in (_MS, _A, _B, _C):
        payload = payload.replace(b"%d" % gap, b"%d")
    return b"%b%b}" % (prefix_of(name.text), payload)


def quotes(instrument: LoadInstrument, name: StreamName, publish: Publish) -> Fire:
    """Return what sends the next best prices, with the book's next id."""
    book, key, headers = instrument.book, name.key, HEADERS
    first_id, largest = book.first_id, book.qty_max
    gap = book.qty_format
    bid, ask = (book.price(True, 0), gap), (book.price(False, 0), gap)
    template = _template(name, instrument.encoder.book_ticker(_A, bid, ask, _MS))

    def spot(ms: int) -> None:
        book.newest = n = book.newest + 1
        data = template % (first_id + n, 1 + n * 7 % largest, 1 + n * 11 % largest)
        publish(key, headers[len(data)] + data)

    def usdm(ms: int) -> None:
        book.newest = n = book.newest + 1
        data = template % (first_id + n, ms, ms, 1 + n * 7 % largest, 1 + n * 11 % largest)
        publish(key, headers[len(data)] + data)

    def coinm(ms: int) -> None:
        book.newest = n = book.newest + 1
        data = template % (first_id + n, 1 + n * 7 % largest, 1 + n * 11 % largest, ms, ms)
        publish(key, headers[len(data)] + data)

    return {Market.SPOT: spot, Market.USDM: usdm, Market.COINM: coinm}[name.market]


def diffs(instrument: LoadInstrument, name: StreamName, publish: Publish) -> Fire:
    """Return what sends the next diff."""
    book, key, headers = instrument.book, name.key, HEADERS
    first_id, best, behind = book.first_id, book.best_qty, book.qty
    templates = [_diff_template(instrument, name, diff) for diff in range(ROUND)]
    levels = [book.changed(diff) for diff in range(ROUND)]

    def spot(ms: int) -> None:
        diff = book.newest // STRIDE + 1
        book.newest = n = diff * STRIDE
        u, place = first_id + n, diff % ROUND
        upper, lower = levels[place]
        one, two = behind(upper, diff), behind(lower, diff)
        data = templates[place] % (
            ms, u - STRIDE + 1, u, best(True, n), one, two, best(False, n), one, two
        )  # fmt: skip
        publish(key, headers[len(data)] + data)

    def futures(ms: int) -> None:
        diff = book.newest // STRIDE + 1
        book.newest = n = diff * STRIDE
        u, place = first_id + n, diff % ROUND
        pu = u - STRIDE
        upper, lower = levels[place]
        one, two = behind(upper, diff), behind(lower, diff)
        data = templates[place] % (
            ms, ms, pu + JUMP, u, pu, best(True, n), one, two, best(False, n), one, two
        )  # fmt: skip
        publish(key, headers[len(data)] + data)

    return spot if name.market is Market.SPOT else futures


def _diff_template(instrument: LoadInstrument, name: StreamName, diff: int) -> bytes:
    book = instrument.book
    bids, asks = (
        [(book.price(is_bid, level), book.qty_format) for level in (0, *book.changed(diff))]
        for is_bid in (True, False)
    )
    return _template(name, instrument.encoder.diff(_A, _B, _C, bids, asks, _MS))


def trades(
    instrument: LoadInstrument,
    single: StreamName | None,
    aggregate: StreamName | None,
    publish: Publish,
) -> Fire:
    """Return what makes the next trade and sends it on those of its two streams that are there."""
    writers = []
    if single is not None:
        writers.append(_single(instrument, single, publish))
    if aggregate is not None:
        writers.append(_aggregate(instrument, aggregate, publish))

    def fire(ms: int) -> None:
        if ms >= instrument.minute_end_ms:
            instrument.roll(ms)
        instrument.trades += 1
        for write in writers:
            write(ms)

    return fire


def _single(instrument: LoadInstrument, name: StreamName, publish: Publish) -> Fire:
    key, headers, first_id = name.key, HEADERS, instrument.first_trade_id
    templates = [
        _template(name, instrument.encoder.trade(_trade(instrument, number), _MS))
        for number in (0, 1)
    ]
    is_spot = name.market is Market.SPOT

    def write(ms: int) -> None:
        n = instrument.trades
        trade_id = first_id + n
        # spot: event time, id, trade time; futures: both times first
        values = (ms, trade_id, ms) if is_spot else (ms, ms, trade_id)
        data = templates[n & 1] % values
        publish(key, headers[len(data)] + data)

    return write


def _aggregate(instrument: LoadInstrument, name: StreamName, publish: Publish) -> Fire:
    key, headers, first_id = name.key, HEADERS, instrument.first_trade_id
    first_aggregate = instrument.first_aggregate_id
    templates = [
        _template(name, instrument.encoder.agg_trade(_trade(instrument, number), _MS))
        for number in (0, 1)
    ]

    def write(ms: int) -> None:
        n = instrument.trades
        trade_id = first_id + n
        data = templates[n & 1] % (ms, first_aggregate + n, trade_id, trade_id, ms)
        publish(key, headers[len(data)] + data)

    return write


def _trade(instrument: LoadInstrument, number: int) -> Trade:
    price = instrument.listing.price(instrument.price_of(number))
    return Trade(_A, price, instrument.qty_text, number & 1 == 0, first_id=_B, last_id=_C)


def klines(instrument: LoadInstrument, name: StreamName, publish: Publish) -> Fire:
    """Return what sends the running minute, and the one before once when it is over.

    Futures send none without trades.
    """
    listing, told_ms = instrument.listing, 0
    is_spot = name.market is Market.SPOT

    def fire(ms: int) -> None:
        nonlocal told_ms
        instrument.roll(ms)
        candle, is_closed = instrument.minute(), False
        over = instrument.minute_before()
        if told_ms != candle.open_ms:
            told_ms = candle.open_ms
            if over is not None:
                candle, is_closed = over, True
        if candle.count or is_spot:
            data = encode_statistics.kline(listing, name.interval, candle, is_closed, ms)
            publish(name.key, combined_frame(name.text, data))

    return fire


def _plain(
    write: Callable[[LoadInstrument, int], bytes],
) -> Callable[[LoadInstrument, StreamName, Publish], Fire]:
    def make(instrument: LoadInstrument, name: StreamName, publish: Publish) -> Fire:
        def fire(ms: int) -> None:
            publish(name.key, combined_frame(name.text, write(instrument, ms)))

        return fire

    return make


def tickers(instrument: LoadInstrument, name: StreamName, publish: Publish) -> Fire:
    """Return what sends the rolling day."""
    book, key, headers = instrument.book, name.key, HEADERS
    listing, gap = instrument.listing, book.qty_format
    bid, ask = (book.price(True, 0), gap), (book.price(False, 0), gap)
    days = [instrument.day_template(parity, _A, _B, _C) for parity in (0, 1)]
    templates = [
        _template(name, encode_statistics.ticker(listing, day, bid, ask, _MS)) for day in days
    ]
    is_spot = name.market is Market.SPOT

    def fire(ms: int) -> None:
        trades, n = instrument.trades, book.newest
        best = (book.best_qty(True, n), book.best_qty(False, n)) if is_spot else ()
        ids = (ms - DAY_MS, ms, instrument.first_trade_id + trades, instrument.day_count)
        data = templates[trades & 1] % (ms, *best, *instrument.day_sums(), *ids)
        publish(key, headers[len(data)] + data)

    return fire


def mini_tickers(instrument: LoadInstrument, name: StreamName, publish: Publish) -> Fire:
    """Return what sends the rolling day in short."""
    key, headers, listing = name.key, HEADERS, instrument.listing
    days = [instrument.day_template(parity, _A, _B, _C) for parity in (0, 1)]
    templates = [_template(name, encode_statistics.mini_ticker(listing, day, _MS)) for day in days]

    def fire(ms: int) -> None:
        data = templates[instrument.trades & 1] % (ms, *instrument.day_sums())
        publish(key, headers[len(data)] + data)

    return fire


def _mark_price(instrument: LoadInstrument, ms: int) -> bytes:
    return encode_futures.mark_price(instrument.listing, instrument.mark_price(ms), ms)


PERIODIC: Final = {
    Kind.DIFF: diffs,
    Kind.KLINE: klines,
    Kind.TICKER: tickers,
    Kind.MINI_TICKER: mini_tickers,
    Kind.MARK_PRICE: _plain(_mark_price),
}

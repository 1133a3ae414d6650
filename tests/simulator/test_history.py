"""Trades and candles asked for later, against what the streams sent."""

from __future__ import annotations

import pytest

from gateway.simulator.encode_rest import aggregate_row, kline_row, trade_row
from gateway.simulator.history import Kept, Shelf, Traded, kept_of
from gateway.simulator.intervals import MINUTE_MS
from gateway.simulator.listing import list_symbol
from gateway.simulator.names import Market

from .played import START_MS, Played

KEYS = {
    Market.SPOT: "spot:btcusdt", Market.USDM: "usdm:btcusdt", Market.COINM: "coinm:btcusd_perp",
}  # fmt: skip
TRADE = {"t": "id", "p": "price", "q": "qty", "T": "time", "m": "isBuyerMaker"}


def shelf(count: int, kept: int = 100) -> Shelf:
    made = Shelf(kept)
    for number in range(count):
        made.add(Traded(1000 + number, 1, 1, False, 50 * (number // 2)))
    return made


def ids(rows: list[Traded]) -> list[int]:
    return [row.trade_id for row in rows]


def test_shelf_finds_by_id_time_and_age() -> None:
    full = shelf(10)
    assert ids(full.newest(3)) == [1007, 1008, 1009]
    assert ids(full.from_id(1004, 2)) == [1004, 1005]
    assert ids(full.from_id(5, 2)) == [1000, 1001]
    assert full.from_id(1010, 2) == []
    assert ids(full.between(50, 100, 9)) == [1002, 1003, 1004, 1005]
    assert ids(full.between(51, None, 3)) == [1004, 1005, 1006]
    assert ids(full.between(None, 100, 3)) == [1003, 1004, 1005]
    assert ids(full.between(None, None, 2)) == [1008, 1009]
    assert shelf(0).from_id(1, 5) == shelf(0).newest(5) == []


def test_shelf_forgets_its_oldest_and_stays_without_a_hole() -> None:
    for count in range(1, 40):
        rows = shelf(count, kept=10).from_id(0, 1000)
        assert min(count, 10) <= len(rows) < 20
        assert ids(rows) == list(range(1000 + count - len(rows), 1000 + count))


def test_what_is_kept_fits_the_number_of_instruments() -> None:
    assert kept_of(5) == Kept(20_000, 1_000)
    assert kept_of(200) == Kept(5_000, 500)
    assert kept_of(100_000) == Kept(2_000, 100)


@pytest.mark.parametrize("market", list(Market))
def test_trades_of_rest_are_those_of_the_streams(market: Market) -> None:
    base = KEYS[market]
    played = Played([f"{base}@trade", f"{base}@aggTrade"]).play(30.0)
    prints = played.exchange.find(market, base.partition(":")[2].upper()).prints
    listing = list_symbol(market, base.partition(":")[2].upper())
    sent = played.frames[f"{base}@trade"]
    told = [trade_row(listing, row) for row in prints.trades.from_id(0, 100_000)]
    assert len(sent) > 50
    assert [{name: row[name] for name in TRADE.values()} for row in told] == [
        {rest: frame[stream] for stream, rest in TRADE.items()} for frame in sent
    ]
    aggregates = [aggregate_row(listing, row) for row in prints.aggregates.from_id(0, 100_000)]
    fields = aggregates[0].keys()
    assert aggregates == [
        {name: value for name, value in frame.items() if name in fields}
        for frame in played.frames[f"{base}@aggTrade"]
    ]


@pytest.mark.parametrize("market", list(Market))
@pytest.mark.parametrize("interval", ["1m", "3m"])
def test_closed_candles_of_rest_are_those_of_the_stream(market: Market, interval: str) -> None:
    base = KEYS[market]
    key = f"{base}@kline_{interval}"
    symbol = base.partition(":")[2].upper()
    played = Played([key], [(market, symbol)], rate=0.02 if market is Market.SPOT else 0.3)
    played.play(900.0)
    found = played.exchange.find(market, symbol)
    series = found.prints.candles.series(interval)
    rows = series.between(START_MS, START_MS + 900_000 - 1, 1000)
    told = {row[0]: row for row in (kline_row(found.listing, candle) for candle in rows)}
    closed = [frame["k"] for frame in played.frames[key] if frame["k"]["x"]]
    assert len(closed) >= 4
    for k in closed:
        if k["t"] in told:  # before the first trade REST knows nothing
            assert told[k["t"]] == [k[name] for name in "tohlcvTqnVQ"] + ["0"]
    assert sum(k["t"] in told for k in closed) >= len(closed) - 2
    begins = [candle.open_ms for candle in rows]
    span = int(interval[0]) * MINUTE_MS
    assert begins == list(range(begins[0], START_MS + 900_000, span))


def test_spans_of_candles() -> None:
    alone = [(Market.SPOT, "BTCUSDT")]
    played = Played([], alone, rate=0.5).play(600.0)
    series = played.exchange.find(Market.SPOT, "BTCUSDT").prints.candles.series("1m")
    now_ms = START_MS + 600_000 - 1

    def minutes(start: int | None, end: int, limit: int) -> list[int]:
        start_ms = None if start is None else START_MS + start
        found = series.between(start_ms, START_MS + end, limit)
        return [(candle.open_ms - START_MS) // MINUTE_MS for candle in found]

    assert minutes(None, 599_999, 3) == [7, 8, 9]
    assert minutes(0, 599_999, 3) == [0, 1, 2]
    assert minutes(1, 599_999, 2) == [1, 2]
    assert minutes(60_000, 120_000, 9) == [1, 2]
    assert minutes(None, 60_000, 9) == [0, 1]
    assert minutes(-(10**9), 60_000, 9) == [0, 1]
    assert minutes(700_000, 599_999, 9) == []
    assert series.between(None, now_ms, 1000)[-1].close_ms == now_ms

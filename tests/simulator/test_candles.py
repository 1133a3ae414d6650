"""Candles, against the trades that a client adds up by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.simulator.intervals import ALL, ZONE_MS, close_ms, open_ms
from gateway.simulator.names import INTERVALS

from .played import SECOND, START_MS, START_NS, Played

SPOT, USDM, COINM = "spot:btcusdt", "usdm:btcusdt", "coinm:btcusd_perp"
ZONE = "@+08:00"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("interval", "shift_h", "at", "begins", "ends"),
    [
        ("1s", 0, "2026-11-22T11:00:07.500", "2026-11-22T11:00:07", "2026-11-22T11:00:08"),
        ("15m", 0, "2026-11-22T11:20:00", "2026-11-22T11:15:00", "2026-11-22T11:30:00"),
        ("6h", 0, "2026-11-22T11:20:00", "2026-11-22T06:00:00", "2026-11-22T12:00:00"),
        ("6h", 8, "2026-11-22T11:20:00", "2026-11-22T10:00:00", "2026-11-22T16:00:00"),
        ("1d", 8, "2026-11-22T11:20:00", "2026-11-21T16:00:00", "2026-11-22T16:00:00"),
        ("1w", 0, "2026-11-22T11:20:00", "2026-11-16T00:00:00", "2026-11-23T00:00:00"),
        ("1w", 8, "2026-11-22T17:00:00", "2026-11-22T16:00:00", "2026-11-29T16:00:00"),
        ("1M", 0, "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("1M", 8, "2026-11-30T16:00:00", "2026-11-30T16:00:00", "2026-12-31T16:00:00"),
    ],
)
def test_candles_are_aligned_as_the_venue_aligns_them(
    interval: str, shift_h: int, at: str, begins: str, ends: str
) -> None:
    shift_ms = shift_h * 3_600_000
    begin = open_ms(interval, ms(at), shift_ms)
    assert (begin, close_ms(interval, begin, shift_ms) + 1) == (ms(begins), ms(ends))


@pytest.mark.parametrize("interval", ALL)
@pytest.mark.parametrize("shift_ms", [0, *ZONE_MS.values()])
def test_candles_follow_each_other(interval: str, shift_ms: int) -> None:
    begin = open_ms(interval, START_MS, shift_ms)
    end = close_ms(interval, begin, shift_ms)
    assert begin <= START_MS <= end
    assert open_ms(interval, end, shift_ms) == begin
    assert open_ms(interval, end + 1, shift_ms) == end + 1


def added_up(trades: list[Any], begin: int, end: int, is_coinm: bool) -> dict[str, Any]:
    part = [trade for trade in trades if begin <= trade["T"] <= end]
    prices = [float(trade["p"]) for trade in part]
    bought = [trade for trade in part if not trade["m"]]
    return {
        "f": part[0]["t"],
        "L": part[-1]["t"],
        "o": prices[0],
        "c": prices[-1],
        "h": max(prices),
        "l": min(prices),
        "n": len(part),
        "v": volume(part),
        "V": volume(bought),
        "q": turnover(part, is_coinm),
        "Q": turnover(bought, is_coinm),
    }


def volume(trades: list[Any]) -> float:
    return sum(float(trade["q"]) for trade in trades)


def turnover(trades: list[Any], is_coinm: bool) -> float:
    if is_coinm:
        return sum(100 * float(trade["q"]) / float(trade["p"]) for trade in trades)
    return sum(float(trade["q"]) * float(trade["p"]) for trade in trades)


def check(data: Any, trades: list[Any], is_coinm: bool = False) -> None:
    k = data["k"]
    sums = added_up(trades, k["t"], min(k["T"], data["E"]), is_coinm)
    for key, expected in sums.items():
        # each trade's turnover is rounded to 8 decimals
        assert float(k[key]) == pytest.approx(expected, abs=1e-8 * (1 + sums["n"])), (key, data)


@pytest.fixture(scope="module")
def played() -> Played:
    keys = [f"{symbol}@trade" for symbol in (SPOT, USDM, COINM)]
    keys += [f"{symbol}@kline_{interval}" for symbol in (SPOT, USDM, COINM) for interval in ALL]
    keys += [f"{SPOT}@kline_{interval}{ZONE}" for interval in ALL]
    keys += ["usdm:btcusdt_perpetual@continuousKline_1m", f"{USDM}@depth@100ms"]
    keys += ["coinm:btcusd@indexPriceKline_1m", "coinm:btcusd_perp@markPriceKline_1m"]
    keys += ["coinm:btcusd@indexPrice@1s", "coinm:btcusd_perp@markPrice@1s"]
    return Played(keys, start_ns=START_NS - 40 * SECOND).play(95)  # over a full hour


@pytest.mark.parametrize("symbol", [SPOT, USDM, COINM])
@pytest.mark.parametrize("interval", INTERVALS)
def test_candle_is_the_sum_of_its_trades(played: Played, symbol: str, interval: str) -> None:
    sent = played.frames[f"{symbol}@kline_{interval}"]
    trades = played.frames[f"{symbol}@trade"]
    assert len(sent) > 40
    for data in sent[::7]:
        if data["k"]["n"]:
            check(data, trades, is_coinm=symbol == COINM)


@pytest.mark.parametrize("interval", ["1s", "1h", "6h", "1d", "1M"])
def test_candle_of_another_time_zone_is_too(played: Played, interval: str) -> None:
    sent = played.frames[f"{SPOT}@kline_{interval}{ZONE}"]
    for data in sent[::5]:
        if data["k"]["n"]:
            check(data, played.frames[f"{SPOT}@trade"])
    midnight = open_ms(interval, START_MS, ZONE_MS[ZONE])
    assert midnight in {data["k"]["t"] for data in sent}


@pytest.mark.parametrize("symbol", [SPOT, USDM, COINM])
def test_candle_is_closed_once_and_is_whole_then(played: Played, symbol: str) -> None:
    sent = played.frames[f"{symbol}@kline_1m"]
    closed = [data for data in sent if data["k"]["x"]]
    assert [data["k"]["T"] + 1 for data in closed] == [START_MS]
    assert closed[0]["E"] == START_MS
    check(closed[0], played.frames[f"{symbol}@trade"], is_coinm=symbol == COINM)
    assert not any(data["k"]["x"] for data in sent if data not in closed)


def test_spot_shows_a_second_without_trades_flat_and_futures_show_nothing() -> None:
    keys = [f"{SPOT}@kline_1s", f"{USDM}@kline_1m", f"{SPOT}@trade", f"{USDM}@trade"]
    played = Played(keys, rate=0.05).play(60)
    seconds = played.frames[f"{SPOT}@kline_1s"]
    assert [data["k"]["t"] for data in seconds] == [START_MS + 1000 * n for n in range(60)]
    empty = [data["k"] for data in seconds if not data["k"]["n"]]
    assert empty
    for k in empty:
        assert (k["f"], k["L"], float(k["v"]), k["x"]) == (-1, -1, 0, True)
        assert k["o"] == k["h"] == k["l"] == k["c"]
    *running, closed = [data["k"] for data in played.frames[f"{USDM}@kline_1m"]]
    shown = [k["n"] for k in running]
    assert shown == sorted(set(shown))
    assert (closed["x"], closed["n"]) == (True, len(played.frames[f"{USDM}@trade"]))


def test_continuous_candle_shows_ids_of_the_book(played: Played) -> None:
    sent = played.frames["usdm:btcusdt_perpetual@continuousKline_1m"]
    plain = played.frames[f"{USDM}@kline_1m"]
    same = ("t", "T", "i", "o", "c", "h", "l", "v", "n", "x", "q", "V", "Q", "B")
    assert [[d["k"][key] for key in same] for d in sent] == [
        [d["k"][key] for key in same] for d in plain
    ]
    diffs = played.frames[f"{USDM}@depth@100ms"]
    for data in sent[8:]:
        k = data["k"]
        assert diffs[0]["U"] <= k["f"] <= k["L"]
        last = next(diff for diff in diffs if diff["E"] >= data["E"])
        assert k["L"] <= last["u"]


@pytest.mark.parametrize(
    ("candles", "prices"),
    [
        ("coinm:btcusd@indexPriceKline_1m", "coinm:btcusd@indexPrice@1s"),
        ("coinm:btcusd_perp@markPriceKline_1m", "coinm:btcusd_perp@markPrice@1s"),
    ],
)
def test_candles_of_prices_are_made_of_the_prices_sent(
    played: Played, candles: str, prices: str
) -> None:
    closed = next(data["k"] for data in played.frames[candles] if data["k"]["x"])
    part = [data for data in played.frames[prices] if closed["t"] <= data["E"] <= closed["T"]]
    # the market began in mid-minute with a price that no stream had yet
    values = [float(data["p"]) for data in part]
    assert (closed["L"], closed["n"]) == (part[-1]["E"], len(part) + 1)
    assert float(closed["c"]) == values[-1]
    assert float(closed["h"]) >= max(values)
    assert float(closed["l"]) <= min(values)


def test_candle_asked_for_later_holds_what_was_traded_before() -> None:
    played = Played([f"{SPOT}@trade"]).play(30)
    played.frames[f"{SPOT}@kline_1h"] = []
    played.exchange.want(played.frames, played.now_ns)
    played.play(4)
    data = played.frames[f"{SPOT}@kline_1h"][-1]
    assert data["k"]["f"] == played.frames[f"{SPOT}@trade"][0]["t"]
    check(data, played.frames[f"{SPOT}@trade"])


def test_contract_of_a_type_changes_with_the_quarter() -> None:
    keys = ["coinm:btcusd_current_quarter@continuousKline_1m", "coinm:btcusd_261225@kline_1m"]
    keys += ["coinm:btcusd_next_quarter@continuousKline_1m", "coinm:btcusd_270326@kline_1m"]
    played = Played(keys).play(10)
    current, near, following, far = (played.frames[key] for key in keys)
    assert [d["k"]["c"] for d in current] == [d["k"]["c"] for d in near]
    assert [d["k"]["c"] for d in following] == [d["k"]["c"] for d in far]
    assert {(d["ps"], d["ct"]) for d in following} == {("BTCUSD", "NEXT_QUARTER")}

"""Streams of several instruments: whose rows they carry, and when; and symbols that come and go."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

import pytest

from gateway.simulator.index_names import ASSETS
from gateway.simulator.names import Market
from gateway.simulator.source import NoSuchSymbol

from .played import START_MS, SYMBOLS, Played

FUTURES = {f"{market}:{symbol}" for market, symbol in SYMBOLS if market is not Market.SPOT}
HOSTS = ("usdm", "coinm")


def ids(rows: list[Any]) -> set[str]:
    return {f"{'coinm' if row['st'] == 2 else 'usdm'}:{row['s']}" for row in rows}


@pytest.fixture(scope="module")
def played() -> Played:
    keys = [
        f"{host}:{name}"
        for host in HOSTS
        for name in (
            "!miniTicker@arr", "!ticker@arr", "!bookTicker", "!markPrice@arr", "!markPrice@arr@1s",
            "!forceOrder@arr", "!assetIndex@arr", "!contractInfo",
        )
    ]  # fmt: skip
    keys += [f"{market}:{symbol.lower()}@forceOrder" for market, symbol in SYMBOLS[2:]]
    keys += [f"{market}:{symbol.lower()}@bookTicker" for market, symbol in SYMBOLS[2:]]
    keys += ["usdm:btcusdt@trade", "usdm:btcusdt@ticker", "spot:!ticker_1h@arr"]
    keys += ["spot:!miniTicker@arr", "spot:btcusdt@trade", "spot:ethusdt@trade"]
    return Played(keys).play(40)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("name", ["!miniTicker@arr", "!ticker@arr", "!markPrice@arr@1s"])
def test_arrays_carry_the_rows_of_both_futures_markets(
    played: Played, host: str, name: str
) -> None:
    assert ids(played.rows(f"{host}:{name}")) == FUTURES


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("name", ["!bookTicker", "!forceOrder@arr"])
def test_merged_streams_carry_single_objects_of_both(played: Played, host: str, name: str) -> None:
    sent = played.frames[f"{host}:{name}"]
    types = {data["st"] for data in sent}
    symbols = {(data.get("o") or data)["s"] for data in sent}
    assert types == {1, 2}
    assert symbols == {key.partition(":")[2] for key in FUTURES}


@pytest.mark.parametrize("host", HOSTS)
def test_mark_prices_come_all_and_in_several_frames_a_tick(played: Played, host: str) -> None:
    for name, period_ms in (("!markPrice@arr", 3000), ("!markPrice@arr@1s", 1000)):
        frames = played.frames[f"{host}:{name}"]
        assert all(frames)
        ticks = {ms: list(same) for ms, same in groupby(frames, key=lambda rows: rows[0]["E"])}
        assert all((ms - START_MS) % period_ms == 0 for ms in ticks)
        for parts in ticks.values():
            assert len(parts) == 2
            rows = [row for part in parts for row in part]
            assert len(rows) == len(FUTURES)
            assert ids(rows) == FUTURES
        assert any({row["st"] for row in frame} == {1, 2} for frame in frames)


def test_row_of_an_array_is_what_the_symbols_own_stream_says(played: Played) -> None:
    own = {data["E"]: data for data in played.frames["usdm:btcusdt@ticker"]}
    rows = [row for row in played.rows("coinm:!ticker@arr") if row["s"] == "BTCUSDT"]
    shared = [row for row in rows if row["E"] in own]
    assert shared
    assert all(row == own[row["E"]] for row in shared)


def test_ticker_arrays_carry_changed_symbols_only(played: Played) -> None:
    quiet = Played(["spot:!miniTicker@arr", "spot:btcusdt@trade", "spot:ethusdt@trade"], rate=0.1)
    quiet.play(60)
    sent = quiet.frames["spot:!miniTicker@arr"]
    assert any(len(frame) == 1 for frame in sent)
    for row in (row for frame in sent for row in frame):
        trades = quiet.frames[f"spot:{row['s'].lower()}@trade"]
        assert any(row["E"] - 1000 <= trade["T"] <= row["E"] for trade in trades)
    assert len(sent) < 59
    assert len(played.frames["spot:!miniTicker@arr"]) == 40


def test_rolling_window_is_the_sum_of_its_trades(played: Played) -> None:
    for row in played.rows("spot:!ticker_1h@arr")[-20:]:
        trades = played.frames[f"spot:{row['s'].lower()}@trade"]
        part = [trade for trade in trades if row["O"] <= trade["T"] <= row["E"]]
        prices = [float(trade["p"]) for trade in part]
        assert (row["F"], row["L"], row["n"]) == (part[0]["t"], part[-1]["t"], len(part))
        assert (float(row["h"]), float(row["l"])) == (max(prices), min(prices))
        assert (float(row["o"]), float(row["c"])) == (prices[0], prices[-1])
        assert float(row["v"]) == pytest.approx(sum(float(trade["q"]) for trade in part))
        assert row["O"] % 60_000 == 0
        assert 0 <= row["C"] - row["O"] - 3_600_000 < 60_000


def test_rolling_window_forgets_what_is_older() -> None:
    played = Played(["spot:btcusdt@ticker_1h", "spot:btcusdt@trade"], SYMBOLS[:1], rate=0.02)
    played.play(2 * 3600)
    row = played.frames["spot:btcusdt@ticker_1h"][-1]
    part = [t for t in played.frames["spot:btcusdt@trade"] if row["O"] <= t["T"] <= row["E"]]
    assert row["n"] == len(part) < len(played.frames["spot:btcusdt@trade"]) - 20


def test_all_book_tickers_come_every_five_seconds_on_usdm_and_at_once_on_coinm(
    played: Played,
) -> None:
    slow, fast = played.frames["usdm:!bookTicker"], played.frames["coinm:!bookTicker"]
    assert {data["E"] - START_MS for data in slow} == set(range(5000, 40_001, 5000))
    assert len(slow) == 8 * len(FUTURES)
    every = [data for key in FUTURES for data in played.frames[f"{key.lower()}@bookTicker"]]
    assert len(fast) == len(every)
    assert all(data in every for data in fast[:50])


@pytest.mark.parametrize("symbol", [symbol for _, symbol in SYMBOLS[2:]])
def test_one_forced_order_a_second_and_symbol_is_told(played: Played, symbol: str) -> None:
    market = "usdm" if symbol.endswith("USDT") else "coinm"
    sent = played.frames[f"{market}:{symbol.lower()}@forceOrder"]
    assert sent
    seconds = [data["E"] // 1000 for data in sent]
    assert len(set(seconds)) == len(seconds)
    for data in sent:
        assert data["o"]["T"] // 1000 == data["E"] // 1000 - 1
    merged = [d["o"] for d in played.frames[f"{market}:!forceOrder@arr"] if d["o"]["s"] == symbol]
    assert merged == [data["o"] for data in sent]


def test_mark_prices_and_candles_may_be_asked_for_on_either_futures_host() -> None:
    names = ("btcusd_perp@markPrice@1s", "btcusdt@markPrice@1s", "btcusd_perp@kline_1m")
    names += ("btcusdt@kline_1m", "btcusd_perpetual@continuousKline_1m")
    played = Played([f"{host}:{name}" for host in HOSTS for name in names]).play(3)
    for name in names:
        assert len(played.frames[f"usdm:{name}"]) >= 3
        assert played.frames[f"usdm:{name}"] == played.frames[f"coinm:{name}"]
    only_own = Played(["usdm:btcusd_perp@depth@100ms", "coinm:btcusdt@trade"]).play(2)
    assert not any(only_own.frames.values())


def test_margin_assets_come_together_and_one_by_one() -> None:
    played = Played(["usdm:!assetIndex@arr", "usdm:btcusd@assetIndex", "usdm:noneusd@assetIndex"])
    played.play(3)
    assert {row["s"] for row in played.rows("usdm:!assetIndex@arr")} == set(ASSETS)
    own = played.frames["usdm:btcusd@assetIndex"]
    assert own == [r for r in played.rows("usdm:!assetIndex@arr") if r["s"] == "BTCUSD"]
    assert played.frames["usdm:noneusd@assetIndex"] == []


# Symbols that come, stand still and go


def test_new_symbol_is_told_on_both_hosts_and_joins_the_streams_that_waited_for_it() -> None:
    keys = ["usdm:newusdt@trade", "usdm:newusdt@kline_1m", "usdm:newusdt@depth@100ms"]
    keys += ["usdm:!contractInfo", "coinm:!contractInfo", "usdm:!markPrice@arr@1s"]
    played = Played(keys).play(2)
    assert not any(played.frames[key] for key in keys[:5])
    played.exchange.list_symbol(Market.USDM, "NEWUSDT", played.now_ns)
    played.exchange.list_symbol(Market.USDM, "NEWUSDT", played.now_ns)  # it stays as it is
    played.play(5)
    assert all(played.frames[key] for key in keys[:3])
    (told,) = played.frames["usdm:!contractInfo"]
    assert played.frames["coinm:!contractInfo"] == [told]
    assert (told["s"], told["cs"], told["ot"]) == ("NEWUSDT", "TRADING", START_MS + 2000)
    assert told["bks"]
    assert "usdm:NEWUSDT" in ids(played.frames["usdm:!markPrice@arr@1s"][-1]) | ids(
        played.frames["usdm:!markPrice@arr@1s"][-2]
    )
    new = played.exchange.find(Market.USDM, "NEWUSDT").instrument()
    assert (new.status, new.onboard_ms) == ("TRADING", START_MS + 2000)


def test_halted_symbol_does_not_trade_until_it_goes_on() -> None:
    keys = ["coinm:btcusd_perp@trade", "coinm:btcusd_perp@depth@100ms", "coinm:!contractInfo"]
    played = Played([*keys, "coinm:btcusd_perp@markPrice@1s"]).play(2)
    played.exchange.halt(Market.COINM, "BTCUSD_PERP", True, played.now_ns)
    assert played.exchange.find(Market.COINM, "BTCUSD_PERP").instrument().status == "BREAK"
    played.play(1)
    before = {key: len(frames) for key, frames in played.frames.items()}
    played.play(5)
    after = {key: len(frames) for key, frames in played.frames.items()}
    assert [after[key] - before[key] for key in keys] == [0, 0, 0]
    assert after["coinm:btcusd_perp@markPrice@1s"] - before["coinm:btcusd_perp@markPrice@1s"] == 5
    played.exchange.halt(Market.COINM, "BTCUSD_PERP", False, played.now_ns)
    played.play(3)
    assert len(played.frames[keys[0]]) > after[keys[0]]
    told = played.frames["coinm:!contractInfo"]
    assert [data["cs"] for data in told] == ["BREAK", "TRADING"]
    assert not any("bks" in data for data in told)
    diffs = played.frames[keys[1]]
    assert all(b["pu"] == a["u"] for a, b in pairwise(diffs))


def test_symbol_that_is_gone_is_silent_and_disturbs_no_other() -> None:
    keys = ["coinm:btcusd_261225@trade", "coinm:btcusd_261225@markPrice@1s"]
    keys += ["coinm:btcusd_perp@depth@100ms", "coinm:!contractInfo", "coinm:btcusd@markPrice@1s"]
    keys += ["coinm:btcusd_current_quarter@continuousKline_1m", "spot:ethusdt@ticker"]
    played = Played(keys).play(2)
    played.exchange.delist(Market.COINM, "BTCUSD_261225", played.now_ns)
    played.exchange.delist(Market.SPOT, "ETHUSDT", played.now_ns)
    before = {key: len(frames) for key, frames in played.frames.items()}
    played.play(3)
    after = {key: len(frames) for key, frames in played.frames.items()}
    assert [after[key] - before[key] for key in (keys[0], keys[1], keys[5], keys[6])] == [0] * 4
    diffs = played.frames["coinm:btcusd_perp@depth@100ms"]
    assert after[keys[2]] - before[keys[2]] >= 25
    assert all(b["pu"] == a["u"] for a, b in pairwise(diffs))
    assert [data["cs"] for data in played.frames["coinm:!contractInfo"]] == ["CLOSE"]
    last = played.frames["coinm:btcusd@markPrice@1s"][-1]
    assert {row["s"] for row in last} == {"BTCUSD_PERP", "BTCUSD_270326"}
    with pytest.raises(NoSuchSymbol):
        played.exchange.find(Market.SPOT, "ETHUSDT")
    with pytest.raises(NoSuchSymbol):
        played.exchange.halt(Market.SPOT, "ETHUSDT", True, played.now_ns)


def test_symbol_that_comes_back_goes_on_under_its_old_names() -> None:
    played = Played(["spot:ethusdt@trade"]).play(2)
    played.exchange.delist(Market.SPOT, "ETHUSDT", played.now_ns)
    played.play(2)
    before = len(played.frames["spot:ethusdt@trade"])
    played.exchange.list_symbol(Market.SPOT, "ETHUSDT", played.now_ns)
    played.play(3)
    assert len(played.frames["spot:ethusdt@trade"]) > before


@pytest.mark.parametrize(
    "key",
    [
        "spot:!ticker@arr", "spot:!bookTicker", "spot:btcusdt@kline_7m", "usdm:btcusdt@kline_1s",
        "usdm:btcusdt@depth@250ms", "usdm:btcusdt@compositeIndex", "usdm:nosuchusdt@trade",
        "coinm:btcusd@markPrice@5s", "coinm:nopair@indexPrice", "coinm:nopair@markPrice",
        "usdm:btcusdt_next_quarter@continuousKline_1m", "usdm:btcusdt@nonsense",
    ],
)  # fmt: skip
def test_streams_that_do_not_exist_are_silent(key: str) -> None:
    assert Played([key]).play(7).frames[key] == []

"""The generated market in simulated time: ids, books, trades and payloads."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest

from gateway.simulator.exchange import Exchange
from gateway.simulator.market import GeneratedMarket
from gateway.simulator.names import Market, parse_key

START_NS = 1_795_345_200_000_000_000
SECOND = 1_000_000_000
SYMBOLS = {
    "spot": (Market.SPOT, "BTCUSDT"),
    "usdm": (Market.USDM, "BTCUSDT"),
    "coinm": (Market.COINM, "BTCUSD_PERP"),
}
SUFFIXES = (
    "bookTicker", "trade", "aggTrade", "ticker", "depth", "depth@100ms", "depth5", "depth20@100ms"
)  # fmt: skip
Frames = list[tuple[str, str, Any]]  # instrument, suffix, data


def run(
    markets: list[str], seconds: float = 20.0, seed: int = 1, rate: float = 5.0,
    suffixes: tuple[str, ...] = SUFFIXES,
) -> tuple[Exchange, Frames]:  # fmt: skip
    exchange = Exchange([SYMBOLS[market] for market in markets], seed, rate, START_NS)
    symbols = [f"{market}:{SYMBOLS[market][1].lower()}" for market in markets]
    exchange.want([f"{symbol}@{suffix}" for symbol in symbols for suffix in suffixes], START_NS)
    return exchange, decoded(exchange.advance(START_NS + round(seconds * SECOND)))


def decoded(frames: list[tuple[str, bytes]]) -> Frames:
    found = []
    for key, data in frames:
        name = parse_key(key)
        found.append((f"{name.market}:{name.symbol}", name.suffix, orjson.loads(data)))
    return found


def of(frames: Frames, *suffixes: str) -> list[Any]:
    return [data for _, suffix, data in frames if suffix in suffixes]


def only(exchange: Exchange) -> GeneratedMarket:
    return next(iter(exchange.markets.values()))


@pytest.fixture(scope="module", params=list(SYMBOLS))
def played(request: pytest.FixtureRequest) -> tuple[str, Exchange, Frames]:
    exchange, frames = run([request.param])
    return request.param, exchange, frames


def test_everything_wanted_is_sent(played: tuple[str, Exchange, Frames]) -> None:
    _, _, frames = played
    counts = {suffix: len(of(frames, suffix)) for suffix in SUFFIXES}
    assert min(counts.values()) >= 9, counts
    assert counts["depth@100ms"] > 3 * counts["depth"] / 2


@pytest.mark.parametrize("suffix", ["depth", "depth@100ms"])
def test_diffs_join_without_a_hole(played: tuple[str, Exchange, Frames], suffix: str) -> None:
    market, _, frames = played
    diffs = of(frames, suffix)
    for before, after in pairwise(diffs):
        assert before["U"] <= before["u"] < after["U"]
        if market == "spot":
            assert after["U"] == before["u"] + 1
            assert "pu" not in after
        else:
            assert after["pu"] == before["u"]
    jumps = sum(after["U"] != before["u"] + 1 for before, after in pairwise(diffs))
    assert (jumps > 0) is (market != "spot")


@pytest.mark.parametrize("suffix", ["depth", "depth@100ms"])
def test_a_book_kept_from_a_snapshot_and_diffs_is_the_true_book(
    played: tuple[str, Exchange, Frames], suffix: str
) -> None:
    _, exchange, frames = played
    truth = only(exchange).truth
    diffs = of(frames, suffix)
    start = truth.book_at(diffs[0]["u"])
    bids, asks = dict(start.bids), dict(start.asks)
    for diff in diffs[1:]:
        for side, levels in ((bids, diff["b"]), (asks, diff["a"])):
            for price, qty in levels:
                side[price] = qty
                if not float(qty):
                    del side[price]
        assert max(map(float, bids)) < min(map(float, asks))
        true = truth.book_at(diff["u"])
        assert (dict(true.bids), dict(true.asks)) == (bids, asks)


def test_book_is_never_crossed_at_any_update_id(played: tuple[str, Exchange, Frames]) -> None:
    _, exchange, _ = played
    truth = only(exchange).truth
    for change in truth.changes(truth.count - 500):
        book = truth.book_at(change.update_id)
        assert float(book.bids[0][0]) < float(book.asks[0][0])


def test_book_ticker_is_the_top_of_the_true_book(played: tuple[str, Exchange, Frames]) -> None:
    _, exchange, frames = played
    truth = only(exchange).truth
    for ticker in of(frames, "bookTicker")[-200:]:
        book = truth.book_at(ticker["u"])
        assert book.bids[0] == (ticker["b"], ticker["B"])
        assert book.asks[0] == (ticker["a"], ticker["A"])


def test_book_ticker_is_sent_when_the_top_changed_and_only_then(
    played: tuple[str, Exchange, Frames],
) -> None:
    _, exchange, frames = played
    tops = [(t["b"], t["B"], t["a"], t["A"]) for t in of(frames, "bookTicker")]
    assert all(before != after for before, after in pairwise(tops))
    book = only(exchange).truth.newest_book()
    assert tops[-1] == (*book.bids[0], *book.asks[0])


@pytest.mark.parametrize(("suffix", "levels"), [("depth5", 5), ("depth20@100ms", 20)])
def test_partial_depth_is_the_top_of_the_true_book(
    played: tuple[str, Exchange, Frames], suffix: str, levels: int
) -> None:
    market, exchange, frames = played
    names = ("lastUpdateId", "bids", "asks") if market == "spot" else ("u", "b", "a")
    for partial in of(frames, suffix):
        book = only(exchange).truth.book_at(partial[names[0]])
        assert [tuple(level) for level in partial[names[1]]] == book.bids[:levels]
        assert [tuple(level) for level in partial[names[2]]] == book.asks[:levels]


def test_trades_are_contiguous_and_take_from_the_best_price(
    played: tuple[str, Exchange, Frames],
) -> None:
    _, exchange, frames = played
    trades = of(frames, "trade")
    ids = [trade["t"] for trade in trades]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    changes = {(change.price, change.is_bid) for change in only(exchange).truth.changes(0)}
    assert all((trade["p"], trade["m"]) in changes for trade in trades)
    assert {trade["m"] for trade in trades} == {True, False}


def test_aggregates_add_up_to_the_trades(played: tuple[str, Exchange, Frames]) -> None:
    market, _, frames = played
    aggregates = of(frames, "aggTrade")
    ids = [aggregate["a"] for aggregate in aggregates]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    trades = {trade["t"]: trade for trade in of(frames, "trade")}
    for aggregate in aggregates:
        parts = [trades[number] for number in range(aggregate["f"], aggregate["l"] + 1)]
        assert {(part["p"], part["m"]) for part in parts} == {(aggregate["p"], aggregate["m"])}
        assert sum(float(part["q"]) for part in parts) == pytest.approx(float(aggregate["q"]))
    if market != "spot":
        assert any(aggregate["f"] < aggregate["l"] for aggregate in aggregates)


def test_price_moves(played: tuple[str, Exchange, Frames]) -> None:
    _, _, frames = played
    assert len({ticker["b"] for ticker in of(frames, "bookTicker")}) > 5


def test_times_are_those_of_the_schedule(played: tuple[str, Exchange, Frames]) -> None:
    _, _, frames = played
    start_ms = START_NS // 1_000_000
    for number, diff in enumerate(of(frames, "depth@100ms")):
        assert (diff["E"] - start_ms) % 100 == 0
        assert diff["E"] >= start_ms + 100 * (number + 1)
    tickers = of(frames, "ticker")
    assert tickers[0]["C"] - tickers[0]["O"] == 86_400_000


def test_same_seed_gives_the_same_market_whatever_is_subscribed() -> None:
    first, frames = run(["spot", "usdm"], 5.0)
    second, _ = run(["usdm"], 5.0, suffixes=("aggTrade",))
    _again, same = run(["spot", "usdm"], 5.0)
    assert frames == same
    key = "usdm:BTCUSDT"
    assert first.markets[key].truth.newest_book() == second.markets[key].truth.newest_book()
    _other, different = run(["spot", "usdm"], 5.0, seed=2)
    assert different != frames


def test_same_market_comes_of_large_and_small_steps() -> None:
    _whole, frames = run(["spot", "coinm"], 5.0)
    stepped, _ = run(["spot", "coinm"], 0.0)
    found = []
    for step in range(1, 501):
        found += stepped.advance(START_NS + step * SECOND // 100)
    assert decoded(found) == frames


def test_rate_multiplies_the_actions() -> None:
    slow, _ = run(["spot"], 20.0, rate=1.0)
    fast, _ = run(["spot"], 20.0, rate=10.0)
    ratio = only(fast).truth.count / only(slow).truth.count
    assert 6 < ratio < 15


def test_stream_that_is_subscribed_later_begins_at_the_current_id() -> None:
    exchange, _ = run(["usdm"], 2.0, suffixes=("bookTicker",))
    known = only(exchange).update_id
    exchange.want(["usdm:btcusdt@depth@100ms"], START_NS + 2 * SECOND)
    frames = exchange.advance(START_NS + 3 * SECOND)
    first = orjson.loads(frames[0][1])
    assert {key for key, _ in frames} == {"usdm:btcusdt@depth@100ms"}
    assert first["pu"] == known < first["U"]


def test_truth_is_bounded() -> None:
    exchange, _ = run(["spot"], 100.0, rate=20.0, suffixes=())
    truth = only(exchange).truth
    assert truth.count > 40_000
    assert len(truth._changes) < 25_000
    assert len(truth._checkpoints) < 60


def test_many_symbols_share_the_memory_of_the_truth() -> None:
    symbols = [(Market.SPOT, f"A{number}USDT") for number in range(200)]
    exchange = Exchange(symbols, 0, 1.0, START_NS)
    assert len(exchange.markets) == 200
    assert {market.truth._max for market in exchange.markets.values()} == {10_000}

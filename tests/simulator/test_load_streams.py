"""The load market's streams: payloads, ids, sums, and who gets them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import orjson
import pytest

from gateway.simulator.frames import payload_offset
from gateway.simulator.listing import list_symbol
from gateway.simulator.load_market import LoadInstrument
from gateway.simulator.load_streams import LoadStreams
from gateway.simulator.names import Market, parse_key

from .examples import documented
from .test_payloads import shape

SYMBOLS = (
    (Market.SPOT, "BTCUSDT"),
    (Market.SPOT, "ETHUSDT"),
    (Market.USDM, "BTCUSDT"),
    (Market.COINM, "BTCUSD_PERP"),
)
SENT = (
    "bookTicker", "trade", "aggTrade", "depth@100ms", "ticker", "miniTicker", "kline_1m",
    "markPrice@1s",
)  # fmt: skip
START_MS = 1_795_345_200_000
MS = 1_000_000
STREAMS = [
    pytest.param(market, example, id=f"{market}:{example['stream']}")
    for market in Market
    for example in documented(market)
    if example["stream"].partition("@")[2] in SENT and isinstance(example["data"], dict)
]


class Rig:
    """Streams of a few instruments in simulated time."""

    def __init__(self, keys: Iterable[str], asked: float) -> None:
        made = [LoadInstrument(list_symbol(*symbol), n) for n, symbol in enumerate(SYMBOLS)]
        self.instruments = {instrument.key: instrument for instrument in made}
        self.streams = LoadStreams(self.instruments, asked)
        self.now_ms = 0
        self.frames: dict[str, list[Any]] = {}
        self.want(keys)

    def want(self, keys: Iterable[str]) -> None:
        names = [parse_key(key) for key in keys]
        wanted = [name for name in names if self.streams.has(name)]
        self.frames |= {name.key: [] for name in names if name.key not in self.frames}
        self.streams.want(wanted, self.publish, self.now_ms * MS)

    def publish(self, key: str, frame: bytes) -> None:
        body = orjson.loads(frame[payload_offset(frame) :])
        assert body["stream"] == key.partition(":")[2]
        self.frames[key].append(body["data"])

    def play(self, seconds: float) -> Rig:
        for _ in range(round(seconds * 1000 / 2)):
            self.now_ms += 2
            self.streams.turn(self.now_ms * MS, START_MS + self.now_ms)
        return self


def keys_of(*suffixes: str) -> list[str]:
    return [f"{market}:{symbol.lower()}@{s}" for market, symbol in SYMBOLS for s in suffixes]


@pytest.fixture(scope="module")
def rig() -> Rig:
    return Rig(keys_of(*SENT), 2000).play(65)


@pytest.mark.parametrize(("market", "example"), STREAMS)
def test_payload_has_the_documented_keys_in_their_order(
    rig: Rig, market: Market, example: dict[str, Any]
) -> None:
    frames = rig.frames[f"{market}:{example['stream']}"]
    assert shape(example["data"]) in [shape(data) for data in frames[:3]]


@pytest.mark.parametrize(("market", "symbol"), SYMBOLS)
def test_trades_and_aggregates_are_consecutive_and_say_the_same(
    rig: Rig, market: Market, symbol: str
) -> None:
    trades = rig.frames[f"{market}:{symbol.lower()}@trade"]
    aggregates = rig.frames[f"{market}:{symbol.lower()}@aggTrade"]
    assert len(trades) == len(aggregates) > 1000
    for name, found in (("t", trades), ("a", aggregates)):
        assert all(after[name] == before[name] + 1 for before, after in pairwise(found))
    for trade, aggregate in zip(trades, aggregates, strict=True):
        same = [(part["p"], part["q"], part["m"], part["T"]) for part in (trade, aggregate)]
        assert same[0] == same[1]
        assert aggregate["f"] == aggregate["l"] == trade["t"]
    assert len({trade["p"] for trade in trades}) == 2


@pytest.mark.parametrize(("market", "symbol"), SYMBOLS)
def test_candle_is_the_sum_of_its_trades(rig: Rig, market: Market, symbol: str) -> None:
    trades = rig.frames[f"{market}:{symbol.lower()}@trade"]
    candles = rig.frames[f"{market}:{symbol.lower()}@kline_1m"]
    closed = [data for data in candles if data["k"]["x"]]
    assert [data["k"]["t"] for data in closed] == [START_MS]
    for data in (*candles[::4], closed[0]):
        k = data["k"]
        part = [t for t in trades if k["f"] <= t["t"] <= k["L"]]
        assert all(k["t"] <= t["T"] <= k["T"] for t in part)
        prices = [float(t["p"]) for t in part]
        assert (k["n"], float(k["o"]), float(k["c"])) == (len(part), prices[0], prices[-1])
        assert (float(k["h"]), float(k["l"])) == (max(prices), min(prices))
        bought = [t for t in part if not t["m"]]
        for total, base, chosen in ((k["q"], k["v"], part), (k["Q"], k["V"], bought)):
            assert float(base) == pytest.approx(sum(float(t["q"]) for t in chosen))
            assert float(total) == pytest.approx(sum(worth(market, t) for t in chosen), rel=1e-4)


def worth(market: Market, trade: dict[str, Any]) -> float:
    price, qty = float(trade["p"]), float(trade["q"])
    return 100 * qty / price if market is Market.COINM else price * qty


@pytest.mark.parametrize(("market", "symbol"), SYMBOLS)
def test_day_grows_with_the_trades(rig: Rig, market: Market, symbol: str) -> None:
    trades = rig.frames[f"{market}:{symbol.lower()}@trade"]
    for name in ("ticker", "miniTicker"):
        first, *_, last = rig.frames[f"{market}:{symbol.lower()}@{name}"]
        part = [t for t in trades if first["E"] < t["T"] <= last["E"]]
        grown = float(last["v"]) - float(first["v"])
        assert grown == pytest.approx(sum(float(t["q"]) for t in part), rel=0.01)
        turned = float(last["q"]) - float(first["q"])
        assert turned == pytest.approx(sum(worth(market, t) for t in part), rel=0.01)
        newest = next(t for t in reversed(trades) if t["T"] <= last["E"])
        assert last["c"] == newest["p"] or last["E"] == newest["T"]
        if name == "ticker":
            assert last["n"] - first["n"] == last["L"] - first["L"]


def test_rate_is_what_was_asked_for_and_each_stream_has_its_pace(rig: Rig) -> None:
    counts = {key: len(frames) for key, frames in rig.frames.items()}
    assert sum(counts.values()) == pytest.approx(2000 * 65, rel=0.01)
    for key, count in counts.items():
        pace = {"depth@100ms": 10.0, "ticker": 1.0, "miniTicker": 1.0, "kline_1m": 0.5}
        suffix = key.partition("@")[2]
        if suffix in pace:
            assert count == pytest.approx(65 * pace[suffix], abs=2), key
    real_time = [n for key, n in counts.items() if key.partition("@")[2] in SENT[:3]]
    assert max(real_time) - min(real_time) <= 1
    assert rig.streams.periodic == pytest.approx(4 * 12.5 + 2)
    assert rig.streams.real_time == pytest.approx(2000 - rig.streams.periodic)


def test_rate_below_what_the_periodic_streams_need_is_not_reached() -> None:
    rig = Rig(keys_of("depth@100ms", "bookTicker"), 5).play(10)
    assert (rig.streams.periodic, rig.streams.real_time) == (40, 0)
    assert sum(map(len, rig.frames.values())) == 400


def test_trades_go_on_when_one_of_their_streams_is_given_up() -> None:
    both, one = keys_of("trade", "aggTrade"), keys_of("aggTrade")
    rig = Rig(both, 400).play(2)
    known = {key: len(frames) for key, frames in rig.frames.items()}
    rig.want(one)
    rig.play(2)
    for key in both:
        ids = [data["a" if "agg" in key else "t"] for data in rig.frames[key]]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        assert (len(ids) > known[key]) is (key in one)


def test_other_streams_are_not_there() -> None:
    rig = Rig([*keys_of("depth", "avgPrice", "kline_1h"), "spot:noneusdt@trade"], 100).play(3)
    assert not any(rig.frames.values())

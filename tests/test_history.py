"""REST rows → payloads, over the documented frames, recorded answers and the core's decoder."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.core import probe
from gateway.history import HistoryPage, events_of, page_of
from gateway.layout import Kind, Market
from gateway.stream_table import TABLE
from gateway.streams import Stream, parse
from tests.core.samples import EXPONENTS, Frame, frames

AGG_KEYS = {"a", "p", "q", "nq", "f", "l", "T", "m", "M"}
LATER = 1e15  # ms: everything is closed by then
TRADES = {Kind.TRADE, Kind.AGG_TRADE}
CANDLES = {Kind.KLINE, Kind.CONTINUOUS_KLINE, Kind.INDEX_KLINE, Kind.MARK_KLINE}
FRAMES = [f for f in frames("documented_*.jsonl") if f.kind in TRADES | CANDLES]
NAMES = [f"{frame.market.name.lower()}:{frame.stream}" for frame in FRAMES]


def payload_of(frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(frame.text)["data"]
    return found


def row_of(kind: Kind | None, market: Market, payload: dict[str, Any]) -> Any:
    """The REST row of a stream's event, by the venue's map of keys, written independently."""
    if kind is Kind.AGG_TRADE:
        return {key: payload[key] for key in payload if key in AGG_KEYS}
    if kind is Kind.TRADE:
        row = {
            "id": payload["t"],
            "price": payload["p"],
            "qty": payload["q"],
            "quoteQty" if market is not Market.COINM else "baseQty": "1.0",
            "time": payload["T"],
            "isBuyerMaker": payload["m"],
        }
        return row | ({"isBestMatch": True} if market is Market.SPOT else {"isRPITrade": False})
    k = payload["k"]
    return [
        *(k[key] for key in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")),
        "0",
    ]


def id_of(payload: dict[str, Any]) -> int:
    found = payload["k"]["t"] if "k" in payload else payload.get("a", payload.get("t"))
    assert isinstance(found, int)
    return found


def expected_of(frame: Frame) -> dict[str, Any]:
    """The documented payload with what REST cannot know in its place, keys in their order."""
    payload = payload_of(frame)
    if "k" in payload:
        payload["E"] = payload["k"]["T"]
        payload["k"] |= {"f": -1, "L": -1, "x": True}
        return payload
    del payload["E"]
    payload.pop("X", None)
    return payload


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
def test_event_comes_back_as_the_stream_sent_it(frame: Frame) -> None:
    stream = parse(f"{frame.market.name.lower()}:{frame.stream}")
    payload = payload_of(frame)
    number = id_of(payload)
    body = json.dumps([row_of(frame.kind, frame.market, payload)]).encode()
    found = events_of(stream, body, number, number, LATER)
    assert found.is_final
    (event,) = found.payloads
    assert list(json.loads(event).items()) == list(expected_of(frame).items())
    if "k" in payload:
        assert list(json.loads(event)["k"]) == list(payload["k"])


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
def test_decoder_reads_it_like_the_frame_of_the_stream(frame: Frame) -> None:
    stream = parse(f"{frame.market.name.lower()}:{frame.stream}")
    payload = payload_of(frame)
    number = id_of(payload)
    body = json.dumps([row_of(frame.kind, frame.market, payload)]).encode()
    (event,) = events_of(stream, body, number, number, LATER).payloads
    assert frame.kind is not None
    symbol, exponents = stream.symbol.encode(), EXPONENTS[frame.market]
    arguments = (int(frame.kind), int(frame.market))
    ours = probe.decode(*arguments, timed(event), symbol, *exponents)
    original = json.dumps(payload).encode()
    theirs = probe.decode(*arguments, original, symbol, *exponents)
    differing = {key for key in theirs if ours[key] != theirs[key]}
    unknown = {"ts_event", "first_trade_id", "last_trade_id", "flags", "closed"}
    assert differing <= (unknown if frame.kind in CANDLES else {"ts_event"})


def timed(event: bytes) -> bytes:
    """With an event time: without one, only the engine takes it, and only as back-fill."""
    return event if b'"E":' in event else event.replace(b'{"e":', b'{"E":1,"e":', 1)


def test_every_stream_that_rest_can_fill_by_id_or_time_has_a_call() -> None:
    for row in TABLE:
        by_page = row.backfill.endswith(("by id", "by time")) or "API key" in row.backfill
        if not by_page or row.kind is Kind.BLOCK_TRADE:
            continue
        for market in row.markets:
            stream = parse(EXAMPLES[row.base, market])
            page = page_of(stream, 10, 20)
            assert page is not None
            if "API key" not in row.backfill:
                assert row.backfill.startswith(f"{page.name} ")


EXAMPLES = {
    ("aggTrade", Market.SPOT): "spot:btcusdt@aggTrade",
    ("aggTrade", Market.USDM): "usdm:btcusdt@aggTrade",
    ("aggTrade", Market.COINM): "coinm:btcusd_perp@aggTrade",
    ("trade", Market.SPOT): "spot:btcusdt@trade",
    ("trade", Market.USDM): "usdm:btcusdt@trade",
    ("trade", Market.COINM): "coinm:btcusd_perp@trade",
    ("kline_", Market.SPOT): "spot:btcusdt@kline_1m",
    ("kline_", Market.USDM): "usdm:btcusdt@kline_1m",
    ("kline_", Market.COINM): "coinm:btcusd_perp@kline_1m",
    ("continuousKline_", Market.USDM): "usdm:btcusdt_current_quarter@continuousKline_1m",
    ("continuousKline_", Market.COINM): "coinm:btcusd_perpetual@continuousKline_1m",
    ("indexPriceKline_", Market.COINM): "coinm:btcusd@indexPriceKline_1m",
    ("markPriceKline_", Market.COINM): "coinm:btcusd_perp@markPriceKline_1m",
}
T = 1_795_345_200_000
MINUTE = 60_000


@pytest.mark.parametrize(
    ("name", "ids", "call", "query", "weight"),
    [
        ("spot:btcusdt@aggTrade", (7, 9), "aggTrades", "symbol=BTCUSDT fromId=7 limit=4", 4),
        ("usdm:btcusdt@aggTrade", (7, 9), "aggTrades", "symbol=BTCUSDT fromId=7 limit=4", 20),
        ("spot:btcusdt@trade", (7, 2000), "historicalTrades",
         "symbol=BTCUSDT fromId=7 limit=1000", 25),
        ("usdm:btcusdt@trade", (7, 9), "trades", "symbol=BTCUSDT limit=1000", 5),
        ("spot:btcusdt@kline_1m", (T, T), "klines",
         f"symbol=BTCUSDT interval=1m startTime={T} limit=2", 2),
        ("spot:btcusdt@kline_1d@+08:00", (T, T), "klines",
         f"symbol=BTCUSDT interval=1d startTime={T} limit=2 timeZone=8", 2),
        ("usdm:btcusdt@kline_1M", (T, T + 90 * 86_400_000), "klines",
         f"symbol=BTCUSDT interval=1M startTime={T} limit=5", 1),
        ("usdm:btcusdt@kline_1m", (T, T + 98 * MINUTE), "klines",
         f"symbol=BTCUSDT interval=1m startTime={T} limit=100", 2),
        ("coinm:btcusd_perp@kline_1m", (T, T + 5000 * MINUTE), "klines",
         f"symbol=BTCUSD_PERP interval=1m startTime={T} limit=1000", 5),
        ("usdm:btcusdt_tradifi_perpetual@continuousKline_1m", (T, T), "continuousKlines",
         f"pair=BTCUSDT contractType=TRADIFI_PERPETUAL interval=1m startTime={T} limit=2", 1),
        ("coinm:btcusd@indexPriceKline_1m", (T, T), "indexPriceKlines",
         f"pair=BTCUSD interval=1m startTime={T} limit=2", 1),
        ("coinm:btcusd_perp@markPriceKline_1m", (T, T), "markPriceKlines",
         f"symbol=BTCUSD_PERP interval=1m startTime={T} limit=2", 1),
    ],
)  # fmt: skip
def test_page_is_the_documented_call(
    name: str, ids: tuple[int, int], call: str, query: str, weight: int
) -> None:
    found = page_of(parse(name), *ids)
    assert isinstance(found, HistoryPage)
    told = " ".join(f"{key}={value}" for key, value in found.query.items())
    assert (found.name, told, found.weight) == (call, query, weight)


@pytest.mark.parametrize(
    "name", ["spot:btcusdt@bookTicker", "usdm:btcusdt@forceOrder", "spot:btcusdt@blockTrade"]
)
def test_what_cannot_be_brought_back_has_no_page(name: str) -> None:
    assert page_of(parse(name), 1, 2) is None


def agg(*ids: int) -> bytes:
    row = {"p": "1.0", "q": "2.0", "f": 1, "l": 1, "T": 5, "m": True, "M": True}
    return json.dumps([{"a": number, **row} for number in ids]).encode()


SPOT = parse("spot:btcusdt@aggTrade")


@pytest.mark.parametrize(
    ("ids", "got", "is_final"),
    [
        ((7, 8, 9), [7, 8, 9], True),
        ((9, 7, 8, 8, 10), [7, 8, 9], True),
        ((7, 8), [7, 8], False),
        ((), [], False),
        ((12, 13), [], True),
        ((5, 6), [], False),
        ((8, 11), [8], True),
    ],
    ids=["all", "unsorted, twice", "host behind", "none yet", "gone", "older", "hole"],
)
def test_answer_is_cut_to_what_was_asked_and_final_once_it_reaches_the_end(
    ids: tuple[int, ...], got: list[int], is_final: bool
) -> None:
    found = events_of(SPOT, agg(*ids), 7, 9, LATER)
    assert [json.loads(event)["a"] for event in found.payloads] == got
    assert found.is_final is is_final


def test_candle_that_is_not_closed_is_left_out() -> None:
    stream = parse("spot:btcusdt@kline_1m")
    rows = [
        [t, "1", "2", "0.5", "1.5", "9", t + MINUTE - 1, "9", 3, "4", "4", "0"]
        for t in (T, T + MINUTE)
    ]
    body = json.dumps(rows).encode()
    found = events_of(stream, body, T, T + MINUTE, T + MINUTE + 5)
    assert [json.loads(event)["k"]["t"] for event in found.payloads] == [T]
    assert not found.is_final


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"7", b"[7]", b"[[]]", b'[{"a":1}]', b'[{"a":"x","p":1}]', b"<html>"],
)
@pytest.mark.parametrize("name", sorted(EXAMPLES.values()))
def test_nonsense_is_an_error_and_nothing_else(name: str, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        events_of(parse(name), body, 1, 2, LATER)


@pytest.mark.parametrize("number", ["7", None, [7], 7.0])
def test_ids_that_are_no_numbers_are_an_error(number: object) -> None:
    rows = [{**json.loads(agg(7))[0], "a": number}]
    with pytest.raises(ValueError, match="ids that are no numbers"):
        events_of(SPOT, json.dumps(rows).encode(), 7, 9, LATER)


RECORDED = {
    "/api/v3/aggTrades": "spot:{}@aggTrade",
    "/api/v3/historicalTrades": "spot:{}@trade",
    "/api/v3/trades": "spot:{}@trade",
    "/api/v3/klines": "spot:{}@kline_{}",
    "/dapi/v1/aggTrades": "coinm:{}@aggTrade",
    "/dapi/v1/trades": "coinm:{}@trade",
    "/dapi/v1/continuousKlines": "coinm:{}@continuousKline_{}",
    "/dapi/v1/indexPriceKlines": "coinm:{}@indexPriceKline_{}",
    "/dapi/v1/markPriceKlines": "coinm:{}@markPriceKline_{}",
}


def test_recorded_answers_of_the_venue_are_read_and_decoded(shared_data: Path) -> None:
    with gzip.open(shared_data / "rest" / "rest_spot_coinm.json.gz") as file:
        routes = json.load(file)["routes"]
    read = 0
    for path, form in RECORDED.items():
        for recorded in routes[path]["GET"]:
            rows = recorded["data"]
            # One of them was damaged before it came here: it has a key without a name.
            if isinstance(rows, list) and not any("" in row for row in rows):
                read += decoded(form, recorded["queryString"], rows)
    assert read > 1000


def decoded(form: str, query: str, rows: list[Any]) -> int:
    asked = dict(each.split("=") for each in query.split("&"))
    symbol = asked.get("symbol") or asked["pair"]
    if "contractType" in asked:
        symbol += f"_{asked['contractType']}"
    stream: Stream = parse(form.format(symbol.lower(), asked.get("interval")))
    found = events_of(stream, json.dumps(rows).encode(), 0, 1 << 60, LATER)
    assert len(found.payloads) == len(rows)
    for event in found.payloads:
        kind, market = int(stream.form.kind), int(stream.market)
        probe.decode(kind, market, timed(event), stream.symbol.encode(), -8, -8)
    return len(rows)

"""Which calls bring latest values, and REST rows as the streams would have sent them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.core import probe
from gateway.layout import Kind, Market
from gateway.refresh import batches, call_of, is_refreshed, patience_s, payloads_of
from gateway.streams import Stream, parse
from tests.core.samples import EXPONENTS, Frame, frames

KINDS = {Kind.QUOTE, Kind.TICKER, Kind.MINI_TICKER, Kind.MARK_PRICE}
FRAMES = [
    frame
    for frame in frames("documented_*.jsonl")
    if frame.kind in KINDS and "!" not in frame.stream and not frame.text.endswith("]}")
]
NAMES = [f"{frame.market.name.lower()}:{frame.stream}" for frame in FRAMES]
KEYS = {
    "bidPrice": "b", "bidQty": "B", "askPrice": "a", "askQty": "A", "priceChange": "p",
    "priceChangePercent": "P", "weightedAvgPrice": "w", "prevClosePrice": "x", "lastPrice": "c",
    "lastQty": "Q", "openPrice": "o", "highPrice": "h", "lowPrice": "l", "volume": "v",
    "openTime": "O", "closeTime": "C", "firstId": "F", "lastId": "L", "count": "n",
}  # fmt: skip
MARKS = {
    "markPrice": "p", "indexPrice": "i", "estimatedSettlePrice": "P", "lastFundingRate": "r",
    "nextFundingTime": "T", "time": "E",
}  # fmt: skip


def payload_of(frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(frame.text)["data"]
    return found


def row_of(frame: Frame) -> dict[str, Any]:
    """The REST row of a stream's event, by the venue's map of keys, written independently."""
    payload = payload_of(frame)
    head = {"symbol": payload["s"]}
    if frame.kind is Kind.MARK_PRICE:
        return head | {name: payload[key] for name, key in MARKS.items()}
    row = head | {name: payload[key] for name, key in KEYS.items() if key in payload}
    if frame.kind is Kind.QUOTE:
        if frame.market is not Market.SPOT:
            row |= {"lastUpdateId": payload["u"], "time": payload["T"]}
        return row
    turnover = "baseVolume" if frame.market is Market.COINM else "quoteVolume"
    return row | {turnover: payload["q"], "closeTime": payload.get("C", payload["E"])}


def expected_of(frame: Frame) -> dict[str, Any]:
    """The documented payload with what REST does not know left out, or in its place."""
    payload = payload_of(frame)
    if frame.kind is Kind.QUOTE:
        unknown = {"u"} if frame.market is Market.SPOT else {"E"}
    else:
        unknown = {"ap"}
        payload["E"] = payload.get("C", payload["E"])
    return {key: value for key, value in payload.items() if key not in unknown}


def test_there_are_frames_of_every_kind_and_market() -> None:
    found = {(frame.market, frame.kind) for frame in FRAMES}
    assert found == {(market, kind) for market in Market for kind in KINDS if has(market, kind)}


def has(market: Market, kind: Kind) -> bool:
    return is_refreshed(f"{market.name.lower()}:btcusdt@any", kind)


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
def test_value_comes_back_as_the_stream_sent_it(frame: Frame) -> None:
    stream = parse(f"{frame.market.name.lower()}:{frame.stream}")
    row = row_of(frame)
    for body in (row, [row], [{**row, "symbol": "OTHER"}, row]):
        found = payloads_of([stream], json.dumps(body).encode())
        assert json.loads(found[stream.name]) == expected_of(frame)


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
def test_decoder_reads_it_like_the_frame_of_the_stream(frame: Frame) -> None:
    stream = parse(f"{frame.market.name.lower()}:{frame.stream}")
    value = payloads_of([stream], json.dumps(row_of(frame)).encode())[stream.name]
    if frame.kind is Kind.QUOTE and frame.market is Market.SPOT:
        value = value.replace(b"{", b'{"u":1,', 1)  # without it only the engine takes it
    assert frame.kind is not None
    arguments = (int(frame.kind), int(frame.market))
    rest = (stream.symbol.encode(), *EXPONENTS[frame.market])
    ours = probe.decode(*arguments, value, *rest)
    theirs = probe.decode(*arguments, json.dumps(payload_of(frame)).encode(), *rest)
    differing = {key for key in theirs if ours[key] != theirs[key]}
    unknown = {Kind.QUOTE: {"ts_event", "update_id"}, Kind.MARK_PRICE: {"mark_average_px"}}
    assert differing <= unknown.get(frame.kind, {"ts_event"})


def many(market: str, suffix: str, count: int) -> list[Stream]:
    end = "usd_perp" if market == "coinm" else "usdt"
    return [parse(f"{market}:s{number}{end}@{suffix}") for number in range(count)]


@pytest.mark.parametrize(
    ("market", "suffix", "count", "weights"),
    [
        ("spot", "bookTicker", 1, [2]),
        ("spot", "bookTicker", 2, [4]),
        ("spot", "bookTicker", 100, [4]),
        ("spot", "bookTicker", 101, [4]),
        ("spot", "ticker", 1, [2]),
        ("spot", "ticker", 20, [2]),
        ("spot", "ticker", 21, [2, 2]),
        ("spot", "miniTicker", 61, [2, 2, 2, 2]),
        ("spot", "ticker", 780, [2] * 39),
        ("spot", "ticker", 781, [80]),
        ("usdm", "bookTicker", 2, [2, 2]),
        ("usdm", "bookTicker", 3, [5]),
        ("usdm", "ticker", 39, [1] * 39),
        ("usdm", "miniTicker", 40, [40]),
        ("usdm", "markPrice", 9, [1] * 9),
        ("usdm", "markPrice@1s", 10, [10]),
        ("coinm", "bookTicker", 3, [5]),
        ("coinm", "ticker", 2, [1, 1]),
        ("coinm", "markPrice", 1, [10]),
        ("coinm", "markPrice", 2, [10]),
    ],
)
def test_calls_weigh_as_little_as_can_be(
    market: str, suffix: str, count: int, weights: list[int]
) -> None:
    streams = many(market, suffix, count)
    found = batches(streams)
    assert [call_of(batch).weight for batch in found] == weights
    assert sorted(s.name for batch in found for s in batch) == sorted(s.name for s in streams)
    for batch in found:
        query = call_of(batch).query
        asked = [query["symbol"]] if "symbol" in query else json.loads(query.get("symbols", "[]"))
        assert not asked or sorted(asked) == sorted(stream.symbol for stream in batch)


def test_a_market_and_a_call_are_a_batch_of_their_own() -> None:
    names = (
        "spot:ausdt@ticker", "spot:busdt@miniTicker", "spot:ausdt@bookTicker",
        "usdm:ausdt@markPrice",
    )  # fmt: skip
    found = [[stream.name for stream in batch] for batch in batches(map(parse, names))]
    assert found == [[names[0], names[1]], [names[2]], [names[3]]]
    call = call_of([parse(name) for name in names[:2]])
    assert (call.name, call.query, call.weight) == (
        "ticker/24hr", {"symbols": '["AUSDT","BUSDT"]'}, 2,
    )  # fmt: skip


def test_a_symbol_that_the_answer_leaves_out_has_no_value() -> None:
    streams = [parse("spot:ausdt@bookTicker"), parse("spot:gone@bookTicker")]
    row = {"symbol": "AUSDT", "bidPrice": "1", "bidQty": "1", "askPrice": "2", "askQty": "1"}
    assert list(payloads_of(streams, json.dumps([row]).encode())) == ["spot:ausdt@bookTicker"]


@pytest.mark.parametrize(
    "body", [b"", b"[", b"{}", b"[1]", b'{"symbol":"AUSDT"}', b"null", b'{"symbol":[]}']
)
def test_any_other_answer_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"the answer has no|line 1"):
        payloads_of([parse("spot:ausdt@bookTicker")], body)


def test_a_delivery_contract_has_no_funding() -> None:
    stream = parse("coinm:btcusd_261225@markPrice")
    row = {
        "symbol": "BTCUSD_261225", "pair": "BTCUSD", "markPrice": "1.5", "indexPrice": "1.25",
        "estimatedSettlePrice": "1.0", "lastFundingRate": "", "interestRate": "",
        "nextFundingTime": 0, "time": 5,
    }  # fmt: skip
    found = json.loads(payloads_of([stream], json.dumps([row]).encode())[stream.name])
    assert (found["r"], found["T"], found["E"], found["st"]) == ("", 0, 5, 2)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("spot:btcusdt@bookTicker", 1.0),
        ("usdm:!bookTicker", 6.0),
        ("coinm:!bookTicker", 1.0),
        ("spot:btcusdt@ticker", 3.0),
        ("usdm:!miniTicker@arr", 3.0),
        ("usdm:btcusdt@markPrice", 4.0),
        ("usdm:btcusdt@markPrice@1s", 2.0),
        ("usdm:!markPrice@arr@1s", 2.0),
    ],
)
def test_a_stream_gets_the_time_of_one_event_and_a_second(name: str, seconds: float) -> None:
    assert patience_s(parse(name)) == seconds


def test_what_has_no_such_call_is_not_refreshed() -> None:
    assert not has(Market.SPOT, Kind.MARK_PRICE)
    assert not any(has(market, kind) for market in Market for kind in (Kind.TRADE, Kind.DIFF))

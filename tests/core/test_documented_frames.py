"""Every frame that the venue documents, one by one: envelope, kind, rows, and the values in it.

The values below were read off the frames by hand, so that oracle and decoder cannot both be wrong.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.core import probe
from gateway.layout import NULL, Kind
from tests.core.against import assert_same, core_fields
from tests.core.samples import Frame, frames, literal_events

FRAMES = list(frames("documented_*.jsonl"))
NAMES = [f"{frame.market.name.lower()}:{frame.stream}" for frame in FRAMES]
BY_NAME = dict(zip(NAMES, FRAMES, strict=True))
MS = 1_000_000
E8 = 10**8


def read(name: str, number: int = 0) -> dict[str, Any]:
    return core_fields(BY_NAME[name].payloads()[number])


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
def test_the_envelope_gives_the_stream_and_the_payload(frame: Frame) -> None:
    data = frame.text.encode()
    stream, at, length = probe.split_envelope(data)
    assert stream.decode() == frame.stream
    assert list(literal_events(data[at : at + length].decode())) == list(frame.events)


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
def test_every_event_is_read_as_by_the_oracle(frame: Frame) -> None:
    if frame.kind is None:
        assert json.loads(frame.text)["data"]["e"] == "serverShutdown"
        return
    for payload in frame.payloads():
        payload.oracle()  # it must be readable at all
        assert_same(payload)


@pytest.mark.parametrize("frame", FRAMES, ids=NAMES)
def test_every_event_of_a_symbol_tells_whose_it_is(frame: Frame) -> None:
    data = json.loads(frame.text)["data"]
    for number, event in enumerate(frame.events):
        told = (data[number] if isinstance(data, list) else data) | {}
        inner = told["o"] if isinstance(told.get("o"), dict) else {}
        symbol = told.get("s", inner.get("s"))
        if symbol is None:
            continue
        found = probe.scan_row(f"{event}]}}".encode())
        assert found == (symbol.encode(), told.get("st", 0), len(event))


def test_the_documented_frames_are_of_every_kind_that_a_stream_delivers() -> None:
    kinds = {frame.kind for frame in FRAMES} - {None}
    assert kinds == {kind for kind in Kind if probe.event_size(kind)} | {Kind.DIFF, Kind.PARTIAL}


EXPECTED: dict[str, dict[str, Any]] = {
    "spot:btcusdt@bookTicker": {
        "update_id": 70000000001, "bid_px": 9123455000000, "bid_qty": 120000000,
        "ask_px": 9123456000000, "ask_qty": 98000000, "ts_event": NULL, "ts_trade": NULL,
    },
    "usdm:btcusdt@bookTicker": {
        "update_id": 9100000000001, "bid_px": 9123000, "bid_qty": 3210, "ask_px": 9123010,
        "ask_qty": 4066, "ts_event": 1795345200131 * MS, "ts_trade": 1795345200130 * MS,
    },
    "coinm:!bookTicker": {
        "update_id": 17242169, "bid_px": 912481, "bid_qty": 52, "ask_px": 912485, "ask_qty": 11,
        "ts_event": 1795345200166 * MS, "ts_trade": 1795345200155 * MS,
    },
    "spot:btcusdt@trade": {
        "update_id": 5400000001, "px": 9123456000000, "qty": 200000, "buyer_is_maker": True,
        "first_trade_id": 5400000001, "last_trade_id": 5400000001, "normal_qty": NULL,
        "ts_event": 1795345200123 * MS, "ts_trade": 1795345200122 * MS,
    },
    "usdm:btcusdt@trade": {
        "update_id": 680000001, "px": 9123010, "qty": 1, "buyer_is_maker": True,
        "ts_event": 1795345200130 * MS, "ts_trade": 1795345200128 * MS, "normal_qty": NULL,
    },
    "spot:btcusdt@aggTrade": {
        "update_id": 3500000001, "px": 9123456000000, "qty": 500000, "normal_qty": NULL,
        "first_trade_id": 5400000001, "last_trade_id": 5400000003,
    },
    "usdm:btcusdt@aggTrade": {
        "update_id": 309917647, "px": 9123010, "qty": 1, "normal_qty": 1,
        "first_trade_id": 680000001, "last_trade_id": 680000001, "buyer_is_maker": True,
        "ts_trade": 1795345200020 * MS,
    },
    "coinm:btcusd_perp@aggTrade": {
        "update_id": 424951, "px": 912435, "qty": 2, "first_trade_id": 606073,
        "last_trade_id": 606073, "buyer_is_maker": False, "ts_trade": 1795345200199 * MS,
        "normal_qty": NULL,
    },
    "spot:btcusdt@blockTrade": {
        "kind": Kind.BLOCK_TRADE, "update_id": 582, "px": 9120000000000, "qty": 58 * E8,
        "first_trade_id": 582, "last_trade_id": 582, "buyer_is_maker": True,
        "ts_event": 1795345200582 * MS, "ts_trade": 1795345200321 * MS,
    },
    "spot:btcusdt@ticker": {
        "last_px": 9123456000000, "last_qty": 500000, "bid_px": 9123455000000,
        "ask_qty": 98000000, "prev_close_px": 9000001000000, "change_px": 123456000000,
        "change_percent": 137200000, "average_px": 9100012000000, "volume": 20000.0,
        "quote_volume": 1.82e9, "open_time": 1795258801000 * MS, "trade_count": 10000090,
        "update_id": 5400000090, "last_trade_id": 5400000090,
    },
    "usdm:!ticker@arr": {
        "kind": Kind.TICKER, "last_px": 9123010, "last_qty": 1, "change_px": 123010,
        "change_percent": 136700000, "average_px": 9100012000000, "bid_px": NULL,
        "quote_volume": 1.82e10, "first_trade_id": 670000001,
    },
    "coinm:btcusd_perp@ticker": {
        "last_px": 912617, "bid_px": NULL, "ask_px": NULL, "prev_close_px": NULL,
        "average_px": 109600, "volume": 4874760.0, "quote_volume": 5343.84722378,
        "close_time": 1795345200442 * MS, "first_trade_id": 512014, "last_trade_id": 615289,
    },
    "spot:btcusdt@miniTicker": {
        "kind": Kind.MINI_TICKER, "last_px": 9123456000000, "open_px": 9000000000000,
        "high_px": 9200000000000, "low_px": 8950000000000, "volume": 20000.0,
        "quote_volume": 1.82e9, "open_time": NULL, "close_time": NULL, "last_qty": NULL,
        "change_px": NULL, "first_trade_id": 0, "trade_count": 0, "update_id": 0,
        "ts_event": 1795345201000 * MS,
    },
    "coinm:!miniTicker@arr": {
        "last_px": 912617, "open_px": 905809, "high_px": 920000, "low_px": 895000,
        "volume": 4874760.0, "quote_volume": 5343.84722378,
    },
    "spot:btcusdt@ticker_1h": {
        "kind": Kind.WINDOW_TICKER, "last_px": 9123456000000, "change_px": 3456000000,
        "change_percent": 3800000, "average_px": 9121000000000, "open_time": 1795341600000 * MS,
        "close_time": 1795345201000 * MS, "last_qty": NULL, "bid_px": NULL, "volume": 800.0,
        "first_trade_id": 5399900001, "update_id": 5400000090, "trade_count": 100090,
    },
    "spot:!ticker_4h@arr": {"open_time": 1795330800000 * MS, "quote_volume": 72968000.0},
    "spot:btcusdt@kline_1m": {
        "kind": Kind.KLINE, "open_px": 9123000000000, "close_px": 9123456000000,
        "high_px": 9124000000000, "low_px": 9122900000000, "volume": 12.345,
        "quote_volume": 1126245.12, "taker_volume": 6.1, "taker_quote_volume": 556500.0,
        "open_time": 1795345200000 * MS, "close_time": 1795345259999 * MS, "trade_count": 90,
        "first_trade_id": 5400000001, "last_trade_id": 5400000090, "interval": "1m",
        "px_exponent": -8, "closed": False, "update_id": 1795345200000, "ts_trade": NULL,
        "ts_event": 1795345202001 * MS,
    },
    "spot:btcusdt@kline_1d@+08:00": {
        "interval": "1d", "open_time": 1795276800000 * MS, "update_id": 1795276800000,
        "quote_volume": 1126245120.0, "open_px": 9100000000000,
    },
    "usdm:btcusdt@kline_1m": {
        "open_px": 9123000, "close_px": 9123010, "high_px": 9123100, "low_px": 9122990,
        "px_exponent": -2, "taker_quote_volume": 556503.61, "volume": 12.345,
    },
    "coinm:btcusd_perp@kline_1m": {
        "open_px": 912389, "close_px": 912398, "px_exponent": -1, "volume": 156.0,
        "quote_volume": 0.170978, "taker_volume": 73.0, "taker_quote_volume": 0.08000800,
    },
    "usdm:btcusdt_perpetual@continuousKline_1m": {
        "kind": Kind.CONTINUOUS_KLINE, "open_px": 9123000, "px_exponent": -2, "interval": "1m",
        "first_trade_id": 9100000000001, "last_trade_id": 9100000000100, "trade_count": 100,
    },
    "coinm:btcusd_next_quarter@continuousKline_1m": {
        "open_px": 922389, "low_px": 922386, "px_exponent": -1, "taker_quote_volume": 0.07914100,
    },
    "coinm:btcusd@indexPriceKline_1m": {
        "kind": Kind.INDEX_KLINE, "px_exponent": -8, "open_px": 9124221900000,
        "close_px": 9124250440000, "high_px": 9124271640000, "low_px": 9124221040000,
        "volume": 0.0, "first_trade_id": 1795345200000, "last_trade_id": 1795345202000,
    },
    "coinm:btcusd_perp@markPriceKline_1m": {
        "kind": Kind.MARK_KLINE, "px_exponent": -8, "open_px": 9123967161333,
        "close_px": 9124082761333, "trade_count": 2, "interval": "1m",
    },
    "usdm:btcusdt@markPrice@1s": {
        "kind": Kind.MARK_PRICE, "mark_px": 9123155000000, "mark_average_px": 9123090000000,
        "index_px": 9124012345678, "settle_px": 9123800000000, "funding_rate": 10000,
        "next_funding_time": 1795363200000 * MS, "ts_event": 1795345201000 * MS, "ts_trade": NULL,
        "update_id": 0,
    },
    "coinm:btcusd_261225@markPrice": {
        "mark_px": 9193462615417, "settle_px": 9196217178236, "index_px": 9123362615417,
        "mark_average_px": NULL, "funding_rate": NULL, "next_funding_time": NULL,
    },
    "coinm:btcusd@indexPrice": {
        "kind": Kind.INDEX_PRICE, "index_px": 9123657860000, "mark_px": NULL, "settle_px": NULL,
        "funding_rate": NULL, "next_funding_time": NULL, "ts_event": 1795345200000 * MS,
    },
    "spot:btcusdt@avgPrice": {
        "kind": Kind.AVERAGE_PRICE, "px": 9122233000000, "interval": "5m",
        "ts_event": 1795345201000 * MS, "ts_trade": 1795345200999 * MS, "component_count": 0,
    },
    "spot:btcusdt@referencePrice": {
        "kind": Kind.REFERENCE_PRICE, "px": 9123000000000, "ts_event": NULL, "interval": "",
        "ts_trade": 1795345200917 * MS,
    },
    "usdm:defiusdt@compositeIndex": {
        "kind": Kind.COMPOSITE_INDEX, "px": 55441604065, "component_count": 1, "interval": "",
    },
    "usdm:btcusdt@forceOrder": {
        "kind": Kind.LIQUIDATION, "px": 9110000, "average_px": 9112010000000, "qty": 14, "side": 2,
        "last_filled_qty": 14, "filled_qty": 14, "order_type": "LIMIT", "time_in_force": "IOC",
        "order_status": "FILLED", "ts_event": 1795345200893 * MS, "ts_trade": 1795345200890 * MS,
    },
    "coinm:!forceOrder@arr": {"px": 911255, "average_px": 9119650000000, "qty": 1, "side": 2},
    "usdm:!contractInfo": {
        "kind": Kind.CONTRACT_INFO, "pair": "IOTAUSDT", "contract_type": "PERPETUAL",
        "contract_status": "TRADING", "delivery_time": 4133404800000 * MS,
        "onboard_time": 1569398400000 * MS, "has_brackets": 1,
    },
    "coinm:!contractInfo": {"pair": "APTUSD", "has_brackets": 0, "ts_event": 1795345200375 * MS},
    "usdm:adausd@assetIndex": {
        "kind": Kind.ASSET_INDEX, "index_px": 27462452, "bid_buffer": 10000000,
        "ask_buffer": 10000000, "bid_rate": 24716207, "ask_rate": 30208698,
        "auto_bid_buffer": 5000000, "auto_ask_buffer": 5000000, "auto_bid_rate": 26089330,
        "auto_ask_rate": 28835575, "ts_event": 1795345200000 * MS,
    },
    "usdm:!assetIndex@arr": {"index_px": 99987691, "bid_rate": 99977692, "ask_rate": 99997689},
    "usdm:tradingSession": {
        "kind": Kind.TRADING_SESSION, "underlying": "Equity", "session": "OVERNIGHT",
        "start_time": 1795338000000 * MS, "end_time": 1795366800000 * MS,
        "ts_event": 1795345200062 * MS,
    },
    "spot:btcusdt@depth@100ms": {
        "first_update_id": 70000000001, "update_id": 70000000004,
        "prev_update_id": 70000000000, "asks": [(9123456000000, 98000000)],
        "bids": [(9123455000000, 120000000), (9123400000000, 0)],
    },
    "usdm:btcusdt@depth@100ms": {
        "first_update_id": 9100000000001, "update_id": 9100000000078,
        "prev_update_id": 9099999999994, "bids": [(9123000, 3210), (9122900, 0)],
        "asks": [(9123010, 4066)], "ts_trade": 1795345200130 * MS,
    },
    "usdm:btcusdt@rpiDepth@500ms": {"bids": [(9123000, 5210)], "asks": [(9123010, 4966)]},
    "spot:btcusdt@depth5@100ms": {
        "update_id": 70000000010, "bids": [(9123455000000, 120000000)],
        "asks": [(9123456000000, 98000000)], "ts_event": NULL,
    },
    "coinm:btcusd_perp@depth5@100ms": {
        "first_update_id": 17276694, "update_id": 17276701, "bids": [(912230, 5)],
        "asks": [(912246, 2)], "ts_event": 1795345200801 * MS,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_documented_events_give_the_values_one_reads_in_them(name: str) -> None:
    fields = read(name)
    assert {field: fields[field] for field in EXPECTED[name]} == EXPECTED[name]


def test_values_were_read_by_hand_for_every_kind() -> None:
    kinds = {BY_NAME[name].kind for name in EXPECTED}
    assert kinds == {frame.kind for frame in FRAMES} - {None}


def test_each_row_of_an_array_is_read_for_its_own_symbol() -> None:
    name = "usdm:!markPrice@arr@1s"
    first, second = (payload.symbol for payload in BY_NAME[name].payloads())
    assert (first, second) == ("BTCUSDT", "BTCUSD_PERP")
    assert read(name, 0)["mark_average_px"] == 9123090000000
    assert read(name, 1)["mark_px"] == 9123310000000
    assert read(name, 1)["mark_average_px"] == NULL
    delivery, perpetual = (read("coinm:btcusd@markPrice@1s", row) for row in (0, 1))
    assert (delivery["funding_rate"], perpetual["funding_rate"]) == (NULL, 10000)


def test_sizes_are_those_of_the_layout() -> None:
    assert probe.event_size(Kind.QUOTE) == 128
    assert probe.event_size(Kind.MARK_KLINE) == 256
    for kind in (Kind.DIFF, Kind.PARTIAL, Kind.BOOK, Kind.RAW, Kind.PAD, 0, 29, 254):
        assert probe.event_size(kind) == 0

"""What each kind allows to be absent, empty or odd, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import DecodeError
from gateway.layout import NULL, Kind, Market, OrderSide
from tests.core.against import assert_same, changed, core_fields
from tests.core.samples import samples
from tests.strategies import Payload

BY_KIND: dict[tuple[Market, Kind], Payload] = {}
for sample in samples("documented_*.jsonl"):
    BY_KIND.setdefault((sample.values[0].market, sample.values[0].kind), sample.values[0])

AGG_TRADE = BY_KIND[Market.USDM, Kind.AGG_TRADE]
BLOCK_TRADE = BY_KIND[Market.SPOT, Kind.BLOCK_TRADE]
MINI_TICKER = BY_KIND[Market.SPOT, Kind.MINI_TICKER]
WINDOW_TICKER = BY_KIND[Market.SPOT, Kind.WINDOW_TICKER]
KLINE = BY_KIND[Market.SPOT, Kind.KLINE]
CONTINUOUS = BY_KIND[Market.USDM, Kind.CONTINUOUS_KLINE]
INDEX_KLINE = BY_KIND[Market.COINM, Kind.INDEX_KLINE]
MARK_KLINE = BY_KIND[Market.COINM, Kind.MARK_KLINE]
MARK = BY_KIND[Market.USDM, Kind.MARK_PRICE]
INDEX = BY_KIND[Market.COINM, Kind.INDEX_PRICE]
AVERAGE = BY_KIND[Market.SPOT, Kind.AVERAGE_PRICE]
REFERENCE = BY_KIND[Market.SPOT, Kind.REFERENCE_PRICE]
COMPOSITE = BY_KIND[Market.USDM, Kind.COMPOSITE_INDEX]
LIQUIDATION = BY_KIND[Market.USDM, Kind.LIQUIDATION]
CONTRACT = BY_KIND[Market.USDM, Kind.CONTRACT_INFO]
ASSET = BY_KIND[Market.USDM, Kind.ASSET_INDEX]
SESSION = BY_KIND[Market.USDM, Kind.TRADING_SESSION]


@pytest.mark.parametrize(
    ("payload", "old", "new", "expected"),
    [
        (AGG_TRADE, '"nq":"0.0010",', "", {"normal_qty": NULL, "qty": 1}),
        (AGG_TRADE, '"nq":"0.0010"', '"nq":"0"', {"normal_qty": 0}),
        (AGG_TRADE, '"nq":"0.0010"', '"nq":null', {"normal_qty": NULL}),
        (AGG_TRADE, '"nq":"0.0010"', '"nq":""', {"normal_qty": NULL}),
        (MINI_TICKER, '"q":"18', '"F":-1,"L":7,"n":3,"q":"18', {"update_id": 7, "trade_count": 3}),
        (WINDOW_TICKER, '"e":"1hTicker"', '"e":"1dTicker"', {"change_percent": 3800000}),
        (WINDOW_TICKER, '"e":"1hTicker"', '"e":"\\u0034hTicker"', {"change_percent": 3800000}),
        (WINDOW_TICKER, '"L":5400000090', '"L":-1', {"last_trade_id": 0, "update_id": 0}),
        (KLINE, '"x":false', '"x":true', {"closed": True}),
        (KLINE, '"f":5400000001', '"f":-1', {"first_trade_id": 0, "last_trade_id": 5400000090}),
        (KLINE, '"L":5400000090', '"L":-1', {"first_trade_id": 5400000001, "last_trade_id": 0}),
        (KLINE, '"t":1795345200000', '"t":1795345200000123', {"update_id": 1795345200000}),
        (KLINE, '"k":{', '"k":{"x":1.5,"s":"BTCUSDT"},"k":{', None),
        (KLINE, '"k":{', '"k":{"x":true,"i":"1M"},"k":{', {"closed": False, "interval": "1m"}),
        (KLINE, '"i":"1m"', '"i":"\\u0031m"', {"interval": "1m"}),
        (KLINE, '"i":"1m"', '"i":"12345678"', {"interval": "12345678"}),
        (KLINE, '"s":"BTCUSDT","i"', '"i"', {"interval": "1m"}),
        (KLINE, '"B":"0"', '"B":[{"t":1,"s":"X"}]', {"interval": "1m"}),
        (KLINE, '"q":"1126245.12000000"', '"q":"0.1"', {"quote_volume": 0.1}),
        (CONTINUOUS, '"ct":"PERPETUAL"', '"ct":"P\\u0045RPETUAL"', {"interval": "1m"}),
        (INDEX_KLINE, '"s":"0"', '"s":"ETHUSD"', {"open_px": 9124221900000}),
        (INDEX_KLINE, '"e":', '"s":"ETHUSD","e":', {"open_px": 9124221900000}),
        (MARK_KLINE, '"ps":"BTCUSD"', '"ps":"ETHUSD"', {"trade_count": 2}),
        (MARK_KLINE, '"ps":"BTCUSD",', "", {"trade_count": 2}),
        (MARK, '"r":"0.00010000"', '"r":""', {"funding_rate": NULL}),
        (MARK, '"r":"0.00010000"', '"r":null', {"funding_rate": NULL}),
        (MARK, '"r":"0.00010000"', '"r":"-0.00375000"', {"funding_rate": -375000}),
        (MARK, '"T":1795363200000', '"T":0', {"next_funding_time": NULL}),
        (MARK, '"T":1795363200000', '"T":9223372036855', {"next_funding_time": NULL}),
        (MARK, '"ap":"91230.90000000",', "", {"mark_average_px": NULL}),
        (MARK, '"i":"91240.12345678",', "", {"index_px": NULL, "mark_px": 9123155000000}),
        (INDEX, '"i":"BTCUSD"', '"s":"BTCUSD"', {"index_px": 9123657860000}),
        (INDEX, '"i":"BTCUSD"', '"i":"BTCUSD","s":"BTCUSD"', {"index_px": 9123657860000}),
        (AVERAGE, ',"T":1795345200999', "", {"ts_trade": NULL}),
        (AVERAGE, '"i":"5m",', "", {"interval": ""}),
        (REFERENCE, '"r":"91230.00000000"', '"r":null', {"px": NULL}),
        (REFERENCE, '"r":', '"E":1795345200999,"r":', {"ts_event": 1795345200999000000}),
        (COMPOSITE, '"c":[', '"c":[{"b":"]}"},', {"component_count": 2}),
        (COMPOSITE, '"c":[', '"c":[],"d":[', {"component_count": 0}),
        (COMPOSITE, '"c":[', '"c":null,"d":[', {"component_count": 0}),
        (LIQUIDATION, '"S":"SELL"', '"S":"BUY"', {"side": OrderSide.BUY}),
        (LIQUIDATION, '"S":"SELL"', '"S":"S\\u0045LL"', {"side": OrderSide.SELL}),
        (LIQUIDATION, '"S":"SELL"', '"S":"OTHER"', {"side": OrderSide.NONE}),
        (LIQUIDATION, '"X":"FILLED"', '"X":"PARTIALLY_FILLED"', {"filled_qty": 14}),
        (LIQUIDATION, '"ap":"91120.10",', "", {"average_px": NULL}),
        (LIQUIDATION, '"o":{', '"ps":"BTCUSDT","st":1,"o":{"ps":"BTCUSDT","st":1,', {"qty": 14}),
        (LIQUIDATION, '"o":{', '"o":{"ap":"1","l":"2","T":3},"o":{', {"last_filled_qty": 14}),
        (CONTRACT, '"bks":[{', '"bks":[],"b":[{', {"has_brackets": 0}),
        (CONTRACT, '"bks":[{', '"bks":null,"b":[{', {"has_brackets": 0}),
        (CONTRACT, '"bks":[{', '"bks":[],"bks":[{', {"has_brackets": 1}),
        (CONTRACT, '"dt":4133404800000', '"dt":0', {"delivery_time": NULL}),
        (CONTRACT, '"dt":4133404800000', '"dt":99999999999999', {"delivery_time": NULL}),
        (CONTRACT, '"dt":4133404800000,', "", {"delivery_time": NULL}),
        (CONTRACT, '"ps":"IOTAUSDT",', "", {"pair": ""}),
        (CONTRACT, '"cs":"TRADING"', '"cs":"' + "x" * 32 + '"', {"contract_status": "x" * 32}),
        (ASSET, '"g":"0.00010000",', "", {"auto_ask_buffer": NULL, "auto_bid_buffer": 10000}),
        (SESSION, '"e":"EquityUpdate"', '"e":"KR_EquityUpdate"', {"underlying": "KR_Equity"}),
        (SESSION, '"S":"OVERNIGHT"', '"S":"NO_TRADING"', {"session": "NO_TRADING"}),
    ],
)  # fmt: skip
def test_what_may_be_is_read(
    payload: Payload, old: str, new: str, expected: dict[str, Any] | None
) -> None:
    odd = changed(payload, old, new)
    assert_same(odd)
    if expected is not None:
        fields = core_fields(odd)
        assert {name: fields[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("payload", "old", "new", "code"),
    [
        (AGG_TRADE, '"nq":"0.0010"', '"nq":"-0.0010"', "RANGE"),
        (AGG_TRADE, '"nq":"0.0010"', '"nq":"0.0015"', "INEXACT"),
        (AGG_TRADE, '"nq":"0.0010"', '"nq":false', "TYPE"),
        (BLOCK_TRADE, '"e":"blockTrade"', '"e":"trade"', "MISMATCH"),
        (MINI_TICKER, '"e":"24hrMiniTicker"', '"e":"24hrTicker"', "MISMATCH"),
        (MINI_TICKER, '"q":"1820000000.00000000"', '"q2":"1"', "MISSING"),
        (WINDOW_TICKER, '"e":"1hTicker"', '"e":"24hrTicker"', "MISMATCH"),
        (WINDOW_TICKER, '"n":100090', '"n2":100090', "MISSING"),
        (KLINE, '"e":"kline"', '"e":"continuous_kline"', "MISMATCH"),
        (KLINE, '"s":"BTCUSDT","k"', '"k"', "MISSING"),
        (KLINE, '"s":"BTCUSDT","k"', '"s":"ETHUSDT","k"', "MISMATCH"),
        (KLINE, '"s":"BTCUSDT","i"', '"s":"ETHUSDT","i"', "MISMATCH"),
        (KLINE, '"k":{', '"k2":{', "MISSING"),
        (KLINE, '"k":{', '"k":null,"k2":{', "TYPE"),
        (KLINE, '"k":{', '"k":[],"k2":{', "TYPE"),
        (KLINE, '"k":{', '"k":{},"k2":{', "MISSING"),
        (KLINE, '"B":"0"}', '"B":"0"},"k":{"t":1}', "MISSING"),  # the last candle counts
        (KLINE, '"V":"6.10000000",', "", "MISSING"),
        (KLINE, '"x":false', '"x":0', "TYPE"),
        (KLINE, '"i":"1m"', '"i":"123456789"', "RANGE"),
        (KLINE, '"i":"1m"', '"i":60', "TYPE"),
        (CONTINUOUS, '"ps":"BTCUSDT"', '"ps":"ETHUSDT"', "MISMATCH"),
        (CONTINUOUS, '"ct":"PERPETUAL"', '"ct":"CURRENT_QUARTER"', "MISMATCH"),
        (CONTINUOUS, '"ct":"PERPETUAL"', '"ct":"PERPETUA"', "MISMATCH"),
        (CONTINUOUS, '"ct":"PERPETUAL"', '"ct":""', "MISMATCH"),
        (CONTINUOUS, '"BTCUSDT","ct":"PERPETUAL"', '"BTCUSDT_PERPETUAL","ct":""', "MISMATCH"),
        (CONTINUOUS, '"ps":"BTCUSDT"', '"ps":"' + "x" * 33 + '"', "RANGE"),
        (CONTINUOUS, '"ct":"PERPETUAL",', "", "MISSING"),
        (CONTINUOUS, '"ps":"BTCUSDT",', "", "MISSING"),
        (CONTINUOUS, '"ps":"BTCUSDT"', '"s":"BTCUSDT_PERPETUAL"', "MISSING"),
        (INDEX_KLINE, '"ps":"BTCUSD"', '"ps":"ETHUSD"', "MISMATCH"),
        (INDEX_KLINE, '"ps":"BTCUSD"', '"s":"BTCUSD"', "MISSING"),
        (INDEX_KLINE, '"o":"91242.21900000"', '"o":"91242.219000001"', "INEXACT"),
        (MARK_KLINE, '"s":"BTCUSD_PERP"', '"s":"BTCUSD"', "MISMATCH"),
        (MARK_KLINE, '"s":"BTCUSD_PERP",', "", "MISSING"),
        (MARK_KLINE, '"B":"0"}', '"B":"0"},"k":{}', "MISSING"),
        (MARK, '"p":"91231.55000000",', "", "MISSING"),
        (MARK, '"p":"91231.55000000"', '"p":""', "TYPE"),
        (MARK, '"p":"91231.55000000"', '"p":"91231.550000001"', "INEXACT"),
        (MARK, '"s":"BTCUSDT"', '"s":"BTCUSD_PERP"', "MISMATCH"),
        (MARK, '"T":1795363200000', '"T":""', "TYPE"),
        (MARK, '"r":"0.00010000"', '"r":[]', "TYPE"),
        (INDEX, '"i":"BTCUSD",', "", "MISSING"),
        (INDEX, '"i":"BTCUSD"', '"i":"BTCUSD","s":"ETHUSD"', "MISMATCH"),
        (INDEX, '"i":"BTCUSD"', '"i":"91236.5"', "MISMATCH"),
        (AVERAGE, '"w":"91222.33000000",', "", "MISSING"),
        (REFERENCE, '"r":"91230.00000000",', "", "MISSING"),
        (REFERENCE, ',"t":1795345200917', "", "MISSING"),
        (COMPOSITE, '"c":[', '"c":{},"d":[', "TYPE"),
        (COMPOSITE, '"c":[', '"c":7,"d":[', "TYPE"),
        (COMPOSITE, '"c":[', '"c":[1,],"d":[', "SYNTAX"),
        (LIQUIDATION, '"e":"forceOrder"', '"e":"aggTrade"', "MISMATCH"),
        (LIQUIDATION, '"o":{"s":"BTCUSDT"', '"o":{"s":"ETHUSDT"', "MISMATCH"),
        (LIQUIDATION, '"o":{"s":"BTCUSDT",', '"s":"BTCUSDT","o":{', "MISSING"),
        (LIQUIDATION, '"o":{', '"o":"LIMIT","o2":{', "TYPE"),
        (LIQUIDATION, '"T":1795345200890}', '"T":1795345200890},"o":{"s":"BTCUSDT"}', "MISSING"),
        (LIQUIDATION, '"q":"0.014"', '"q":"-0.014"', "RANGE"),
        (LIQUIDATION, '"S":"SELL",', "", "MISSING"),
        (LIQUIDATION, '"S":"SELL"', '"S":"12345678901234567"', "RANGE"),
        (LIQUIDATION, '"o":"LIMIT"', '"o":"TAKE_PROFIT_MARKET"', "RANGE"),
        (CONTRACT, '"cs":"TRADING",', "", "MISSING"),
        (CONTRACT, '"bks":[{', '"bks":{},"b":[{', "TYPE"),
        (CONTRACT, '"cs":"TRADING"', '"cs":"' + "x" * 33 + '"', "RANGE"),
        (CONTRACT, '"dt":4133404800000', '"dt":99999999999999999999', "RANGE"),
        (ASSET, '"i":"0.99987691",', "", "MISSING"),
        (ASSET, '"b":"0.00010000"', '"b":0.000000001', "INEXACT"),
        (SESSION, '"e":"EquityUpdate"', '"e":"Update"', "MISMATCH"),
        (SESSION, '"e":"EquityUpdate"', '"e":"Equity"', "MISMATCH"),
        (SESSION, '"e":"EquityUpdate"', '"e":"' + "x" * 25 + 'Update"', "RANGE"),
        (SESSION, '"e":"EquityUpdate",', "", "MISSING"),
        (SESSION, ',"S":"OVERNIGHT"', "", "MISSING"),
    ],
)  # fmt: skip
def test_what_may_not_be_is_refused_by_name(
    payload: Payload, old: str, new: str, code: str
) -> None:
    broken = changed(payload, old, new)
    assert_same(broken)
    with pytest.raises(DecodeError) as caught:
        core_fields(broken)
    assert caught.value.code == code


def test_of_an_order_sent_twice_nothing_of_the_first_is_left() -> None:
    twice = changed(LIQUIDATION, '"T":1795345200890}', (
        '"T":1795345200890},"o":{"s":"BTCUSDT","S":"BUY","q":"1","p":"2"}'
    ))  # fmt: skip
    fields = core_fields(twice)
    assert (fields["side"], fields["qty"], fields["px"]) == (OrderSide.BUY, 1000, 200)
    assert fields["ts_trade"] == fields["average_px"] == fields["filled_qty"] == NULL
    assert fields["order_type"] == fields["order_status"] == fields["time_in_force"] == ""
    assert_same(twice)


def test_of_a_candle_sent_twice_the_last_must_name_its_symbol() -> None:
    text = MARK_KLINE.data.decode()
    nameless = text[text.index('"k":') : -1].replace('"s":"BTCUSD_PERP",', "")
    twice = replace(MARK_KLINE, data=f"{text[:-1]},{nameless}}}".encode())
    with pytest.raises(DecodeError, match="MISSING"):
        core_fields(twice)
    assert_same(twice)
    other_way = text.replace('"k":', f'{nameless},"k":')
    assert core_fields(replace(MARK_KLINE, data=other_way.encode()))["trade_count"] == 2


@pytest.mark.parametrize("kind", [0, Kind.BOOK, Kind.RAW, Kind.STATE, Kind.PAD, 99])
def test_what_no_stream_delivers_has_no_decoder(kind: int) -> None:
    with pytest.raises(DecodeError, match="TYPE"):
        core_fields(replace(MARK, kind=kind))

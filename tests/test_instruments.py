"""exchangeInfo answers, as each market writes them, to exponents."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import VenueError
from gateway.instruments import Instrument, Life, life_of, read_exchange_info, scale_of
from gateway.layout import Market
from gateway.plan import PlanSymbol
from gateway.stream_forms import Subject
from gateway.streams import parse


def exchange_info(**changes: Any) -> bytes:
    """Return an exchangeInfo body with BTCUSDT as spot writes it, but for ``changes``."""
    symbol: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quotePrecision": 8,
        "orderTypes": ["LIMIT"],
        "permissions": [],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "tickSize": "0.01000000"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001000", "stepSize": "0.00001000"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.0", "stepSize": "0.00000000"},
            {"filterType": "ICEBERG_PARTS", "limit": 10},
        ],
    } | changes
    body = {"timezone": "UTC", "rateLimits": [{"limit": 6000}], "symbols": [symbol]}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("size", "scale"),
    [
        ("0.01000000", (-2, 1)),
        ("0.00001000", (-5, 1)),
        ("0.10", (-1, 1)),
        ("1.00000000", (0, 1)),
        ("1", (0, 1)),
        ("10", (0, 10)),
        ("0.05", (-2, 5)),
        ("2.50", (-1, 25)),
        ("0.000000000000000001", (-18, 1)),
        ("0.00000000", (-8, 0)),
    ],
)
def test_exponent_is_the_number_of_decimals_without_zeros(
    size: str, scale: tuple[int, int]
) -> None:
    assert scale_of(size) == scale


@pytest.mark.parametrize(
    "size",
    ["", "-1", "1e-2", "0,01", "٠.١", "0.0000000000000000001", "99999999999999999999", "1.2.3"],
)
def test_what_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(ValueError, match=r"size|64 bits"):
        scale_of(size)


def test_spot_symbol_is_read() -> None:
    found = read_exchange_info(Market.SPOT, exchange_info())["BTCUSDT"]
    assert found.symbol == PlanSymbol(Market.SPOT, "BTCUSDT", -2, -5, 1, 1)
    assert found.is_trading
    assert found.symbol_id == "spot:BTCUSDT"


def test_coinm_status_has_another_key() -> None:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "stepSize": "1"},
    ]
    body = exchange_info(symbol="BTCUSD_PERP", filters=filters)
    body = body.replace(b'"status": "TRADING"', b'"contractStatus": "SETTLING"')
    found = read_exchange_info(Market.COINM, body)["BTCUSD_PERP"]
    assert found.symbol == PlanSymbol(Market.COINM, "BTCUSD_PERP", -1, 0, 1, 1, is_halted=True)
    assert found.status == "SETTLING"
    assert not found.is_trading


def test_missing_filters_give_the_finest_scale() -> None:
    found = read_exchange_info(Market.SPOT, exchange_info(filters=[]))["BTCUSDT"]
    assert (found.symbol.px_exponent, found.symbol.qty_exponent) == (-8, -8)
    assert (found.symbol.tick, found.symbol.step) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>blocked</html>",
        b"[]",
        b'{"symbols":{}}',
        b'{"code":-1003,"msg":"Too much request weight used"}',
        exchange_info(filters=[{"filterType": "LOT_SIZE", "stepSize": "x"}]),
    ],
)
def test_answer_that_is_no_exchange_info_is_the_venues_error(body: bytes) -> None:
    with pytest.raises(VenueError) as caught:
        read_exchange_info(Market.SPOT, body)
    assert str(caught.value).startswith("spot exchangeInfo: cannot be read (")
    assert caught.value.remedy


FUTURES_FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
    {"filterType": "LOT_SIZE", "stepSize": "0.001"},
]


def contract(name: str, kind: str, *, pair: str, status: str = "TRADING", **more: Any) -> Any:
    row = {"symbol": name, "pair": pair, "contractType": kind, "filters": FUTURES_FILTERS}
    return row | {"status": status, "baseAsset": pair[:3], "quoteAsset": pair[3:]} | more


def rows(market: Market, *contracts: Any, **more: Any) -> dict[str, Instrument]:
    body = json.dumps({"symbols": list(contracts)} | more).encode()
    return read_exchange_info(market, body)


USDM = (
    contract("BTCUSDT", "PERPETUAL", pair="BTCUSDT"),
    contract("BTCUSDT_261225", "CURRENT_QUARTER", pair="BTCUSDT", filters=[]),
)


def test_contracts_of_a_pair_are_one_group() -> None:
    found = rows(Market.USDM, *USDM)
    assert {"BTCUSDT", "BTCUSDT_261225"} < set(found)
    assert found["BTCUSDT_261225"].group == found["BTCUSDT"].group == "BTCUSDT"


def test_continuous_contract_has_the_scale_of_the_contract_of_its_type() -> None:
    found = rows(Market.USDM, *USDM)
    perpetual, quarter = found["BTCUSDT_PERPETUAL"], found["BTCUSDT_CURRENT_QUARTER"]
    assert perpetual.subject is quarter.subject is Subject.CONTRACT
    assert (perpetual.symbol.px_exponent, perpetual.symbol.qty_exponent) == (-1, -3)
    assert (quarter.symbol.px_exponent, quarter.symbol.qty_exponent) == (-8, -8)
    assert "BTCUSDT_TRADIFI_PERPETUAL" not in found


def test_pair_with_one_quarterly_contract_keeps_both_quarters() -> None:
    found = rows(Market.USDM, *USDM)
    assert found["BTCUSDT_NEXT_QUARTER"].symbol.px_exponent == -8
    both = rows(Market.USDM, *USDM, contract("BTCUSDT_270326", "NEXT_QUARTER", pair="BTCUSDT"))
    assert both["BTCUSDT_NEXT_QUARTER"].symbol.px_exponent == -1
    assert both["BTCUSDT_CURRENT_QUARTER"].symbol.px_exponent == -8


def test_pairs_are_rows_on_coinm_and_have_the_finest_scale() -> None:
    found = rows(
        Market.COINM,
        contract("BTCUSD_PERP", "PERPETUAL", pair="BTCUSD"),
        contract("BTCUSD_261225", "CURRENT_QUARTER", pair="BTCUSD", status="DELIVERED"),
    )
    pair = found["BTCUSD"]
    assert pair.symbol == PlanSymbol(Market.COINM, "BTCUSD", -8, -8)
    assert (pair.subject, pair.group, pair.is_trading) == (Subject.PAIR, "BTCUSD", True)
    assert all(row.subject is not Subject.PAIR for row in rows(Market.USDM, *USDM).values())


def test_indices_of_margin_assets_are_expected_and_of_other_assets_possible() -> None:
    found = rows(Market.USDM, *USDM, assets=[{"asset": "USDT", "marginAvailable": True}])
    indices = {n: row for n, row in found.items() if row.subject is Subject.ASSET}
    assert set(indices) == {"BTCUSD", "USDTUSD"}
    assert indices["USDTUSD"].symbol == PlanSymbol(Market.USDM, "USDTUSD", -8, -8)
    assert indices["USDTUSD"].is_expected
    assert indices["USDTUSD"].is_trading
    assert indices["BTCUSD"].symbol == PlanSymbol(Market.USDM, "BTCUSD", -8, -8)
    assert not indices["BTCUSD"].is_expected
    assert indices["BTCUSD"].offers(parse("usdm:btcusd@assetIndex").form)


def test_without_a_list_of_assets_every_base_and_quote_has_an_index() -> None:
    found = rows(Market.USDM, *USDM)
    expected = {n for n, i in found.items() if i.subject is Subject.ASSET and i.is_expected}
    assert expected == {"BTCUSD", "USDTUSD"}


def test_an_instrument_stands_before_an_index_of_its_name() -> None:
    odd = contract("BTCUSD", "PERPETUAL", pair="BTCUSD")
    found = rows(Market.USDM, odd, assets=[{"asset": "BTC"}])
    assert found["BTCUSD"].subject is Subject.SYMBOL


@pytest.mark.parametrize(
    ("status", "life"),
    [
        ("TRADING", Life.TRADING),
        ("", Life.TRADING),
        ("HALT", Life.HALTED),
        ("BREAK", Life.HALTED),
        ("CANCEL_ONLY", Life.HALTED),
        ("PENDING_TRADING", Life.HALTED),
        ("SETTLING", Life.HALTED),
        ("PRE_DELIVERING", Life.HALTED),
        ("DELIVERED", Life.GONE),
        ("CLOSE", Life.GONE),
        ("A_WORD_OF_TOMORROW", Life.HALTED),
    ],
)
def test_only_the_word_trading_means_that_a_price_may_be_traded_on(status: str, life: Life) -> None:
    assert life_of(status) is life
    found = rows(Market.USDM, contract("BTCUSDT", "PERPETUAL", pair="BTCUSDT", status=status))
    assert found["BTCUSDT"].symbol.is_halted is (life is not Life.TRADING)


def test_arrays_have_rows_of_what_trades_and_of_futures_that_are_going_to() -> None:
    pending = contract("NEWUSDT", "PERPETUAL", pair="NEWUSDT", status="PENDING_TRADING")
    assert rows(Market.USDM, pending)["NEWUSDT"].is_expected
    assert not rows(Market.SPOT, {"symbol": "OLDUSDT", "status": "BREAK"})["OLDUSDT"].is_expected


def test_composite_index_is_offered_for_indices_alone() -> None:
    form = parse("usdm:defiusdt@compositeIndex").form
    index = contract("DEFIUSDT", "PERPETUAL", pair="DEFIUSDT", underlyingType="INDEX")
    coin = contract("BTCUSDT", "PERPETUAL", pair="BTCUSDT", underlyingType="COIN")
    found = rows(Market.USDM, index, coin, USDM[1])
    assert found["DEFIUSDT"].offers(form)
    assert not found["BTCUSDT"].offers(form)
    assert found["BTCUSDT_261225"].offers(form)  # where nothing is said, nothing is refused


def test_streams_are_offered_for_what_they_are_of() -> None:
    found = rows(Market.USDM, *USDM)
    candle, trade = parse("usdm:a_perpetual@continuousKline_1m").form, parse("usdm:a@trade").form
    assert found["BTCUSDT_PERPETUAL"].offers(candle)
    assert not found["BTCUSDT_PERPETUAL"].offers(trade)
    assert found["BTCUSDT"].offers(trade)
    assert not found["BTCUSDT"].offers(candle)


def test_recorded_answers_of_the_venue_are_read(shared_data: Path) -> None:
    seen = set()
    for path in sorted((shared_data / "captures" / "playback").glob("*.sync.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                if "/exchangeInfo" not in line:
                    continue
                body = line.partition("{")
                market = (
                    Market.COINM
                    if "/dapi/" in line
                    else (Market.USDM if "/fapi/" in line else Market.SPOT)
                )
                found = read_exchange_info(market, (body[1] + body[2]).encode())
                assert any(i.is_trading for i in found.values()), path.name
                seen.add(market)
    assert seen == set(Market)


RACE = """
import sys, threading
from gateway.instruments import read_exchange_info
from gateway.layout import Market
sys.setswitchinterval(1e-6)
together = threading.Barrier(4)
def read():
    together.wait()
    read_exchange_info(Market.USDM, b'{"symbols":[{"symbol":"BTCUSDT","filters":[]}]}')
threads = [threading.Thread(target=read) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_answers_may_be_read_in_threads_side_by_side_from_the_first_on() -> None:
    """One process in three crashed while each answer had the type looked at anew."""
    for _ in range(12):
        subprocess.run([sys.executable, "-c", RACE], check=True, timeout=60)

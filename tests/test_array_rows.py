"""Rows of arrays: every symbol's stream is fed from one place."""

from __future__ import annotations

from gateway.array_rows import ArrayRows, rows_of
from gateway.instruments import Instrument, Instruments
from gateway.layout import Market
from gateway.plan import PlanSymbol
from gateway.stream_forms import Subject
from gateway.streams import parse_all


def listed(*names: str, status: str = "TRADING", subject: Subject = Subject.SYMBOL) -> Instruments:
    found = {}
    for name in names:
        market, _, symbol = name.partition(":")
        key = (Market[market.upper()], symbol)
        plan = PlanSymbol(*key, -2, -3)
        found[key] = Instrument(plan, status, subject, group=symbol.partition("_")[0])
    return found


COINM = listed("coinm:BTCUSD_PERP", "coinm:BTCUSD_261225", "coinm:ETHUSD_PERP")
USDM = listed("usdm:BTCUSDT", "usdm:ETHUSDT")


def rows(*names: str, instruments: Instruments) -> dict[str, ArrayRows]:
    return rows_of(parse_all(names), instruments, set())


def test_an_array_has_a_row_of_every_instrument_of_its_market() -> None:
    found = rows("usdm:!ticker@arr", "usdm:btcusdt@trade", instruments={**USDM, **COINM})
    assert found == {"usdm:!ticker@arr": ArrayRows(("BTCUSDT", "ETHUSDT"))}


def test_a_row_that_is_subscribed_by_itself_is_covered() -> None:
    found = rows("usdm:!ticker@arr", "usdm:ethusdt@ticker", instruments=USDM)
    assert found == {"usdm:!ticker@arr": ArrayRows(("BTCUSDT",), ("ETHUSDT",))}


def test_another_speed_covers_nothing() -> None:
    found = rows("usdm:!markPrice@arr", "usdm:ethusdt@markPrice@1s", instruments=USDM)
    assert found["usdm:!markPrice@arr"].covered == ()


def test_pair_array_has_the_contracts_of_its_pair() -> None:
    found = rows("coinm:btcusd@markPrice", instruments=COINM)
    assert found == {"coinm:btcusd@markPrice": ArrayRows(("BTCUSD_261225", "BTCUSD_PERP"))}


def test_array_of_the_market_stands_before_that_of_a_pair() -> None:
    names = ("coinm:btcusd@markPrice", "coinm:!markPrice@arr")
    assert rows(*names, instruments=COINM) == rows(*names[::-1], instruments=COINM)
    found = rows(*names, instruments=COINM)
    assert len(found["coinm:!markPrice@arr"].rows) == 3
    assert found["coinm:btcusd@markPrice"] == ArrayRows((), ("BTCUSD_261225", "BTCUSD_PERP"))


def test_asset_array_has_rows_of_assets() -> None:
    assets = listed("usdm:ADAUSD", subject=Subject.ASSET)
    found = rows("usdm:!assetIndex@arr", "usdm:!ticker@arr", instruments={**USDM, **assets})
    assert found["usdm:!assetIndex@arr"] == ArrayRows(("ADAUSD",))
    assert found["usdm:!ticker@arr"] == ArrayRows(("BTCUSDT", "ETHUSDT"))


def test_synthetic_array_is_made_of_the_streams_that_are_there() -> None:
    spot = listed("spot:AUSDT", "spot:BUSDT")
    found = rows("spot:!ticker@arr", "spot:busdt@ticker", instruments=spot)
    assert found == {"spot:!ticker@arr": ArrayRows(("BUSDT",))}


def test_halted_instrument_keeps_its_row_and_a_delivered_one_does_not() -> None:
    spot = {**listed("spot:AUSDT"), **listed("spot:BUSDT", status="BREAK")}
    (stream,) = parse_all(["spot:!miniTicker@arr"])
    assert rows_of([stream], spot, set())[stream.name].rows == ("AUSDT",)
    kept = {(Market.SPOT, "BUSDT")}
    assert rows_of([stream], spot, kept)[stream.name].rows == ("AUSDT", "BUSDT")
    (stream,) = parse_all(["usdm:!bookTicker"])
    gone = {**USDM, **listed("usdm:ETHUSDT", status="CLOSE")}
    assert rows_of([stream], gone, {(Market.USDM, "ETHUSDT")})[stream.name].rows == ("BTCUSDT",)


def test_symbol_too_long_for_the_directory_has_no_row() -> None:
    found = rows("usdm:!ticker@arr", instruments={**USDM, **listed("usdm:" + "测" * 11)})
    assert found["usdm:!ticker@arr"].rows == ("BTCUSDT", "ETHUSDT")

"""Every stream of every market, key for key as Binance documents it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.simulator.names import Market

from .examples import documented
from .played import Played

STREAMS = [
    pytest.param(market, number, id=f"{market}:{example['stream']}")
    for market in Market
    for number, example in enumerate(documented(market))
]


@pytest.fixture(scope="module")
def played() -> Played:
    keys = [f"{market}:{e['stream']}" for market in Market for e in documented(market)]
    played = Played(keys).play(60.5)
    played.exchange.list_symbol(Market.USDM, "IOTAUSDT", played.now_ns)
    played.exchange.halt(Market.COINM, "BTCUSD_261225", True, played.now_ns)
    return played.play(5)


def shape(value: Any) -> Any:
    """Return what is fixed about a payload: keys in their order, and the types of values."""
    if isinstance(value, dict):
        return [(key, shape(part)) for key, part in value.items()]
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, str):
        return "decimal" if re.fullmatch(r"-?\d+(\.\d+)?", value) else "text"
    return "number" if type(value) in (int, float) else type(value).__name__


@pytest.mark.parametrize(("market", "number"), STREAMS)
def test_payload_has_the_documented_keys_in_their_order(
    played: Played, market: Market, number: int
) -> None:
    example = documented(market)[number]
    sent = played.frames[f"{market}:{example['stream']}"]
    expected = shape(example["data"])
    assert sent
    found = [shape(data) for data in sent]
    assert expected in found, found[0]


@pytest.mark.parametrize(("market", "number"), STREAMS)
def test_decimals_are_written_as_documented(played: Played, market: Market, number: int) -> None:
    """Prices and rates have as many decimals as in the document; spot writes eight everywhere."""
    example = documented(market)[number]
    sent = played.frames[f"{market}:{example['stream']}"][-1]
    model = example["data"][0] if isinstance(example["data"], list) else example["data"]
    rows = sent if isinstance(sent, list) else [sent]
    own = [row for row in rows if row.get("s", "") == model.get("s", "")]
    for row in own:
        for key in ("p", "c", "b", "i", "r", "ap"):
            if isinstance(row.get(key), str) and row[key]:
                assert decimals(row[key]) == decimals(model[key]), key


def decimals(text: str) -> int:
    return len(text.partition(".")[2])


def test_reference_price_is_null_at_times_and_the_middle_of_the_book_else(played: Played) -> None:
    prices = [data["r"] for data in played.frames["spot:btcusdt@referencePrice"]]
    assert None in prices
    assert {type(price) for price in prices} == {str, type(None)}
    assert all(60_000 < float(price) < 62_000 for price in prices if price is not None)


def test_funding_is_empty_for_contracts_with_a_delivery(played: Played) -> None:
    for row in played.rows("coinm:btcusd@markPrice@1s"):
        is_perpetual = row["s"] == "BTCUSD_PERP"
        assert (row["r"] != "", row["T"] > 0) == (is_perpetual, is_perpetual)
        assert row["T"] % 28_800_000 == 0


def test_composite_index_is_the_sum_of_its_components(played: Played) -> None:
    for data in played.frames["usdm:defiusdt@compositeIndex"]:
        total = sum(float(part["w"]) * float(part["i"]) for part in data["c"])
        assert float(data["p"]) == pytest.approx(total)
        assert sum(float(part["W"]) for part in data["c"]) == pytest.approx(1)


def test_each_market_of_the_old_world_tells_its_session(played: Played) -> None:
    sent = played.frames["usdm:tradingSession"]
    assert {data["e"] for data in sent} == {
        "EquityUpdate", "CommodityUpdate", "KR_EquityUpdate", "HK_EquityUpdate", "CN_EquityUpdate",
    }  # fmt: skip
    assert all(data["t"] <= data["E"] < data["T"] for data in sent)

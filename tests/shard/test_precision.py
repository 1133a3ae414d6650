"""Decimals that a frame needs."""

from __future__ import annotations

import pytest

from gateway.shard.precision import needed_exponents, places


@pytest.mark.parametrize(
    ("text", "expected"), [("1", 0), ("1.", 0), ("1.2500", 2), ("0.00000001", 8), ("100.000", 0)]
)
def test_trailing_zeros_are_no_decimals(text: str, expected: int) -> None:
    assert places(text) == expected


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (b'{"stream":"x","data":{"b":[["1.25","3.001"]],"a":[["1.5","0.1000"]]}}', (-2, -3)),
        (b'{"lastUpdateId":1,"bids":[["1.125","1"]],"asks":[]}', (-3, 0)),
        (b'{"stream":"x","data":{"u":1,"s":"X","b":"1.1","B":"2.22","a":"1","A":"2"}}', (-1, -2)),
        (b'{"stream":"x","data":{"e":"trade","p":"0.10","q":"5.5"}}', (-1, -1)),
        (b'{"data":{"e":"24hrTicker","c":"1.01","Q":"2.5","w":"1.23456789"}}', (-2, -1)),
        (b'{"stream":"x","data":[]}', (0, 0)),
        (b'{"data":{"b":"90.000000000000000001","B":"1"}}', (-8, 0)),
        (b"not json", (0, 0)),
        (b'{"data":{"e":"24hrMiniTicker","c":"1.125","v":"1.2345","q":"9.87654"}}', (-3, 0)),
        (b'{"data":{"e":"1hTicker","o":"1.5","Q":"2.25","v":"1.2345"}}', (-1, -2)),
        (b'{"data":{"e":"kline","k":{"o":"1.25","c":"1","v":"3.001","q":"9.87654"}}}', (-2, 0)),
        (b'{"data":{"e":"markPrice_kline","k":{"h":"1.1234"}}}', (-4, 0)),
        (b'{"data":{"e":"forceOrder","o":{"p":"9.91","q":"0.014","ap":"9.912345"}}}', (-2, -3)),
        (b'{"data":{"e":"kline","k":"oops"}}', (0, 0)),
        (b'{"data":{"e":"aggTrade","p":"1.5","q":"2","nq":"1.25"}}', (-1, -2)),
    ],
)  # fmt: skip
def test_prices_and_quantities_are_told_apart(frame: bytes, expected: tuple[int, int]) -> None:
    assert needed_exponents(frame) == expected

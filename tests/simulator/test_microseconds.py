"""Times in microseconds: each field that is a time, and no other."""

from __future__ import annotations

import re

import orjson
import pytest

from gateway.simulator.frames import combined_frame, payload_offset
from gateway.simulator.microseconds import frame_in_microseconds, in_microseconds

MS = 1_795_345_200_123
PAYLOADS = {
    "trade": b'{"e":"trade","E":%d,"s":"BTCUSDT","t":5400000000001,"p":"1.0","T":%d,"m":true}',
    "aggTrade": b'{"e":"aggTrade","E":%d,"s":"BTCUSDT","a":3500000000001,"f":1,"l":2,"T":%d}',
    "kline": b'{"e":"kline","E":%d,"s":"BTCUSDT","k":{"t":1795345200000,"T":1795345259999,"f":1}}',
    "ticker": b'{"e":"24hrTicker","E":%d,"C":%d,"O":1795258800000,"F":5390000000001,"L":2,"n":3}',
    "depth": b'{"e":"depthUpdate","E":%d,"U":7000000000001,"u":7000000000004,"b":[["1","2"]]}',
    "avgPrice": b'{"e":"avgPrice","E":%d,"s":"BTCUSDT","i":"5m","w":"1.0","T":%d}',
    "referencePrice": b'{"e":"referencePrice","s":"BTCUSDT","r":"1.0","t":1795345200917}',
    "no referencePrice": b'{"e":"referencePrice","s":"BTCUSDT","r":null,"t":1795345200917}',
    "bookTicker": b'{"u":4000000000001,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"}',
    "serverShutdown": b'{"e":"serverShutdown","E":%d}',
}


@pytest.mark.parametrize("kind", list(PAYLOADS))
def test_times_have_16_digits_and_ids_are_left_alone(kind: str) -> None:
    before = PAYLOADS[kind].replace(b"%d", str(MS).encode())
    after = orjson.loads(in_microseconds(before))
    expected = orjson.loads(before)
    for key in {"E", "T", "O", "C"} & expected.keys():
        expected[key] *= 1000
    if "r" in expected:
        expected["t"] *= 1000
    if kind == "kline":
        expected["k"].update(t=1795345200000_000, T=1795345259999_999)
    assert after == expected


def test_whole_frame_is_rewritten_and_its_length_with_it() -> None:
    data = PAYLOADS["trade"].replace(b"%d", str(MS).encode())
    frame = frame_in_microseconds(combined_frame("btcusdt@trade", data))
    body = frame[payload_offset(frame) :]
    assert orjson.loads(body)["stream"] == "btcusdt@trade"
    assert len(re.findall(rb"\d{16}", body)) == 2


def test_rewriting_twice_changes_nothing() -> None:
    once = in_microseconds(PAYLOADS["kline"].replace(b"%d", str(MS).encode()))
    assert in_microseconds(once) == once

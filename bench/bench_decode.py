"""What does decoding one payload cost, by kind?

Topology: none; the C decoder in a loop over one literal payload, CPU time of this process, best of
seven. The aim is 0.1 us per 100 bytes, none above 0.2. ``--smoke``: a toy size for the tests. The
decoded values are compared with json and Decimal before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import sys
from decimal import Decimal

from bench import machine
from gateway.core import probe
from gateway.layout import Kind, Market

PX, QTY = -2, -5


def levels(best: int, step: int, count: int) -> str:
    return ",".join(f'["{best + step * n}.55000000","1.20000000"]' for n in range(count))


def payloads() -> dict[str, tuple[Kind, Market, bytes, str]]:
    """Name -> kind, market, payload, and the price field that is checked."""
    head = '"E":1795345200123,"s":"BTCUSDT"'
    found = {
        "bookTicker": (
            Kind.QUOTE, Market.SPOT, "bid_px",
            '{"u":70000000001,"s":"BTCUSDT","b":"91234.55000000","B":"1.20000000",'
            '"a":"91234.56000000","A":"0.98000000"}',
        ),
        "trade": (
            Kind.TRADE, Market.SPOT, "px",
            '{"e":"trade",HEAD,"t":5400000001,"p":"91234.55000000","q":"0.00200000",'
            '"T":1795345200122,"m":true,"M":true}',
        ),
        "aggTrade": (
            Kind.AGG_TRADE, Market.SPOT, "px",
            '{"e":"aggTrade",HEAD,"a":3500000001,"p":"91234.55000000","q":"0.00500000",'
            '"f":5400000001,"l":5400000003,"T":1795345200122,"m":true,"M":true}',
        ),
        "24hrTicker": (
            Kind.TICKER, Market.SPOT, "last_px",
            '{"e":"24hrTicker",HEAD,"p":"1234.56000000","P":"1.372","w":"91000.12000000",'
            '"x":"90000.01000000","c":"91234.55000000","Q":"0.00500000","b":"91234.55000000",'
            '"B":"1.20000000","a":"91234.56000000","A":"0.98000000","o":"90000.00000000",'
            '"h":"92000.00000000","l":"89500.00000000","v":"20000.00000000",'
            '"q":"1820000000.00000000","O":1795258801000,"C":1795345201000,"F":5390000001,'
            '"L":5400000090,"n":10000090}',
        ),
    }  # fmt: skip
    for count in (5, 20, 100):
        sides = f'"b":[{levels(91234, -1, count)}],"a":[{levels(91235, 1, count)}]'
        text = f'{{"e":"depthUpdate",HEAD,"U":70000000001,"u":70000000004,{sides}}}'
        found[f"depth {count}+{count}"] = (Kind.DIFF, Market.SPOT, "bids", text)
    sides = f'"bids":[{levels(91234, -1, 20)}],"asks":[{levels(91235, 1, 20)}]'
    text = f'{{"lastUpdateId":70000000010,{sides}}}'
    found["depth20"] = (Kind.PARTIAL, Market.SPOT, "bids", text)
    return {
        name: (kind, market, text.replace("HEAD", head).encode(), field)
        for name, (kind, market, field, text) in found.items()
    }


def check(kind: Kind, market: Market, payload: bytes, field: str) -> None:
    """The decoder reads what json and Decimal read; AssertionError where it does not."""
    value = probe.decode(kind, market, payload, b"BTCUSDT", PX, QTY)[field]
    price = value[0][0] if isinstance(value, list) else value
    told = json.loads(payload)
    keys = {"bid_px": "b", "px": "p", "last_px": "c"}
    true = told[keys[field]] if field in keys else told.get("b", told.get("bids"))[0][0]
    assert Decimal(price).scaleb(PX) == Decimal(true), (field, price, true)


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a toy size, for the tests")
    rounds = 200 if parser.parse_args().smoke else 200_000
    print(machine.line())
    print(f"{'payload':<14}{'bytes':>7}{'ns':>9}{'us per 100 bytes':>18}")
    for name, (kind, market, payload, field) in payloads().items():
        check(kind, market, payload, field)
        count = max(rounds * 100 // len(payload), 10)
        runs = [
            probe.time_decode(kind, market, payload, b"BTCUSDT", PX, QTY, count) / count
            for _ in range(7)
        ]
        print(f"{name:<14}{len(payload):>7}{min(runs):>9.0f}{min(runs) / len(payload) / 10:>18.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

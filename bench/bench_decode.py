"""What does decoding one payload cost, by kind?

Topology: none; the C decoder in a loop over one literal payload, CPU time of this process, best of
nine. One event of every kind (decode_payloads.tsv) in the venue's own form, depth events of several
lengths, and for what comes in arrays the scan that finds a row's symbol and end before it is
decoded: such a payload costs both. The aim is 0.1 us per 100 bytes, none above 0.2, which holds for
both together; the worst and what is above that are named at the end.
``--smoke``: a toy size for the tests. What was decoded is compared with json and Decimal before
anything is timed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from bench import machine
from gateway.core import probe
from gateway.layout import FIXED_EXPONENT, Kind, Market

PX, QTY = -8, -8
RUNS = 9
COST_MAX = 0.2  # us per 100 bytes
PAYLOADS = Path(__file__).with_name("decode_payloads.tsv")


class Case(NamedTuple):
    """One payload, the field and the key that are compared, and whether arrays hold it."""

    name: str
    kind: Kind
    market: Market
    symbol: str
    field: str
    key: str
    is_row: bool
    text: str


def documented() -> Iterator[Case]:
    """One event of every kind."""
    for line in PAYLOADS.read_text(encoding="utf-8").splitlines():
        name, kind, market, symbol, field, key, row, text = line.split("\t")
        yield Case(name, Kind[kind], Market[market], symbol, field, key, row == "row", text)


def levels(best: int, step: int, count: int) -> str:
    return ",".join(f'["{best + step * n}.55000000","1.20000000"]' for n in range(count))


def depths() -> Iterator[Case]:
    """Spot depth events of 1 to 100 levels a side, and a partial depth of 20."""
    head = '"e":"depthUpdate","E":1795345200123,"s":"BTCUSDT","U":70000000001,"u":70000000004'
    for count in (1, 5, 20, 100):
        text = f'{{{head},"b":[{levels(91234, -1, count)}],"a":[{levels(91235, 1, count)}]}}'
        name = f"depth {count}+{count}"
        yield Case(name, Kind.DIFF, Market.SPOT, "BTCUSDT", "bids", "b", False, text)
    sides = f'"bids":[{levels(91234, -1, 20)}],"asks":[{levels(91235, 1, 20)}]'
    text = f'{{"lastUpdateId":70000000010,{sides}}}'
    yield Case("depth20", Kind.PARTIAL, Market.SPOT, "BTCUSDT", "bids", "bids", False, text)


def check(case: Case) -> None:
    """The decoder reads what json and Decimal read; AssertionError where it does not."""
    data, symbol = case.text.encode(), case.symbol.encode()
    value: Any = probe.decode(case.kind, case.market, data, symbol, PX, QTY)[case.field]
    told: Any = json.loads(case.text)
    for key in case.key.split("."):
        told = told[key]
    if isinstance(value, list):
        value, told = value[0][0], told[0][0]
    if isinstance(value, int):
        value, told = Decimal(value).scaleb(FIXED_EXPONENT), Decimal(told)
    elif isinstance(value, float):
        told = float(told)
    assert value == told, (case.name, case.field, value, told)
    if case.is_row:
        assert probe.scan_row(data)[2] == len(data), case.name


def timed(case: Case, rounds: int) -> list[tuple[str, float]]:
    """Label and nanoseconds of what is done to a payload; the last one is all of it."""
    data, symbol = case.text.encode(), case.symbol.encode()
    count = max(rounds * 100 // len(data), 10)
    runs = [
        probe.time_decode(case.kind, case.market, data, symbol, PX, QTY, count) for _ in range(RUNS)
    ]
    decoded = min(runs) / count
    if not case.is_row:
        return [(case.name, decoded)]
    scanned = min(probe.time_scan(data, count) for _ in range(RUNS)) / count
    return [
        (f"decode {case.name}", decoded),
        (f"scan {case.name}", scanned),
        (case.name, decoded + scanned),
    ]


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="a toy size, for the tests")
    rounds = 200 if parser.parse_args().smoke else 200_000
    print(machine.line())
    print(f"{'payload':<24}{'bytes':>7}{'ns':>9}{'us per 100 bytes':>18}")
    costs: dict[str, float] = {}
    for case in (*documented(), *depths()):
        check(case)
        for label, nanoseconds in timed(case, rounds):
            costs[case.name] = nanoseconds / len(case.text) / 10
            print(f"{label:<24}{len(case.text):>7}{nanoseconds:>9.0f}{costs[case.name]:>18.3f}")
    worst = max(costs, key=lambda name: costs[name])
    above = [name for name, cost in costs.items() if cost > COST_MAX]
    print(f"worst: {worst}, {costs[worst]:.3f} us per 100 bytes")
    print(f"above {COST_MAX:g}: {', '.join(above) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

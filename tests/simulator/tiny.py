"""A small made-up capture whose books can be worked out by eye, for tests of the simulator."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path

import orjson

START_NS = 1_723_161_254_000_000_000
SNAPSHOT_ID = 105  # ends with the third diff


@dataclass
class Tiny:
    """``frames``: what was recorded, by stream. ``books``: by event-final id, whole book."""

    market: str
    symbol: str
    count: int = 20
    has_snapshot: bool = True
    period_ns: int = 1_000_000
    start_ns: int = START_NS
    padding: str = ""  # makes trade frames as long as a test wants
    lines: list[bytes] = field(default_factory=list)
    frames: dict[str, list[bytes]] = field(default_factory=dict)
    finals: list[int] = field(default_factory=list)
    books: dict[int, tuple[dict[str, str], dict[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bids: dict[str, str] = {}
        asks: dict[str, str] = {}
        for number in range(self.count):
            data = self._diff(number)
            for side, levels in ((bids, data["b"]), (asks, data["a"])):
                for price, qty in levels:
                    side[price] = qty
                    if not float(qty):
                        del side[price]
            self.finals.append(data["u"])
            self.books[data["u"]] = (dict(bids), dict(asks))
            self._add(3 * number, self.depth_stream, data)
            self._add(3 * number + 1, "bookTicker", self._book_ticker(data["u"], bids, asks))
            self._add(3 * number + 2, "trade", self._trade(number))
            if number == 3 and self.has_snapshot:
                self.lines.append(self._stamp(3 * number + 2) + self._snapshot())

    @property
    def depth_stream(self) -> str:
        return "depth@100ms" if self.market == "spot" else "depth@0ms"

    def _diff(self, number: int) -> dict:
        first = 100 + 2 * number
        data = {"e": "depthUpdate", "E": 1_723_161_255_000 + number, "s": self.symbol, "U": first}
        data["u"] = first + 1
        if self.market != "spot":
            data["pu"] = first - 1
        old = [[f"{99 - (number - 5) % 9}.50", "0.000"]] if number >= 5 else []
        data["b"] = [*old, [f"{99 - number % 9}.50", f"{number + 1}.250"]]
        data["a"] = [[f"{101 + number % 3}.00", f"{number + 1}.000"]]
        return data

    def _book_ticker(self, update_id: int, bids: dict, asks: dict) -> dict:
        bid, ask = max(bids, key=float), min(asks, key=float)
        head = {} if self.market == "spot" else {"e": "bookTicker"}
        best = {"b": bid, "B": bids[bid], "a": ask, "A": asks[ask]}
        return {**head, "u": update_id, "s": self.symbol, **best}

    def _trade(self, number: int) -> dict:
        mark = {"M": True} if self.market == "spot" else {"X": "MARKET"}
        data = {"e": "trade", "s": self.symbol, "t": number, "p": "99.50", "q": "0.0010", **mark}
        return {**data, "pad": self.padding} if self.padding else data

    def _snapshot(self) -> bytes:
        bids, asks = self.books[SNAPSHOT_ID]
        body = {"lastUpdateId": SNAPSHOT_ID}
        body["bids"] = [[price, bids[price]] for price in sorted(bids, key=float, reverse=True)]
        body["asks"] = [[price, asks[price]] for price in sorted(asks, key=float)]
        return orjson.dumps(body)

    def _stamp(self, tick: int) -> bytes:
        return f"{self.start_ns + tick * self.period_ns} ".encode()

    def _add(self, tick: int, suffix: str, data: dict) -> None:
        name = f"{self.symbol.lower()}@{suffix}"
        frame = orjson.dumps({"stream": name, "data": data})
        self.frames.setdefault(suffix, []).append(frame)
        self.lines.append(self._stamp(tick) + frame)

    def write(self, path: Path, zipped: bool = True) -> str:
        """Write the capture to a file; return its name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = b"\n".join(self.lines) + b"\n"
        path.write_bytes(gzip.compress(text) if zipped else text)
        return str(path)

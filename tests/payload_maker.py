"""Payloads of every kind made up from a seed: values at the edges, what may be absent absent."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from gateway.layout import FIXED_EXPONENT, Kind
from tests.json_noise import Literal, Members, unknown
from tests.model.decimals import I64_MAX, render
from tests.model.payload_keys import EVENTS, Table

EDGES = (I64_MAX, I64_MAX - 1, I64_MAX - 7, *(10**n for n in range(19)))
TIMES = (0, 10**12, 9_223_372_036_854, 10**14 + 1, 9_223_372_036_854_775)
TOO_LATE = (9_223_372_036_855, 10**14, 9_223_372_036_854_776, I64_MAX)  # for nanoseconds
TEXTS = ("", "1m", "IOC", "FILLED", "PARTIALLY_FILLED", "CURRENT_QUARTER DELIVERING", "测试", 'q"e')


def mantissa_of(noise: random.Random) -> int:
    """A mantissa >= 0, the edges of i64 among them."""
    shape = noise.random()
    if shape < 0.4:
        return noise.randrange(10_000)
    return noise.randrange(I64_MAX + 1) if shape < 0.7 else noise.choice(EDGES)


def decimal_of(mantissa: int, exponent: int, noise: random.Random) -> str:
    """A decimal that ``exponent`` holds, with zeros to spare before and behind."""
    text = render(mantissa, exponent, -exponent + noise.randrange(4))
    if "." in text and noise.random() < 0.5:
        text = text.rstrip("0").rstrip(".")
    return "0" * noise.choice((0, 0, 0, 1, 5)) + text


def id_of(noise: random.Random) -> int:
    return noise.choice((noise.randrange(1, 1000), noise.randrange(1, I64_MAX), I64_MAX))


def time_of(noise: random.Random) -> int:
    """Milliseconds, microseconds, or an edge between or behind them."""
    milliseconds = noise.randrange(1_500_000_000_000, 1_900_000_000_000)
    return noise.choice((milliseconds, milliseconds * 1000 + 7, noise.choice(TIMES)))


def double_of(noise: random.Random) -> str:
    """A volume: few digits or many, tiny or huge, never with an exponent."""
    tiny = f"{noise.random() * 10.0 ** noise.randrange(-320, 20):.{noise.randrange(200)}f}"
    return noise.choice(
        (render(noise.randrange(10**25), -8), render(noise.randrange(10**15), -3), tiny)
    )


@dataclass(frozen=True)
class Maker:
    """Makes up the values of one payload."""

    kind: Kind
    symbol: str
    px_exponent: int
    qty_exponent: int
    noise: random.Random

    def members(self, table: Table) -> Members:
        """Return an object with all keys that must be there, some that may, and some unknown."""
        pairs: list[tuple[str, Any]] = []
        ids = {"first_update_id": 0, "update_id": 0}
        ids["first_update_id"], ids["update_id"] = sorted((self._id(), self._id()))
        for key, row in table.items():
            if isinstance(row, dict):
                pairs.append((key, self.members(row)))
                continue
            field, shape = row
            if shape.endswith("?") and self.noise.random() < 0.5 and not self._is_only_name(key):
                continue
            ordered = self.kind in (Kind.DIFF, Kind.PARTIAL) and field in ids
            pairs.append((key, Literal(str(ids[field])) if ordered else self._value(field, shape)))
        extra = [name for name in ("M", "st", "bq", "X2", "e2", "zz") if self.noise.random() < 0.3]
        pairs += [(name, unknown(self.noise)) for name in extra if name not in table]
        self.noise.shuffle(pairs)
        return Members(tuple(pairs))

    def _is_only_name(self, key: str) -> bool:
        return self.kind == Kind.INDEX_PRICE and key == "i"  # there is s too, or not

    def _value(self, field: str, row: str) -> Any:
        if "~" in row and self.noise.random() < 0.2:
            return self.noise.choice((Literal("null"), ""))
        base = row.rstrip("+~?")
        if base.startswith("text"):
            room = int(base[4:])
            return self.noise.choice([text for text in TEXTS if len(text.encode()) <= room])
        if base == "part":
            pair, _, contract = self.symbol.partition("_")
            return pair if field == "-pair" else contract
        if base in ("event", "symbol"):
            return self.noise.choice(EVENTS[self.kind]) if base == "event" else self.symbol
        if base == "levels":
            return [
                [self._decimal(self.px_exponent, 1), self._decimal(self.qty_exponent)]
                for _ in range(self.noise.randrange(7))
            ]
        return self._plain(base)

    def _plain(self, base: str) -> Any:
        noise = self.noise
        match base:
            case "px":
                return self._decimal(self.px_exponent)
            case "qty":
                return self._decimal(self.qty_exponent)
            case "fixed":
                return self._decimal(FIXED_EXPONENT)
            case "f64":
                return double_of(noise)
            case "bool":
                return Literal(noise.choice(("true", "false")))
            case "count":
                return [unknown(noise) for _ in range(noise.randrange(4))]
            case "side":
                return noise.choice(("BUY", "SELL", "SELL", "buy", ""))
            case "underlying":
                return noise.choice(("Equity", "KR_Equity", "测试", 'quo"te')) + "Update"
            case "when":
                return Literal(str(noise.choice((0, time_of(noise), *TOO_LATE))))
            case "time":
                return Literal(str(time_of(noise)))
        return Literal("-1" if base == "id-" and noise.random() < 0.2 else str(self._id()))

    def _id(self) -> int:
        return id_of(self.noise)

    def _decimal(self, exponent: int, least: int = 0) -> str:
        return decimal_of(max(mantissa_of(self.noise), least), exponent, self.noise)

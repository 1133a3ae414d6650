"""Hypothesis strategies: decimals, payloads of every kind, mutated bytes, books, diffs.

Hypothesis draws the kind, the market, the symbol and a seed; values, order of keys, whitespace,
escapes and mutations come from that seed, which makes an example 50 times cheaper than drawing each
byte. ``GATEWAY_FUZZ_EXAMPLES=N`` runs N random examples instead of the fixed ones.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gateway.layout import FIXED_EXPONENT, Kind, Market
from tests.model import decode as model
from tests.model.decimals import I64_MAX, render

Draw = Any
_FUZZ = int(os.environ.get("GATEWAY_FUZZ_EXAMPLES", "0"))

KINDS = (Kind.QUOTE, Kind.TRADE, Kind.AGG_TRADE, Kind.TICKER, Kind.DIFF, Kind.PARTIAL)
SYMBOLS = ("BTCUSDT", "BTCUSD_PERP", "1000SHIBUSDT", "测试USDT", "A")
_SPACE = ("", "", "", "", " ", "\n", "\t", "\r\n", "   ")
_TEXTS = ("", "x", "MARKET", 'quo"te', "back\\slash", "{[}]", "tab\t", "测试", "\U0001f680", "/")
_NUMBERS = ("0", "-1", "12345678901234567890123", "1.5", "-0.0", "1e5", "2E-7", "true", "null")


def examples(count: int) -> settings:
    """Settings for a property: ``count`` fixed examples, or as many random ones as asked for."""
    return settings(
        max_examples=_FUZZ or count,
        derandomize=not _FUZZ,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@dataclass(frozen=True)
class Literal:
    """JSON that stands for itself: a number, true, false, null."""

    text: str


@dataclass(frozen=True)
class Members:
    """A JSON object that may name a key twice."""

    pairs: tuple[tuple[str, Any], ...]


def text_of(node: Any, noise: random.Random) -> str:
    """Write a tree of Members, lists, str and Literal as JSON, with whitespace and escapes."""

    def space() -> str:
        return noise.choice(_SPACE)

    if isinstance(node, Literal):
        return node.text
    if isinstance(node, str):
        return '"' + "".join(_char(char, noise) for char in node) + '"'
    if isinstance(node, list):
        inner = ",".join(space() + text_of(item, noise) + space() for item in node)
        return "[" + (inner or space()) + "]"
    inner = ",".join(
        f"{space()}{text_of(key, noise)}{space()}:{space()}{text_of(value, noise)}{space()}"
        for key, value in node.pairs
    )
    return "{" + (inner or space()) + "}"


def _char(char: str, noise: random.Random) -> str:
    if char in '"\\' and noise.random() < 0.8:
        return "\\" + char
    if char in '"\\' or char < " " or noise.random() < 0.03:
        units = char.encode("utf-16-be")
        form = noise.choice(("\\u%02x%02x", "\\u%02X%02X"))
        return "".join(form % (units[i], units[i + 1]) for i in range(0, len(units), 2))
    return "\\/" if char == "/" and noise.random() < 0.5 else char


def unknown(noise: random.Random, depth: int = 0) -> Any:
    """A value of a key that nobody asked for."""
    shape = noise.randrange(6 if depth < 4 else 3)
    if shape < 2:
        return noise.choice(_TEXTS)
    if shape < 3:
        return Literal(noise.choice(_NUMBERS))
    items = [unknown(noise, depth + 1) for _ in range(noise.randrange(4))]
    if shape < 5:
        return items
    # Known letters inside a nested object must not be taken for the event's own.
    return Members(tuple((noise.choice("esEuUbaBAptqT"), item) for item in items))


EDGES = (I64_MAX, I64_MAX - 1, I64_MAX - 7, *(10**n for n in range(19)))
TIMES = (0, 10**12, 9_223_372_036_854, 10**14 + 1, 9_223_372_036_854_775)


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


exponents = st.integers(-12, 0)
seeds = st.integers(0, 2**64)


@st.composite
def decimal_texts(draw: Draw, exponent: int) -> str:
    """Decimals that ``exponent`` holds."""
    noise = random.Random(draw(seeds))
    return decimal_of(mantissa_of(noise), exponent, noise)


@dataclass(frozen=True)
class Payload:
    """A payload and what a decoder is told about its stream."""

    kind: Kind
    market: Market
    symbol: str
    px_exponent: int
    qty_exponent: int
    data: bytes

    def oracle(self) -> dict[str, Any]:
        return model.decode(*self._told())

    def overwritten(self) -> frozenset[str]:
        return model.overwritten_faults(*self._told())

    def is_json(self) -> bool:
        return model.is_object(self.data)

    def _told(self) -> tuple[Kind, Market, bytes, str, int, int]:
        return (
            self.kind, self.market, self.data, self.symbol, self.px_exponent, self.qty_exponent,
        )  # fmt: skip


@st.composite
def payloads(draw: Draw, kinds: tuple[Kind, ...] = KINDS) -> Payload:
    """Readable payloads of any kind and market."""
    kind, market = draw(st.sampled_from(kinds)), draw(st.sampled_from(tuple(Market)))
    symbol, noise = draw(st.sampled_from(SYMBOLS)), random.Random(draw(seeds))
    px_exponent, qty_exponent = -noise.randrange(13), -noise.randrange(13)
    pairs = []
    first, last = sorted((id_of(noise), id_of(noise)))
    for key, (field, row) in model.keys(kind, market).items():
        if row.endswith("?") and noise.random() < 0.5:
            continue
        value = _value(row.rstrip("?+"), kind, symbol, px_exponent, qty_exponent, noise)
        if kind in (Kind.DIFF, Kind.PARTIAL) and field in ("first_update_id", "update_id"):
            value = Literal(str(first if field == "first_update_id" else last))
        pairs.append((key, value))
    extra = [name for name in ("M", "st", "ps", "X", "e2", "zz") if noise.random() < 0.3]
    pairs += [(name, unknown(noise)) for name in extra]
    noise.shuffle(pairs)
    text = text_of(Members(tuple(pairs)), noise)
    return Payload(kind, market, symbol, px_exponent, qty_exponent, text.encode())


def _value(
    row: str, kind: Kind, symbol: str, px_exponent: int, qty_exponent: int, noise: random.Random
) -> Any:
    def decimal(exponent: int, least: int = 0) -> str:
        return decimal_of(max(mantissa_of(noise), least), exponent, noise)

    if row == "levels":
        count = noise.randrange(7)
        return [[decimal(px_exponent, 1), decimal(qty_exponent)] for _ in range(count)]
    if row in ("px", "qty", "fixed"):
        return decimal({"px": px_exponent, "qty": qty_exponent, "fixed": FIXED_EXPONENT}[row])
    if row in ("event", "symbol"):
        return model.EVENTS[kind] if row == "event" else symbol
    if row == "f64":
        return double_of(noise)
    if row == "bool":
        return Literal(noise.choice(("true", "false")))
    if row == "id-" and noise.random() < 0.2:
        return Literal("-1")
    return Literal(str(id_of(noise) if row.startswith("id") else time_of(noise)))


_BYTES = b'{}[]",:\\0123456789.-+eEtrufalsn \n\x00\x1f\x7f\xc3\xa9\xff'


@st.composite
def mutated(draw: Draw) -> Payload:
    """Payloads with bytes replaced, put in, taken out, repeated or cut off."""
    payload: Payload = draw(payloads())
    noise = random.Random(draw(seeds))
    data = bytearray(payload.data)
    for _ in range(noise.randrange(1, 4)):
        mutate(data, noise)
    return replace(payload, data=bytes(data))


def mutate(data: bytearray, noise: random.Random) -> None:
    """Do one harm to ``data``."""
    at = noise.randrange(len(data)) if data else 0
    match noise.choice(("replace", "insert", "delete", "repeat", "cut")):
        case "replace":
            data[at : at + 1] = noise.choice(_BYTES).to_bytes()
        case "insert":
            data.insert(at, noise.choice(_BYTES))
        case "delete":
            del data[at : at + noise.randrange(1, 5)]
        case "repeat":
            data[at:at] = data[at : at + noise.randrange(1, 13)]
        case "cut":
            del data[at:]

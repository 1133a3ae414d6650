"""Hypothesis strategies: decimals, payloads of every kind, mutated bytes, books, diffs.

Hypothesis draws what matters (kind, values, exponents, the place of a mutation); the noise of the
text (order of keys, whitespace, escapes, unknown members) comes from a drawn seed, which keeps
large examples fast. ``GATEWAY_FUZZ_EXAMPLES=N`` runs N random examples instead of the fixed ones.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gateway.layout import Kind, Market
from tests.model import decode as model
from tests.model.decimals import I64_MAX, render

Draw = Any
Test = TypeVar("Test")
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
    if char in "0123456789.":
        return char
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


def mantissas(exact: bool = False) -> st.SearchStrategy[int]:
    """Mantissas >= 0, the edges of i64 among them; ``exact``: only such as a double holds."""
    top = 2**53 if exact else I64_MAX
    return st.one_of(
        st.integers(0, 10_000),
        st.integers(0, top),
        st.integers(top - 3, top),
        st.sampled_from([10**n for n in range(1, 19) if 10**n <= top]),
    )


exponents = st.integers(-12, 0)
update_ids = st.one_of(st.integers(1, 1000), st.integers(1, I64_MAX), st.just(I64_MAX))
times = st.one_of(
    st.integers(1_500_000_000_000, 1_900_000_000_000),
    st.integers(1_500_000_000_000_000, 1_900_000_000_000_000),
    st.sampled_from((0, 10**12, 9_223_372_036_854, 10**14 + 1, 9_223_372_036_854_775)),
)


@st.composite
def decimal_texts(draw: Draw, exponent: int, values: st.SearchStrategy[int]) -> str:
    """Decimals that ``exponent`` holds, with zeros to spare before and behind."""
    mantissa = draw(values)
    text = render(mantissa, exponent, -exponent + draw(st.integers(0, 3)))
    if "." in text and draw(st.booleans()):
        text = text.rstrip("0").rstrip(".")
    return "0" * draw(st.sampled_from((0, 0, 0, 1, 5))) + text


doubles = st.one_of(
    st.floats(min_value=0, allow_nan=False, allow_infinity=False).map(lambda x: f"{x:.40f}"),
    st.integers(0, 10**25).map(lambda n: render(n, -8)),
    st.integers(0, 10**15).map(lambda n: render(n, -3)),
)


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
def payloads(draw: Draw, kinds: tuple[Kind, ...] = KINDS, noisy: bool = True) -> Payload:
    """Readable payloads of any kind and market."""
    kind, market = draw(st.sampled_from(kinds)), draw(st.sampled_from(tuple(Market)))
    symbol = draw(st.sampled_from(SYMBOLS))
    px_exponent, qty_exponent = draw(exponents), draw(exponents)
    noise = random.Random(draw(st.integers(0, 2**32)))
    pairs = []
    first, last = sorted((draw(update_ids), draw(update_ids)))
    for key, (field, row) in model.keys(kind, market).items():
        if row.endswith("?") and not draw(st.booleans()):
            continue
        value = draw(_value(row.rstrip("?"), kind, symbol, px_exponent, qty_exponent))
        if field in ("first_update_id", "update_id") and kind in (Kind.DIFF, Kind.PARTIAL):
            value = Literal(str(first if field == "first_update_id" else last))
        pairs.append((key, value))
    if noisy:
        pairs += [(name, unknown(noise)) for name in ("M", "st", "ps", "X", "e2", "zz") if noise.random() < 0.3]
        noise.shuffle(pairs)
    node = Members(tuple(pairs))
    text = text_of(node, noise if noisy else _Quiet())
    return Payload(kind, market, symbol, px_exponent, qty_exponent, text.encode())


class _Quiet(random.Random):
    """No noise: nothing between the tokens, nothing escaped that need not be."""

    def choice(self, seq: Any) -> Any:
        return seq[0]

    def random(self) -> float:
        return 0.5


def _value(
    row: str, kind: Kind, symbol: str, px_exponent: int, qty_exponent: int
) -> st.SearchStrategy[Any]:
    px = decimal_texts(px_exponent, mantissas())
    qty = decimal_texts(qty_exponent, mantissas())
    if row == "levels":
        px = decimal_texts(px_exponent, mantissas().map(lambda mantissa: max(mantissa, 1)))
        return st.lists(st.tuples(px, qty).map(list), max_size=6)
    return {
        "event": st.just(Literal(f'"{model.EVENTS[kind]}"')),
        "symbol": st.just(symbol),
        "id": update_ids.map(lambda n: Literal(str(n))),
        "time": times.map(lambda n: Literal(str(n))),
        "bool": st.sampled_from((Literal("true"), Literal("false"))),
        "px": px,
        "qty": qty,
        "fixed": decimal_texts(-8, mantissas()),
        "f64": doubles,
    }[row]


_BYTES = b'{}[]",:\\0123456789.-+eEtrufalsn \n\x00\x1f\x7f\xc3\xa9\xff'


@st.composite
def mutated(draw: Draw) -> Payload:
    """Payloads with bytes replaced, put in, taken out, or cut off."""
    payload = draw(payloads())
    data = bytearray(payload.data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        byte = draw(st.sampled_from(_BYTES))
        match draw(st.sampled_from(("replace", "insert", "delete", "cut", "repeat"))):
            case "replace" if data:
                data[at] = byte
            case "insert":
                data.insert(at, byte)
            case "delete":
                del data[at : at + draw(st.integers(1, 4))]
            case "cut":
                del data[at:]
            case "repeat":
                data[at:at] = data[at : at + draw(st.integers(1, 12))]
    return Payload(
        payload.kind, payload.market, payload.symbol,
        payload.px_exponent, payload.qty_exponent, bytes(data),
    )  # fmt: skip

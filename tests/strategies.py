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

from gateway.layout import Kind, Market
from tests.json_noise import text_of
from tests.model import decode as model
from tests.model.payload_keys import EVENTS, keys
from tests.payload_maker import Maker, decimal_of, mantissa_of

Draw = Any
_FUZZ = int(os.environ.get("GATEWAY_FUZZ_EXAMPLES", "0"))

KINDS = tuple(EVENTS)
SYMBOLS = ("BTCUSDT", "BTCUSD_PERP", "1000SHIBUSDT", "测试USDT", "A")
CONTRACTS = ("BTCUSDT_PERPETUAL", "BTCUSD_NEXT_QUARTER", "测试USDT_TRADIFI_PERPETUAL", "_", "A_")


def examples(count: int) -> settings:
    """Settings for a property: ``count`` fixed examples, or as many random ones as asked for."""
    return settings(
        max_examples=_FUZZ or count,
        derandomize=not _FUZZ,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
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
    continuous = kind == Kind.CONTINUOUS_KLINE
    symbol = draw(st.sampled_from(CONTRACTS if continuous else SYMBOLS))
    noise = random.Random(draw(seeds))
    maker = Maker(kind, symbol, -noise.randrange(13), -noise.randrange(13), noise)
    text = text_of(maker.members(keys(kind, market)), noise)
    return Payload(kind, market, symbol, maker.px_exponent, maker.qty_exponent, text.encode())


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

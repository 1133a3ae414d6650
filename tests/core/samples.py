"""The frames under tests/payloads: each event in them with its kind, market and symbol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.layout import Kind, Market
from tests.strategies import Payload

PAYLOADS = Path(__file__).parents[1] / "payloads"
MARKETS = {market.name.lower(): market for market in Market}
EXPONENTS = {Market.SPOT: (-8, -8), Market.USDM: (-2, -3), Market.COINM: (-1, 0)}
KINDS = {
    "bookTicker": Kind.QUOTE,
    "trade": Kind.TRADE,
    "aggTrade": Kind.AGG_TRADE,
    "blockTrade": Kind.BLOCK_TRADE,
    "ticker": Kind.TICKER,
    "miniTicker": Kind.MINI_TICKER,
    "ticker_1h": Kind.WINDOW_TICKER,
    "ticker_4h": Kind.WINDOW_TICKER,
    "ticker_1d": Kind.WINDOW_TICKER,
    "depth5": Kind.PARTIAL,
    "depth10": Kind.PARTIAL,
    "depth20": Kind.PARTIAL,
    "depth": Kind.DIFF,
    "rpiDepth": Kind.DIFF,
    "kline": Kind.KLINE,
    "continuousKline": Kind.CONTINUOUS_KLINE,
    "indexPriceKline": Kind.INDEX_KLINE,
    "markPriceKline": Kind.MARK_KLINE,
    "markPrice": Kind.MARK_PRICE,
    "indexPrice": Kind.INDEX_PRICE,
    "avgPrice": Kind.AVERAGE_PRICE,
    "referencePrice": Kind.REFERENCE_PRICE,
    "compositeIndex": Kind.COMPOSITE_INDEX,
    "forceOrder": Kind.LIQUIDATION,
    "contractInfo": Kind.CONTRACT_INFO,
    "assetIndex": Kind.ASSET_INDEX,
    "tradingSession": Kind.TRADING_SESSION,
}


class Frame(NamedTuple):
    """A combined-stream frame, its stream's kind, and the literal events in it."""

    market: Market
    stream: str
    kind: Kind | None  # None: a message of the server
    text: str
    events: tuple[str, ...]

    def payloads(self) -> list[Payload]:
        assert self.kind is not None
        exponents = EXPONENTS[self.market]
        return [
            Payload(self.kind, self.market, symbol_of(self, event), *exponents, event.encode())
            for event in self.events
        ]


def kind_of(stream: str) -> Kind | None:
    """Return the kind that a stream's name says."""
    symbol, _, rest = stream.partition("@")
    split = symbol.removeprefix("!") if symbol.startswith("!") or not rest else rest
    split = split.partition("@")[0]
    return KINDS.get(split) or KINDS.get(split.partition("_")[0])


def symbol_of(frame: Frame, event: str) -> str:
    """Return the row's symbol: the stream's own, or for streams of many the event's."""
    name, _, rest = frame.stream.partition("@")
    is_pair_array = len(frame.events) > 1 or frame.text.endswith("]}")
    if rest and not name.startswith("!") and not is_pair_array:
        return name.upper()
    data = json.loads(event)
    return str(data.get("s") or data.get("o", {}).get("s") or "")


def literal_events(text: str) -> Iterator[str]:
    """The objects of a payload as they stand: of an array each one, else itself."""
    if not text.startswith("["):
        yield text
        return
    rest = text[1:].lstrip()
    while not rest.startswith("]"):
        _, end = json.JSONDecoder().raw_decode(rest)
        yield rest[:end]
        rest = rest[end:].lstrip().removeprefix(",").lstrip()


def frames(pattern: str) -> Iterator[Frame]:
    """The frames of the files that match."""
    for path in sorted(PAYLOADS.glob(pattern)):
        market = MARKETS[path.stem.partition("_")[2]]
        for line in path.read_text().splitlines():
            stream = json.loads(line)["stream"]
            data = line[line.index('"data":') + 7 : -1]
            yield Frame(market, stream, kind_of(stream), line, tuple(literal_events(data)))


def samples(pattern: str) -> list[Any]:
    """Every event of those files, as a parameter with a name."""
    found: list[Any] = []
    for frame in frames(pattern):
        if frame.kind is None:
            continue
        for number, payload in enumerate(frame.payloads()):
            name = f"{frame.market.name.lower()}:{frame.stream}-{len(found)}-{number}"
            found.append(pytest.param(payload, id=name))
    return found

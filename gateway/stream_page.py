"""``STREAMS.md``: the stream table as users read it. Pure.

``python -m gateway.stream_page`` prints it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.layout import Kind, Market, Shape
from gateway.markets import FACTS
from gateway.stream_forms import StreamType, Subject
from gateway.stream_table import CONTRACT_TYPES, ENDED, MINUTES, TABLE

TITLES: Final = {Market.SPOT: "Spot", Market.USDM: "USD-M futures", Market.COINM: "COIN-M futures"}

# What reads the latest value in Python, with an example of its arguments.
ACCESSORS: Final[Mapping[Kind, str]] = {
    Kind.QUOTE: "quote(symbol)",
    Kind.TRADE: "last_trade(symbol)",
    Kind.AGG_TRADE: "last_trade(symbol)",
    Kind.BLOCK_TRADE: "block_trade(symbol)",
    Kind.TICKER: "ticker(symbol)",
    Kind.MINI_TICKER: "ticker(symbol)",
    Kind.WINDOW_TICKER: "ticker(symbol, window)",
    Kind.DIFF: "book(symbol)",
    Kind.PARTIAL: "partial(symbol)",
    Kind.KLINE: "kline(symbol, interval)",
    Kind.CONTINUOUS_KLINE: 'kline(symbol, interval, "continuous")',
    Kind.INDEX_KLINE: 'kline(symbol, interval, "index")',
    Kind.MARK_KLINE: 'kline(symbol, interval, "mark")',
    Kind.MARK_PRICE: "mark_price(symbol)",
    Kind.INDEX_PRICE: "index_price(pair)",
    Kind.AVERAGE_PRICE: "average_price(symbol)",
    Kind.REFERENCE_PRICE: "reference_price(symbol)",
    Kind.COMPOSITE_INDEX: "composite_index(symbol)",
    Kind.LIQUIDATION: "liquidation(symbol)",
    Kind.CONTRACT_INFO: "contract_info(symbol)",
    Kind.ASSET_INDEX: "asset_index(symbol)",
}
_EXAMPLE: Final = {
    Subject.SYMBOL: {Market.SPOT: "btcusdt", Market.USDM: "btcusdt", Market.COINM: "btcusd_perp"},
    Subject.PAIR: {Market.COINM: "btcusd"},
    Subject.CONTRACT: {Market.USDM: "btcusdt_perpetual", Market.COINM: "btcusd_perpetual"},
    Subject.ASSET: {Market.USDM: "adausd"},
}
_ROWS: Final = {
    Shape.ARRAY: "arrays; rows also as `<symbol>@{}`",
    Shape.MERGED: "of any symbol; also as `<symbol>@{}`",
    Shape.SYNTHETIC: "array of the `<symbol>@{}` that changed",
}

_HEAD: Final = """\
# Streams

Everything that `subscribe` takes: Binance's own names behind `spot:`, `usdm:` or `coinm:`. This
page is made from `gateway/stream_table.py` (`make layout`).

- **Pace** is what Binance documents; a speed in brackets may be appended to the name.
- **Python** is the call of `gateway_client.Gateway` that reads the latest value. Every stream also
  has its events (`events()`) and Binance's JSON (`subscribe()`).
- **Same event** is how a second delivery is known, over another connection: by an id without holes
  (a hole is reported), by an id that rises, or by event time and payload.
- **Back-fill** is what Binance offers over REST of what was missed; "latest value": no history.
- **One speed of `depth` and one size and speed of `depth<N>`** can be carried of an instrument: a
  second one would feed the same book, and is refused with the name of the first.

`*` and `?` may stand in a symbol: `spot:*usdt@bookTicker`. Intervals of candles: {intervals};
of spot's candles and USD-M's continuous ones also 1s. Contract types: {types}.
"""
_ENDED_HEAD: Final = """\
## Names that Binance takes and leaves silent

They are refused here with the reason, as is every name that does not stand above.
"""


def render() -> str:
    """Return the page."""
    types = ", ".join(
        f"{kind} ({FACTS[Market.USDM].name} only)"
        if kind not in CONTRACT_TYPES[Market.COINM]
        else kind
        for kind in CONTRACT_TYPES[Market.USDM]
    )
    head = _HEAD.format(intervals=" ".join(MINUTES), types=types)
    return "\n".join([head, *(_section(market) for market in Market), _ended()])


def _section(market: Market) -> str:
    lines = [
        f"## {TITLES[market]}",
        "",
        "| stream | pace | Python | same event | back-fill | |",
        "|---|---|---|---|---|---|",
        *(_line(market, row) for row in TABLE if market in row.markets),
        "",
    ]
    return "\n".join(lines)


def _line(market: Market, row: StreamType) -> str:
    subject = _EXAMPLE.get(row.subject, {}).get(market, "")
    name = f"{FACTS[market].name}:{subject}{'@' if subject else ''}{row.usage}"
    accessor = ACCESSORS.get(row.kind)
    cells = (
        f"`{name}`".replace("|", "\\|"),
        _pace(row),
        f"`{accessor}`" if accessor else "events only",
        f"{row.identity.value} ({row.id_fields})",
        row.backfill or "none",
        "; ".join(_remarks(row)),
    )
    return f"| {' | '.join(cells)} |"


def _pace(row: StreamType) -> str:
    return f"{row.default_ms} ms" if row.default_ms else "as it happens"


def _remarks(row: StreamType) -> Iterator[str]:
    if row.shape in _ROWS:
        yield _ROWS[row.shape].format(row.split.replace("*", "<window>"))
    if row.expected_ms:
        yield "comes without trades too"
    if row.note:
        yield row.note


def _ended() -> str:
    names: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for (market, suffix), (why, _) in ENDED.items():
        suffixes, markets = names.setdefault(why, ({}, {}))
        suffixes[f"`{suffix}`"] = markets[FACTS[market].name] = None
    lines = [f"- {', '.join(s)} ({', '.join(m)}): {why}." for why, (s, m) in names.items()]
    return "\n".join([_ENDED_HEAD, *lines, ""])


if __name__ == "__main__":
    print(render(), end="")

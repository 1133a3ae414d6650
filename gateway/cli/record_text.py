"""An event record as JSON, with exact numbers as strings: for ``tail --binary``."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gateway.cli.numbers import exact
from gateway_client import (
    Event,
    Gateway,
    LevelsEvent,
    Message,
    QuoteEvent,
    StateEvent,
    TickerEvent,
    TradeEvent,
)
from gateway_client.records import event

_DECIMALS: Mapping[type[Event], tuple[str, ...]] = {
    QuoteEvent: ("bid_px", "bid_qty", "ask_px", "ask_qty"),
    TradeEvent: ("px", "qty"),
    TickerEvent: ("last_px", "open_px", "high_px", "low_px", "change_px", "change_percent"),
    LevelsEvent: ("best_bid_px", "best_ask_px"),
}
_PLAIN: Mapping[type[Event], tuple[str, ...]] = {
    TradeEvent: ("first_trade_id", "last_trade_id", "is_buyer_maker"),
    TickerEvent: ("volume", "quote_volume", "trade_count"),
    LevelsEvent: ("first_update_id", "prev_update_id", "is_applied", "is_first", "is_last"),
    StateEvent: ("error", "expected_id", "received_id"),
}


def record_text(gateway: Gateway, message: Message) -> str:
    """Return the record of a binary message as one JSON object."""
    stream = message.topic.removeprefix("bin:")
    market, _, rest = stream.partition(":")
    instrument = gateway.instrument(f"{market}:{rest.partition('@')[0].upper()}")
    found = event(message.payload, instrument, stream, message.lost)
    return json.dumps(_object(found), allow_nan=False)


def _object(found: Event) -> dict[str, object]:
    made: dict[str, object] = {
        "kind": found.kind.name,
        "status": found.state.name,
        "update_id": found.update_id,
        "ts_event": found.ts_event,
    }
    for name in _DECIMALS.get(type(found), ()):
        value = found.decimal(name)
        made[name] = None if value is None else format(value, "f")
    for name in _PLAIN.get(type(found), ()):
        value = getattr(found, name)
        made[name] = None if value != value else value  # NaN is no JSON
    if isinstance(found, LevelsEvent):
        made["bids"] = _levels(found, found.bids_mantissa)
        made["asks"] = _levels(found, found.asks_mantissa)
    return made


def _levels(found: LevelsEvent, mantissas: tuple[int, ...]) -> list[tuple[str, str]]:
    of = found.instrument
    pairs = zip(mantissas[::2], mantissas[1::2], strict=True)
    return [(exact(px, of.px_exponent), exact(qty, of.qty_exponent)) for px, qty in pairs]

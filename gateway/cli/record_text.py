"""An event record as JSON, with exact numbers as strings: for ``tail --binary``."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping

from gateway.cli.numbers import exact
from gateway_client import (
    AssetIndexEvent,
    ContractInfoEvent,
    Event,
    GapEvent,
    KlineEvent,
    LevelsEvent,
    LiquidationEvent,
    MarkPriceEvent,
    PriceEvent,
    QuoteEvent,
    StateEvent,
    TickerEvent,
    TradeEvent,
    TradingSessionEvent,
)

_DECIMALS: Mapping[type[Event], tuple[str, ...]] = {
    QuoteEvent: ("bid_px", "bid_qty", "ask_px", "ask_qty"),
    TradeEvent: ("px", "qty", "normal_qty"),
    TickerEvent: ("last_px", "open_px", "high_px", "low_px", "change_px", "change_percent"),
    KlineEvent: ("open_px", "high_px", "low_px", "close_px"),
    MarkPriceEvent: ("mark_px", "mark_average_px", "index_px", "settle_px", "funding_rate"),
    PriceEvent: ("px",),
    AssetIndexEvent: (
        "index_px", "bid_buffer", "ask_buffer", "bid_rate", "ask_rate", "auto_bid_buffer",
        "auto_ask_buffer", "auto_bid_rate", "auto_ask_rate",
    ),
    LiquidationEvent: ("px", "average_px", "qty", "last_filled_qty", "filled_qty"),
    LevelsEvent: ("best_bid_px", "best_ask_px"),
}  # fmt: skip
_PLAIN: Mapping[type[Event], tuple[str, ...]] = {
    TradeEvent: ("first_trade_id", "last_trade_id", "is_buyer_maker"),
    TickerEvent: ("volume", "quote_volume", "trade_count", "open_time", "close_time"),
    KlineEvent: (
        "interval", "open_time", "close_time", "is_closed", "volume", "quote_volume",
        "taker_volume", "taker_quote_volume", "trade_count", "first_trade_id", "last_trade_id",
    ),
    MarkPriceEvent: ("next_funding_time",),
    PriceEvent: ("interval", "component_count"),
    LiquidationEvent: ("side", "order_type", "time_in_force", "order_status"),
    ContractInfoEvent: (
        "pair", "contract_type", "contract_status", "delivery_time", "onboard_time", "has_brackets",
    ),
    TradingSessionEvent: ("underlying", "session", "start_time", "end_time"),
    LevelsEvent: ("first_update_id", "prev_update_id", "is_applied", "is_first", "is_last"),
    StateEvent: ("subject", "previous", "reason", "error"),
    GapEvent: (
        "stream", "subject", "gap_number", "gap_state", "first_id", "last_id", "missing",
        "recovered", "ts_before", "ts_after", "expected_id", "received_id",
    ),
}  # fmt: skip


def record_text(found: Event) -> str:
    """Return an event as one JSON object."""
    made: dict[str, object] = {
        "kind": found.kind.name,
        "symbol": found.symbol,
        "status": found.state.name,
        "update_id": found.update_id,
        "ts_event": found.ts_event,
    }
    for name in _DECIMALS.get(type(found), ()):
        value = found.decimal(name)
        made[name] = None if value is None else format(value, "f")
    for name in _PLAIN.get(type(found), ()):
        made[name] = _plain(getattr(found, name))
    if isinstance(found, LevelsEvent):
        made["bids"] = _levels(found, found.bids_mantissa)
        made["asks"] = _levels(found, found.asks_mantissa)
    return json.dumps(made, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value.name
    return None if value != value else value  # NaN is no JSON


def _levels(found: LevelsEvent, mantissas: tuple[int, ...]) -> list[tuple[str, str]]:
    of = found.instrument
    pairs = zip(mantissas[::2], mantissas[1::2], strict=True)
    return [(exact(px, of.px_exponent), exact(qty, of.qty_exponent)) for px, qty in pairs]

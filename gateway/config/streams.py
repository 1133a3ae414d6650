"""What is carried without being named, and what is fetched when it was missed. Pure."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from gateway.config.base import Table

DEFAULT_SUBSCRIBE: Final = tuple(
    f"{market}:{symbol}@{suffix}"
    for market, trades in (("spot", "trade"), ("usdm", "aggTrade"))
    for symbol in ("btcusdt", "ethusdt")
    for suffix in ("bookTicker", "depth@100ms", trades, "ticker")
)


class OnDemand(Table, frozen=True):
    """Streams that are subscribed because a consumer asks for their topic."""

    enabled: Annotated[bool, Meta(description="Whether a ZeroMQ subscription can do so.")] = False
    streams_max: Annotated[
        int, Meta(ge=1, le=10_000, description="Streams carried so, at a time.")
    ] = 200
    grace_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            description="How long they stay after the last consumer left. Taken up by a reload.",
        ),
    ] = 30.0


class Backfill(Table, frozen=True):
    """Fetching trades and candles that were missed, and the latest values of quiet streams."""

    enabled: Annotated[bool, Meta(description="Whether REST is asked for them.")] = True
    events_max: Annotated[int, Meta(ge=1, le=1_000_000, description="Of one gap, the newest.")] = (
        10_000
    )

"""Prices that are not of the order book: mark, index, average and reference prices, asset indices.

All of them lie off the tick and are kept at 1e-8, whatever the instrument.
"""

from __future__ import annotations

from gateway_client.fields import Fixed, Integer, Text, Time
from gateway_client.values import Cell


class MarkPriceFields(Cell):
    """Mark price and funding of a contract; of a pair (INDEX_PRICE) ``index_px`` alone."""

    __slots__ = ()

    mark_px = Fixed("mark")
    mark_average_px = Fixed("mark")
    """USD-M: moving average of the mark price."""
    index_px = Fixed("mark")
    settle_px = Fixed("mark")
    """Estimated; means something in the last hour before settlement."""
    funding_rate = Fixed("mark")
    """NaN for delivery contracts."""
    next_funding_time = Time("mark")
    """ns since the Unix epoch; None for delivery contracts."""

    def _summary(self) -> str:
        return f"mark {self.mark_px} index {self.index_px} funding {self.funding_rate}"


class MarkPrice(MarkPriceFields):
    """Mark price of a contract, or index price of a pair."""

    __slots__ = ()


class PriceFields(Cell):
    """An average price, a reference price or a composite index."""

    __slots__ = ()

    px = Fixed("price")
    """NaN where the venue has none at the moment."""
    component_count = Integer("price")
    """Composite index: assets in it; they are listed in the JSON of the stream."""
    interval = Text("price")
    """Average price: averaged over, as ``5m``."""

    def _summary(self) -> str:
        return f"{self.px} {self.interval}".rstrip()


class Price(PriceFields):
    """The latest average price, reference price or composite index."""

    __slots__ = ()


class AssetIndexFields(Cell):
    """Index of a margin asset against USD, with the rates at which it is taken as margin."""

    __slots__ = ()

    index_px = Fixed("asset")
    bid_buffer = Fixed("asset")
    ask_buffer = Fixed("asset")
    bid_rate = Fixed("asset")
    ask_rate = Fixed("asset")
    auto_bid_buffer = Fixed("asset")
    """Of automatic exchange, as the next three."""
    auto_ask_buffer = Fixed("asset")
    auto_bid_rate = Fixed("asset")
    auto_ask_rate = Fixed("asset")

    def _summary(self) -> str:
        return f"{self.index_px} bid {self.bid_rate} ask {self.ask_rate}"


class AssetIndex(AssetIndexFields):
    """The latest index of a margin asset."""

    __slots__ = ()

"""Read a Binance market-data gateway on this host: state from shared memory, events over ZeroMQ.

    from gateway_client import Gateway

    gw = Gateway()
    quote = gw.quote("spot:BTCUSDT")
    if quote.is_live:
        print(quote.bid_px, quote.ask_px)

Every value carries its trust state, and only LIVE may be traded on. Standard library only; numpy
for ``gw.quotes()`` and pyzmq for ``gw.subscribe()`` are optional.
"""

from gateway_client._backend import Instrument, Quote
from gateway_client.books import Book, Level, Partial
from gateway_client.errors import (
    AcceleratorMissing,
    ClientError,
    DependencyMissing,
    GatewayNotRunning,
    ManifestUnusable,
    SegmentUnusable,
    UnknownStream,
    UnknownSymbol,
)
from gateway_client.events import EventReader
from gateway_client.gateway import Gateway
from gateway_client.layout import Flag, Reason
from gateway_client.records import (
    EpochEvent,
    Event,
    EventKind,
    LevelsEvent,
    QuoteEvent,
    StateEvent,
    TickerEvent,
    TradeEvent,
)
from gateway_client.status import GatewayStatus
from gateway_client.subscriber import Message, Subscription
from gateway_client.values import Status, Ticker, Trade

__version__ = "0.1.0"

__all__ = [
    "AcceleratorMissing", "Book", "ClientError", "DependencyMissing", "EpochEvent", "Event",
    "EventKind", "EventReader", "Flag", "Gateway", "GatewayNotRunning", "GatewayStatus",
    "Instrument", "Level", "LevelsEvent", "ManifestUnusable", "Message", "Partial", "Quote",
    "QuoteEvent", "Reason", "SegmentUnusable", "StateEvent", "Status", "Subscription", "Ticker",
    "TickerEvent", "Trade", "TradeEvent", "UnknownStream", "UnknownSymbol",
]  # fmt: skip

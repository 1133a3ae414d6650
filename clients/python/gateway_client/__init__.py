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
from gateway_client.catalogue import Stream
from gateway_client.contracts import ContractInfo, Liquidation
from gateway_client.errors import (
    AcceleratorMissing,
    ClientError,
    DependencyMissing,
    GatewayNotRunning,
    ManifestUnusable,
    NoAnswer,
    NoLatestValue,
    RequestRefused,
    SegmentUnusable,
    UnknownStream,
    UnknownSymbol,
)
from gateway_client.events import EventReader
from gateway_client.follow import BookFollower, FollowedBook
from gateway_client.following import Loss
from gateway_client.gaps import Gap
from gateway_client.gateway import Gateway
from gateway_client.klines import Kline
from gateway_client.layout import Flag, GapState, OrderSide, Reason
from gateway_client.prices import AssetIndex, MarkPrice, Price
from gateway_client.records import (
    AssetIndexEvent,
    ContractInfoEvent,
    EpochEvent,
    Event,
    EventKind,
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
from gateway_client.status import GatewayStatus
from gateway_client.subscriber import Message, Subscription
from gateway_client.values import BlockTrade, Status, Ticker, Trade

__version__ = "0.1.0"

__all__ = [
    "AcceleratorMissing", "AssetIndex", "AssetIndexEvent", "BlockTrade", "Book", "BookFollower",
    "ClientError", "ContractInfo", "ContractInfoEvent", "DependencyMissing", "EpochEvent", "Event",
    "EventKind", "EventReader", "Flag", "FollowedBook", "Gap", "GapEvent", "GapState", "Gateway",
    "GatewayNotRunning", "GatewayStatus", "Instrument", "Kline", "KlineEvent", "Level",
    "LevelsEvent", "Liquidation", "LiquidationEvent", "Loss", "ManifestUnusable", "MarkPrice",
    "MarkPriceEvent", "Message", "NoAnswer", "NoLatestValue", "OrderSide", "Partial", "Price",
    "PriceEvent", "Quote", "QuoteEvent", "Reason", "RequestRefused", "SegmentUnusable",
    "StateEvent", "Status", "Stream", "Subscription", "Ticker", "TickerEvent", "Trade",
    "TradeEvent", "TradingSessionEvent", "UnknownStream", "UnknownSymbol",
]  # fmt: skip

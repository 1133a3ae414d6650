"""The payloads of trades and books, key for key as each market sends them today.

Pure. Field sets and their order: web-socket-streams.md (spot), websocket-market-streams pages
(USD-M, COIN-M) with ``ps`` and ``st`` since the CM-UM integration of 2026-06-30. Times are ms. The
other payloads: ``encode_statistics`` and ``encode_futures``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.simulator.listing import Listing
from gateway.simulator.names import Market

Texts = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade as texts; an aggregate has its own id and those of its first and last trade."""

    trade_id: int
    price: str
    qty: str
    is_buyer_maker: bool
    first_id: int = 0
    last_id: int = 0


class Encoder:
    """Writes one instrument's payloads."""

    def __init__(self, listing: Listing) -> None:
        self._market = listing.market
        self._symbol = listing.symbol
        self._type = 2 if listing.market is Market.COINM else 1
        self._pair = listing.pair

    def trade(self, trade: Trade, ms: int) -> bytes:
        """Write a trade."""
        price_qty = f'"t":{trade.trade_id},"p":"{trade.price}","q":"{trade.qty}"'
        maker = _boolean(trade.is_buyer_maker)
        if self._market is Market.SPOT:
            body = f'"E":{ms},"s":"{self._symbol}",{price_qty},"T":{ms},"m":{maker},"M":true'
        else:
            head = f'"E":{ms},"T":{ms},"s":"{self._symbol}"'
            body = f'{head},{price_qty},"X":"MARKET","m":{maker}'
        return f'{{"e":"trade",{body}}}'.encode()

    def block_trade(self, trade: Trade, ms: int) -> bytes:
        """Write a block trade, of spot."""
        price_qty = f'"t":{trade.trade_id},"p":"{trade.price}","q":"{trade.qty}"'
        maker = _boolean(trade.is_buyer_maker)
        head = f'"E":{ms},"s":"{self._symbol}"'
        return f'{{"e":"blockTrade",{head},{price_qty},"T":{ms},"m":{maker}}}'.encode()

    def agg_trade(self, trade: Trade, ms: int) -> bytes:
        """Write an aggregate trade."""
        maker = _boolean(trade.is_buyer_maker)
        price_qty = f'"p":"{trade.price}","q":"{trade.qty}"'
        span = f'"f":{trade.first_id},"l":{trade.last_id},"T":{ms},"m":{maker}'
        if self._market is Market.SPOT:
            body = f'"s":"{self._symbol}","a":{trade.trade_id},{price_qty},{span},"M":true'
        else:
            plain = f',"nq":"{trade.qty}"' if self._market is Market.USDM else ""
            head = f'"a":{trade.trade_id},"s":"{self._symbol}"'
            body = f'{head},{price_qty}{plain},{span},"st":{self._type}'
        return f'{{"e":"aggTrade","E":{ms},{body}}}'.encode()

    def book_ticker(
        self, update_id: int, bid: tuple[str, str], ask: tuple[str, str], ms: int
    ) -> bytes:
        """Write the best bid and ask."""
        best = f'"b":"{bid[0]}","B":"{bid[1]}","a":"{ask[0]}","A":"{ask[1]}"'
        if self._market is Market.SPOT:
            return f'{{"u":{update_id},"s":"{self._symbol}",{best}}}'.encode()
        names = f'"s":"{self._symbol}","ps":"{self._pair}"'
        if self._market is Market.USDM:
            body = f'"u":{update_id},"E":{ms},"T":{ms},{names},{best}'
        else:
            body = f'"u":{update_id},{names},{best},"T":{ms},"E":{ms}'
        return f'{{"e":"bookTicker",{body},"st":{self._type}}}'.encode()

    def diff(
        self, first_id: int, last_id: int, previous_id: int, bids: Texts, asks: Texts, ms: int
    ) -> bytes:
        """Write a diff, or on futures a partial depth: they have one shape."""
        levels = f'"b":{_levels(bids)},"a":{_levels(asks)}'
        ids = f'"U":{first_id},"u":{last_id}'
        if self._market is Market.SPOT:
            head = f'{{"e":"depthUpdate","E":{ms},"s":"{self._symbol}"'
            return f"{head},{ids},{levels}}}".encode()
        head = f'{{"e":"depthUpdate","E":{ms},"T":{ms},"s":"{self._symbol}","ps":"{self._pair}"'
        return f'{head},{ids},"pu":{previous_id},{levels},"st":{self._type}}}'.encode()

    def partial(self, update_id: int, bids: Texts, asks: Texts) -> bytes:
        """Write a spot partial depth, which names neither symbol nor time."""
        levels = f'"bids":{_levels(bids)},"asks":{_levels(asks)}'
        return f'{{"lastUpdateId":{update_id},{levels}}}'.encode()


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _levels(levels: Texts) -> str:
    return "[" + ",".join(f'["{price}","{qty}"]' for price, qty in levels) + "]"

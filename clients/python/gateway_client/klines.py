"""Candles: of trades, of a continuous contract, of an index price or of a mark price."""

from __future__ import annotations

from gateway_client.fields import Float, Integer, Mantissa, OwnPrice, Text, Time
from gateway_client.layout import Flag
from gateway_client.values import Cell


class KlineFields(Cell):
    """A candle. Its prices have an exponent of their own, so that one class fits all four kinds."""

    __slots__ = ()

    open_px = OwnPrice("kline")
    high_px = OwnPrice("kline")
    low_px = OwnPrice("kline")
    close_px = OwnPrice("kline")
    open_px_mantissa = Mantissa("kline")
    high_px_mantissa = Mantissa("kline")
    low_px_mantissa = Mantissa("kline")
    close_px_mantissa = Mantissa("kline")
    px_exponent = Integer("kline")
    """Of the four prices."""
    volume = Float("kline")
    """Base asset; COIN-M: contracts. 0 in candles of index and mark prices."""
    quote_volume = Float("kline")
    """Quote asset; COIN-M: base asset."""
    taker_volume = Float("kline")
    """What takers bought of it."""
    taker_quote_volume = Float("kline")
    open_time = Time("kline")
    """First moment of the interval, ns since the Unix epoch."""
    close_time = Time("kline")
    """Last moment of the interval."""
    first_trade_id = Integer("kline")
    """Continuous contracts: an update id; index and mark prices: a time in ms; 0: no trade."""
    last_trade_id = Integer("kline")
    trade_count = Integer("kline")
    interval = Text("kline")
    """1s 1m 3m … 1M, as the venue writes it."""

    @property
    def is_closed(self) -> bool:
        """Whether the interval is over: this candle does not change any more."""
        return Flag.CLOSED in self.flags

    def _summary(self) -> str:
        prices = f"{self.open_px} {self.high_px} {self.low_px} {self.close_px}"
        return f"{self.interval} {prices} volume {self.volume}{' closed' * self.is_closed}"


class Kline(KlineFields):
    """The newest candle of a stream: the running one, or the last closed."""

    __slots__ = ()

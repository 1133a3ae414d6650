"""What happens to contracts: forced orders, listings, settlements, sessions of the underlying."""

from __future__ import annotations

from gateway_client.fields import Fixed, Integer, Mantissa, Price, Quantity, Text, Time
from gateway_client.layout import OrderSide
from gateway_client.values import Cell

SIDES = {int(side): side for side in OrderSide}


class LiquidationFields(Cell):
    """A forced order. The venue sends the largest of each second, not every one."""

    __slots__ = ()

    px = Price("liquidation")
    """Of the order."""
    average_px = Fixed("liquidation")
    """Of its fills."""
    qty = Quantity("liquidation")
    """Of the order."""
    last_filled_qty = Quantity("liquidation")
    filled_qty = Quantity("liquidation")
    """Of all its fills."""
    px_mantissa = Mantissa("liquidation")
    qty_mantissa = Mantissa("liquidation")
    last_filled_qty_mantissa = Mantissa("liquidation")
    filled_qty_mantissa = Mantissa("liquidation")
    order_type = Text("liquidation")
    time_in_force = Text("liquidation")
    order_status = Text("liquidation")
    _side = Integer("liquidation", "side")

    @property
    def side(self) -> OrderSide:
        """SELL: a long position was closed; BUY: a short one."""
        return SIDES.get(self._side, OrderSide.NONE)

    def _summary(self) -> str:
        return f"{self.side.name} {self.qty} at {self.px}, {self.order_status} at {self.average_px}"


class Liquidation(LiquidationFields):
    """The last forced order of a contract."""

    __slots__ = ()


class ContractInfoFields(Cell):
    """A contract was listed, changed or settled."""

    __slots__ = ()

    pair = Text("contract")
    contract_type = Text("contract")
    """PERPETUAL, CURRENT_QUARTER, …"""
    contract_status = Text("contract")
    """TRADING, SETTLING, …"""
    delivery_time = Time("contract")
    """ns since the Unix epoch; None where it does not fit, as for perpetuals."""
    onboard_time = Time("contract")
    _has_brackets = Integer("contract", "has_brackets")

    @property
    def has_brackets(self) -> bool:
        """Whether the JSON of the stream lists new leverage brackets."""
        return bool(self._has_brackets)

    def _summary(self) -> str:
        return f"{self.pair} {self.contract_type} {self.contract_status}"


class ContractInfo(ContractInfoFields):
    """The last that was said about a contract."""

    __slots__ = ()


class TradingSessionFields(Cell):
    """A trading session of the market under a contract; of no instrument."""

    __slots__ = ()

    start_time = Time("session")
    end_time = Time("session")
    underlying = Text("session")
    """Equity, Commodity, KR_Equity, …"""
    session = Text("session")
    """PRE_MARKET, REGULAR, AFTER_MARKET, OVERNIGHT, NO_TRADING."""

    def _summary(self) -> str:
        return f"{self.underlying} {self.session}"

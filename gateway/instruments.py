"""exchangeInfo → instruments with their exponents. Pure: bytes in, structs out.

Venue documents: rest-api.md "Exchange information", filters.md (PRICE_FILTER, LOT_SIZE). COIN-M
says ``contractStatus`` where the others say ``status``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import msgspec

from gateway.errors import VenueError
from gateway.layout import Market
from gateway.markets import FACTS
from gateway.plan import PlanSymbol

FINEST_EXPONENT: Final = -8  # used where the venue switches a filter off with a zero
_EXPONENT_MIN: Final = -18


class _Filter(msgspec.Struct, frozen=True, rename="camel"):
    filter_type: str
    tick_size: str = "0"
    step_size: str = "0"


class _Symbol(msgspec.Struct, frozen=True, rename="camel"):
    symbol: str
    status: str = ""
    contract_status: str = ""
    filters: list[_Filter] = []


class _ExchangeInfo(msgspec.Struct, frozen=True):
    symbols: list[_Symbol]


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument as the venue describes it; ``status`` is the venue's word, e.g. TRADING."""

    symbol: PlanSymbol
    status: str

    @property
    def is_trading(self) -> bool:
        return self.status == "TRADING"

    @property
    def symbol_id(self) -> str:
        return f"{FACTS[self.symbol.market].name}:{self.symbol.symbol}"


def read_exchange_info(
    market: Market, body: bytes, wanted: Collection[str]
) -> dict[str, Instrument]:
    """Return the instruments of ``wanted`` (uppercase symbols) that the answer contains.

    Raises VenueError if the body is not an exchangeInfo answer.
    """
    wanted = frozenset(wanted)
    try:
        info = msgspec.json.decode(body, type=_ExchangeInfo)
        return {s.symbol: _instrument(market, s) for s in info.symbols if s.symbol in wanted}
    except (msgspec.DecodeError, ValueError) as exc:
        raise VenueError(
            f"{FACTS[market].name} exchangeInfo",
            f"cannot be read ({exc}; {len(body)} bytes: {body[:60]!r})",
            "check that --upstream-rest names a Binance REST address",
        ) from exc


def _instrument(market: Market, symbol: _Symbol) -> Instrument:
    filters = {f.filter_type: f for f in symbol.filters}
    price, lot = filters.get("PRICE_FILTER"), filters.get("LOT_SIZE")
    px_exponent, tick = scale_of(price.tick_size if price else "0")
    qty_exponent, step = scale_of(lot.step_size if lot else "0")
    plan = PlanSymbol(market, symbol.symbol, px_exponent, qty_exponent, tick, step)
    return Instrument(plan, symbol.status or symbol.contract_status)


def scale_of(size: str) -> tuple[int, int]:
    """Return (exponent, mantissa) of a tick or step size: "0.01000000" → (-2, 1), "10" → (0, 10).

    Zero means that the venue switched the filter off: (-8, 0). Raises ValueError.
    """
    whole, _, decimals = size.partition(".")
    if not (whole + decimals).isascii() or not (whole + decimals).isdecimal():
        raise ValueError(f"'{size}' is no tick or step size")
    decimals = decimals.rstrip("0")
    mantissa = int(whole + decimals)
    if mantissa == 0:
        return FINEST_EXPONENT, 0
    if -len(decimals) < _EXPONENT_MIN or mantissa >= 2**63:
        raise ValueError(f"'{size}' is outside of what 64 bits hold")
    return -len(decimals), mantissa

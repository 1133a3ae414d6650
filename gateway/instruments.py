"""exchangeInfo → rows: instruments with their exponents, and what is named after them. Pure.

Venue documents: rest-api.md "Exchange information", filters.md (PRICE_FILTER, LOT_SIZE),
"Exchange Information" and "Contract status" of both futures. COIN-M says ``contractStatus`` where
the others say ``status``. Pairs, continuous contracts and asset indices are not listed; they
follow from what is.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from msgspec import structs

from gateway.errors import VenueError
from gateway.layout import Kind, Market
from gateway.markets import FACTS
from gateway.plan import PlanSymbol
from gateway.stream_forms import StreamForm, Subject
from gateway.stream_table import CONTRACT_TYPES

FINEST_EXPONENT: Final = -8  # used where the venue switches a filter off with a zero
_EXPONENT_MIN: Final = -18
_GONE: Final = frozenset({"DELIVERED", "CLOSE"})
_UNSURE: Final = "UNSURE"  # ours: indices of assets that are no margin are listed nowhere


class Life(enum.Enum):
    """What the venue's status word means for us."""

    TRADING = "trading"
    HALTED = "halted"  # listed, but its prices must not be traded on
    GONE = "gone"  # delivered or closed: nothing comes any more


class _Filter(msgspec.Struct, frozen=True, rename="camel"):
    filter_type: str
    tick_size: str = "0"
    step_size: str = "0"


class _Symbol(msgspec.Struct, frozen=True, rename="camel"):
    symbol: str
    status: str = ""
    contract_status: str = ""
    pair: str = ""
    contract_type: str = ""
    underlying_type: str = ""
    base_asset: str = ""
    quote_asset: str = ""
    filters: list[_Filter] = []


class _Asset(msgspec.Struct, frozen=True):
    asset: str


class _ExchangeInfo(msgspec.Struct, frozen=True):
    symbols: list[_Symbol]
    assets: list[_Asset] = []  # USD-M: what may be margin


# Made once, here: markets are read in threads side by side, and msgspec 0.22 crashes where two of
# them meet a type for the first time.
_READER: Final = msgspec.json.Decoder(_ExchangeInfo)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A row that streams can be of; ``status`` is the venue's word, e.g. TRADING.

    ``subject`` tells instruments from what is named after them; ``group`` is what must stay
    together: the pair of a contract, else the symbol.
    """

    symbol: PlanSymbol
    status: str
    subject: Subject = Subject.SYMBOL
    group: str = ""
    underlying: str = ""  # USD-M: COIN, INDEX, …

    @property
    def life(self) -> Life:
        return life_of(self.status)

    @property
    def is_trading(self) -> bool:
        return self.life is Life.TRADING

    @property
    def is_expected(self) -> bool:
        """Whether arrays of its market may have rows of it.

        Spot lists what it delisted for ever, as BREAK; futures list what is going to trade.
        """
        if self.symbol.market is Market.SPOT or self.subject is Subject.ASSET:
            return self.is_trading
        return self.life is not Life.GONE

    @property
    def symbol_id(self) -> str:
        return f"{FACTS[self.symbol.market].name}:{self.symbol.symbol}"

    def offers(self, form: StreamForm) -> bool:
        """Whether the venue has streams of that form for it, as far as it says."""
        if form.kind is Kind.COMPOSITE_INDEX and self.underlying not in ("", "INDEX"):
            return False
        return self.subject is form.subject


Instruments = Mapping[tuple[Market, str], Instrument]


def life_of(status: str) -> Life:
    """Return what a status word of exchangeInfo or contractInfo means; an empty one: trading."""
    if status in _GONE:
        return Life.GONE
    return Life.TRADING if status in ("TRADING", "") else Life.HALTED


def read_exchange_info(market: Market, body: bytes) -> dict[str, Instrument]:
    """Return every row that the answer knows, by symbol (uppercase).

    Raises VenueError if the body is not an exchangeInfo answer.
    """
    try:
        return _rows(market, _READER.decode(body))
    except (msgspec.DecodeError, ValueError) as exc:
        raise VenueError(
            f"{FACTS[market].name} exchangeInfo",
            f"cannot be read ({exc}; {len(body)} bytes: {body[:60]!r})",
            "check that --upstream-rest names a Binance REST address",
        ) from exc


def _rows(market: Market, info: _ExchangeInfo) -> dict[str, Instrument]:
    found = [(symbol, _instrument(market, symbol)) for symbol in info.symbols]
    rows: dict[str, Instrument] = {}
    if market is Market.USDM:
        rows |= _asset_indices(info)
    if market is Market.COINM:
        rows |= _pairs(found)
    if market is not Market.SPOT:
        rows |= _continuous(market, found)
    # A name that is listed is the instrument's.
    return rows | {symbol.symbol: instrument for symbol, instrument in found}


def _instrument(market: Market, symbol: _Symbol) -> Instrument:
    filters = {f.filter_type: f for f in symbol.filters}
    price, lot = filters.get("PRICE_FILTER"), filters.get("LOT_SIZE")
    px_exponent, tick = scale_of(price.tick_size if price else "0")
    qty_exponent, step = scale_of(lot.step_size if lot else "0")
    status = symbol.status or symbol.contract_status
    plan = PlanSymbol(
        market=market,
        symbol=symbol.symbol,
        px_exponent=px_exponent,
        qty_exponent=qty_exponent,
        tick=tick,
        step=step,
        is_halted=life_of(status) is not Life.TRADING,
    )
    group = symbol.pair or symbol.symbol
    return Instrument(plan, status, group=group, underlying=symbol.underlying_type)


def _continuous(
    market: Market, found: Sequence[tuple[_Symbol, Instrument]]
) -> dict[str, Instrument]:
    """Return the rows of continuous contracts: of each pair and each contract type it has."""
    rows: dict[str, Instrument] = {}
    for kind in (kind.upper() for kind in CONTRACT_TYPES[market]):
        for symbol, instrument in found:
            if symbol.contract_type == kind or _is_quarter(kind, symbol.contract_type):
                name = f"{symbol.pair}_{kind}"
                if symbol.contract_type == kind or name not in rows:
                    row = structs.replace(instrument.symbol, symbol=name, is_halted=False)
                    rows[name] = replace(instrument, symbol=row, subject=Subject.CONTRACT)
    return rows


def _is_quarter(kind: str, contract_type: str) -> bool:
    # Between a delivery and the next listing a pair has one quarterly contract instead of two.
    return "QUARTER" in kind and "QUARTER" in contract_type


def _pairs(found: Sequence[tuple[_Symbol, Instrument]]) -> dict[str, Instrument]:
    rows: dict[str, Instrument] = {}
    for symbol, instrument in found:
        if symbol.pair and (symbol.pair not in rows or instrument.is_trading):
            row = _off_the_tick(Market.COINM, symbol.pair)
            rows[symbol.pair] = Instrument(row, instrument.status, Subject.PAIR, symbol.pair)
    return rows


def _asset_indices(info: _ExchangeInfo) -> dict[str, Instrument]:
    """Return a row for the index of every asset: listed as margin, or perhaps there."""
    margin = {asset.asset for asset in info.assets}
    known = {asset for s in info.symbols for asset in (s.base_asset, s.quote_asset)} - {""}
    rows = {}
    for asset in sorted(margin | known):
        row = _off_the_tick(Market.USDM, f"{asset}USD")
        status = "TRADING" if asset in margin or not margin else _UNSURE
        rows[row.symbol] = Instrument(row, status, Subject.ASSET, row.symbol)
    return rows


def _off_the_tick(market: Market, name: str) -> PlanSymbol:
    return PlanSymbol(market, name, FINEST_EXPONENT, FINEST_EXPONENT)


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

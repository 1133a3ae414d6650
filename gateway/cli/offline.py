"""Instruments as they are taken to be while nobody asks the venue. Pure."""

from __future__ import annotations

from gateway.instruments import FINEST_EXPONENT, Instrument
from gateway.layout import Market
from gateway.patterns import Selection
from gateway.plan import PlanSymbol
from gateway.streams import Stream


def instruments_of(selection: Selection) -> dict[tuple[Market, str], Instrument]:
    """Return one for every symbol that is named; patterns and whole markets bring none."""
    return {
        (stream.market, stream.symbol): _assumed(stream)
        for stream in selection.streams
        if stream.symbol
    }


def _assumed(stream: Stream) -> Instrument:
    symbol = PlanSymbol(stream.market, stream.symbol, FINEST_EXPONENT, FINEST_EXPONENT)
    # Contracts are named PAIR_PERP, PAIR_251226; continuous ones PAIR_PERPETUAL.
    pair = stream.symbol.partition("_")[0]
    return Instrument(symbol, "TRADING", stream.form.subject, group=pair)

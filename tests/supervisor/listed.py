"""Instruments and subscriptions for tests, in a word each."""

from __future__ import annotations

from gateway.instruments import Instrument
from gateway.layout import Market
from gateway.plan import PlanSymbol
from gateway.streams import Stream, parse
from gateway.supervisor.rules import Item
from gateway.supervisor.subscriptions import read_item

Instruments = dict[tuple[Market, str], Instrument]


def listed(*names: str, **statuses: str) -> Instruments:
    """Return spot and USD-M instruments, which trade unless ``statuses`` say otherwise."""
    return {
        (market, name): Instrument(
            PlanSymbol(market, name, -2, -3), statuses.get(name, "TRADING"), group=name
        )
        for market in (Market.SPOT, Market.USDM)
        for name in (*names, *statuses)
    }


def streams(*names: str) -> dict[str, Stream]:
    return {name: parse(name) for name in names}


def items(*names: str) -> list[Item]:
    """Return streams and patterns; a malformed one is a mistake of the test."""
    found = [read_item(name) for name in names]
    assert not [each for each in found if not isinstance(each, Item)]
    return [each for each in found if isinstance(each, Item)]

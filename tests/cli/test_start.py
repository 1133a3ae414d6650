"""What ``gateway start`` says of what it carries."""

from __future__ import annotations

import pytest

from gateway.cli.start import suggestions
from gateway.layout_enums import Kind
from gateway.plan import NONE, PlanStream, ShardPlan

SESSION = PlanStream("usdm:tradingSession", Kind.TRADING_SESSION, NONE, 0)
TRADES = PlanStream("spot:btcusdt@trade", Kind.TRADE, 0, 0)
DIFFS = PlanStream("spot:ethusdt@depth@100ms", Kind.DIFF, 1, 0)


@pytest.mark.parametrize(
    ("streams", "commands"),
    [
        ([], ["status", "subscribe STREAM"]),
        ([SESSION, TRADES], ["top", "tail 'usdm:tradingSession'"]),
        ([SESSION, TRADES, DIFFS], ["top", "book spot:ETHUSDT", "tail 'spot:ethusdt@'"]),
    ],
)
def test_what_is_suggested_shows_something(streams: list[PlanStream], commands: list[str]) -> None:
    """A book is suggested of an instrument that has one."""
    plan = ShardPlan(0, 1, 1, "/dev/shm/gw", symbols=[], connections=[], streams=streams)
    assert suggestions([plan]) == commands

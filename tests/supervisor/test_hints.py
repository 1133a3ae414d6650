"""Which hints are worth a look at exchangeInfo, with times as plain numbers."""

from __future__ import annotations

from gateway.supervisor.hints import SYMBOLS_MAX, Hints


def test_symbol_is_worth_one_look_in_an_interval() -> None:
    hints = Hints(600.0)
    assert hints.take("usdm", "NEWUSDT", 0.0)
    assert not hints.take("usdm", "NEWUSDT", 599.0)
    assert hints.take("usdm", "OTHER", 1.0)
    assert hints.take("spot", "NEWUSDT", 1.0)
    assert hints.take("usdm", "NEWUSDT", 600.0)


def test_memory_is_bounded() -> None:
    hints = Hints(600.0)
    for n in range(2 * SYMBOLS_MAX):
        hints.take("usdm", str(n), 0.0)
    assert len(hints._taken) == SYMBOLS_MAX
    assert not hints.take("usdm", str(2 * SYMBOLS_MAX - 1), 1.0)

"""When exchangeInfo is worth a look, with times as plain numbers."""

from __future__ import annotations

from itertools import pairwise

from gateway.layout import Market
from gateway.supervisor.looks import (
    HALT_SECONDS_MAX,
    HALTED_SECONDS,
    SILENT_SECONDS,
    SYMBOLS_MAX,
    Looks,
)

ALL = (Market.SPOT, Market.USDM)
NEW = (Market.USDM, "NEWUSDT")
HALTED = [(Market.SPOT, "BTCUSDT")]


def test_every_market_is_looked_at_once_in_an_interval() -> None:
    looks = Looks(600.0, 0.0)
    assert looks.due(ALL, [], 599.0) == set()
    assert looks.due(ALL, [], 600.0) == set(ALL)
    assert looks.due(ALL, [], 1199.0) == set()
    assert looks.due(ALL, [], 1200.0) == set(ALL)


def test_another_interval_counts_from_when_it_is_said() -> None:
    looks = Looks(600.0, 0.0)
    looks.every(100.0, 50.0)
    assert looks.due(ALL, [], 149.0) == set()
    assert looks.due(ALL, [], 150.0) == set(ALL)
    looks.every(100.0, 200.0)  # the same: nothing is put off
    assert looks.due(ALL, [], 250.0) == set(ALL)


def test_hint_is_worth_one_look_at_its_market_in_an_interval() -> None:
    looks = Looks(600.0, 0.0)
    assert looks.hint(NEW, 1.0)
    assert not looks.hint(NEW, 600.0)
    assert looks.due(ALL, [], 1.0) == {Market.USDM}
    assert looks.due(ALL, [], 1.0) == set()
    assert looks.hint((Market.USDM, "OTHER"), 2.0)
    assert looks.hint((Market.SPOT, "NEWUSDT"), 2.0)
    assert looks.due(ALL, [], 2.0) == set(ALL)
    assert looks.hint(NEW, 601.0)


def test_memory_of_hints_is_bounded() -> None:
    looks = Looks(600.0, 0.0)
    for n in range(2 * SYMBOLS_MAX):
        looks.hint((Market.USDM, str(n)), 0.0)
    assert len(looks._hints) == SYMBOLS_MAX
    assert not looks.hint((Market.USDM, str(2 * SYMBOLS_MAX - 1)), 1.0)


def test_market_of_a_halted_symbol_is_looked_at_often_until_it_resumes() -> None:
    looks = Looks(600.0, 0.0)
    assert looks.wait(0.0) == HALTED_SECONDS
    asked = [n for n in range(1, 300) if looks.due(ALL, HALTED, float(n)) == {Market.SPOT}]
    assert asked == [30, 60, 90, 120, 150, 180, 210, 240, 270]
    assert not any(looks.due(ALL, [], float(n)) for n in range(300, 600))


def test_hint_does_not_bring_the_look_at_a_halted_symbol_forward() -> None:
    looks = Looks(600.0, 0.0)
    assert looks.due(ALL, HALTED, 30.0) == {Market.SPOT}
    looks.hint(NEW, 31.0)
    assert looks.due(ALL, HALTED, 31.0) == {Market.USDM}
    assert looks.wait(31.0) == HALTED_SECONDS - 1


def test_silence_is_worth_a_look_at_once_and_then_one_in_half_a_minute() -> None:
    looks = Looks(600.0, 0.0)
    looks.fell_silent(Market.SPOT)
    assert looks.wait(1.0) == 0.0
    assert looks.due(ALL, [], 1.0) == {Market.SPOT}
    for n in range(1000):
        looks.fell_silent(Market.SPOT)
        assert looks.due(ALL, [], 2.0 + n / 1000) == set()
    assert looks.due(ALL, [], 30.5) == set()
    assert looks.wait(30.5) == 1.0 + SILENT_SECONDS - 30.5
    assert looks.due(ALL, [], 31.0) == {Market.SPOT}
    assert looks.due(ALL, [], 62.0) == set()


def test_streams_that_always_fall_silent_are_worth_ever_fewer_looks() -> None:
    looks, asked = Looks(600.0, 0.0), []
    for n in range(1, 3000):
        looks.fell_silent(Market.SPOT)
        if looks.due([], [], float(n)):
            asked.append(n)
    assert [b - a for a, b in pairwise(asked)] == [30, 60, 120, 240, 480, 600, 600, 600]
    looks.due([], [], 3900.0)
    looks.fell_silent(Market.SPOT)
    assert looks.due([], [], 6000.0) == {Market.SPOT}  # it was calm for long
    looks.fell_silent(Market.SPOT)
    assert looks.due([], [], 6000.0 + SILENT_SECONDS) == {Market.SPOT}


def test_symbol_that_never_resumes_is_no_reason_after_a_day() -> None:
    looks = Looks(1e9, 0.0)
    assert looks.due(ALL, HALTED, 30.0) == {Market.SPOT}
    assert looks.due(ALL, HALTED, 29.0 + HALT_SECONDS_MAX) == {Market.SPOT}
    assert looks.due(ALL, HALTED, 60.0 + HALT_SECONDS_MAX) == set()
    both = [*HALTED, (Market.USDM, "ETHUSDT")]
    assert looks.due(ALL, both, 90.0 + HALT_SECONDS_MAX) == {Market.USDM}


def test_interval_shorter_than_that_of_halts_counts() -> None:
    looks = Looks(5.0, 0.0)
    assert looks.wait(0.0) == 5.0
    assert looks.due(ALL, HALTED, 5.0) == set(ALL)

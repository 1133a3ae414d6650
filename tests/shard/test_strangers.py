"""Unknown symbols are told of once a minute."""

from __future__ import annotations

from gateway.shard.strangers import AGAIN_S, KEPT_MAX, Strangers


def test_a_symbol_is_told_once_a_minute() -> None:
    strangers = Strangers()
    told = [second for second in range(0, 200) if strangers.admit("usdm:NEWUSDT", float(second))]
    assert told == [0, 60, 120, 180]


def test_symbols_of_two_markets_are_two() -> None:
    strangers = Strangers()
    assert strangers.admit("usdm:NEWUSDT", 0.0)
    assert strangers.admit("spot:NEWUSDT", 0.0)


def test_a_flood_of_names_is_bounded_and_room_comes_back() -> None:
    strangers = Strangers()
    told = sum(strangers.admit(f"spot:S{number}", 1.0) for number in range(5 * KEPT_MAX))
    assert told == KEPT_MAX
    assert strangers.admit("spot:LATE", 1.0 + AGAIN_S)
